import { type AuditEventInput, appendAudit, detect, mask, PlaceholderScope } from '#governance'
import { limits, type PlinthError, type Trace } from '#kernel'
import { type Tx, toStoredError } from '#store'
import { failDocument } from '../documents/rows.ts'
import type { UnchangedContent } from './fetching.ts'
import type { Ingested, IngestHouse, IngestItem } from './house.ts'

/** The content is what it was: only the change mark moves, so that the next scan need not read it. */
export async function recordUnchanged(
  item: IngestItem,
  content: UnchangedContent,
  house: IngestHouse,
): Promise<Ingested> {
  await house.store.within(item.organizationId, (tx) =>
    tx
      .updateTable('document')
      .set({ change_mark: item.changeMark ?? null, state: 'ready', error: null })
      .where('id', '=', item.documentId)
      .execute(),
  )
  return result(item, { outcome: 'unchanged', versionId: content.versionId })
}

/** Keeps why a document could not be read, with its trace and an audit event, and goes on. */
export async function recordFailure(
  item: IngestItem,
  failure: PlinthError,
  { trace, house }: { trace: Trace; house: IngestHouse },
): Promise<Ingested> {
  const error = toStoredError(failure)
  const event: AuditEventInput = {
    kind: 'document.failed',
    actor: item.actor,
    target: { kind: 'document', id: item.documentId },
    outcome: 'failed',
    traceId: trace.id,
    details: { code: failure.code },
  }
  return house.store.within(item.organizationId, async (tx) => {
    await failDocument(tx, item.documentId, { error, changeMark: item.changeMark ?? null })
    const document = await tx
      .selectFrom('document')
      .select('title')
      .where('id', '=', item.documentId)
      .executeTakeFirst()
    const name = await maskedName(document?.title ?? item.documentId)
    return record(tx, result(item, { outcome: 'failed', versionId: null }), { event, trace, name })
  })
}

/**
 * Step "record": the audit event and the span tree of a document, in the transaction of what became of it. None of them
 * is ever there without the others.
 */
export async function record(
  tx: Tx,
  outcome: Ingested,
  { event, trace, name }: { event: AuditEventInput; trace: Trace; name: string },
): Promise<Ingested> {
  const span = trace.start('record')
  const { seq } = await appendAudit(tx, event)
  trace.end(span, { chunks: outcome.chunks })
  const done = { ...outcome, auditSeq: seq }
  await tx
    .insertInto('trace')
    .values({
      id: trace.id,
      kind: 'ingest',
      name,
      principal_id: 'system',
      document_id: done.documentId,
      outcome: done.outcome,
      audit_seq: seq,
      started_at: trace.startedAt,
      duration_ms: trace.elapsedMs(),
      spans: JSON.stringify(trace.spans.slice(0, limits.spansPerTrace)),
      detail: JSON.stringify({ pages: done.pages, chunks: done.chunks, version: done.versionId }),
    })
    .execute()
  return done
}

/** A trace is masked before it is stored, whatever the base does: a document may go by the name of its file. */
export async function maskedName(title: string): Promise<string> {
  const { mint } = new PlaceholderScope()
  return mask(title, await detect(title), mint, { existing: 'keep' }).text
}

function result(item: IngestItem, end: Pick<Ingested, 'outcome' | 'versionId'>): Ingested {
  return {
    organizationId: item.organizationId,
    documentId: item.documentId,
    pages: 0,
    chunks: 0,
    auditSeq: null,
    ...end,
  }
}
