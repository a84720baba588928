import { appendAudit, detect, mask, PlaceholderScope } from '#governance'
import { limits, type PlinthError, type Trace } from '#kernel'
import { toStoredError } from '#store'
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
  const auditSeq = await house.store.within(item.organizationId, async (tx) => {
    await failDocument(tx, item.documentId, { error, changeMark: item.changeMark ?? null })
    const { seq } = await appendAudit(tx, {
      kind: 'document.failed',
      actor: item.actor,
      target: { kind: 'document', id: item.documentId },
      outcome: 'failed',
      traceId: trace.id,
      details: { code: failure.code },
    })
    return seq
  })
  const done = { ...result(item, { outcome: 'failed', versionId: null }), auditSeq }
  await recordTrace(done, trace, house)
  return done
}

/** Stores the span tree of a document. A lost trace must not undo the work: failure is left to the next write. */
export async function recordTrace(done: Ingested, trace: Trace, house: IngestHouse): Promise<void> {
  const spans = trace.spans.slice(0, limits.spansPerTrace)
  await house.store.within(done.organizationId, async (tx) => {
    const document = await tx
      .selectFrom('document')
      .select('title')
      .where('id', '=', done.documentId)
      .executeTakeFirst()
    await tx
      .insertInto('trace')
      .values({
        id: trace.id,
        kind: 'ingest',
        name: await maskedName(document?.title ?? done.documentId),
        principal_id: 'system',
        document_id: done.documentId,
        outcome: done.outcome,
        audit_seq: done.auditSeq,
        started_at: trace.startedAt,
        duration_ms: trace.elapsedMs(),
        spans: JSON.stringify(spans),
        detail: JSON.stringify({ pages: done.pages, chunks: done.chunks, version: done.versionId }),
      })
      .execute()
  })
}

/** A trace is masked before it is stored, whatever the base does: a document may go by the name of its file. */
async function maskedName(title: string): Promise<string> {
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
