import { sql } from 'kysely'
import { keepInVault } from '#governance'
import { newId, type Span, type Trace } from '#kernel'
import type { Tx } from '#store'
import { lockDocument, recordIndexChange } from '../documents/rows.ts'
import type { Vectors } from './embedding.ts'
import type { EnrichedDocument } from './enriching.ts'
import type { FetchedContent } from './fetching.ts'
import type { Ingested, IngestHouse } from './house.ts'
import type { MaskedDocument } from './masking.ts'
import type { IngestAccess } from './permitting.ts'
import { maskedName, record } from './recording.ts'

export interface Prepared {
  access: IngestAccess
  content: FetchedContent
  masked: MaskedDocument
  enriched: EnrichedDocument
  vectors: Vectors | undefined
}

const rowsPerInsert = 500

/** Key of the object that holds a version's stored text with blocks, pages and boxes. */
export function parsedKeyOf(organizationId: string, versionId: string): string {
  return `${organizationId}/parsed/${versionId}.json`
}

/**
 * Makes the new version the one that is answered from: version, chunks, vectors, vault, the index's epoch, audit and
 * trace in one transaction. Before it commits the old version answers, after it the new one, in every process.
 */
export async function index(
  prepared: Prepared,
  house: IngestHouse,
  { trace, span }: { trace: Trace; span: Span },
): Promise<Ingested> {
  const { access, masked, enriched } = prepared
  const { item } = access
  const versionId = newId('ver')
  const parsedKey = parsedKeyOf(item.organizationId, versionId)
  await house.objects.put(parsedKey, Buffer.from(JSON.stringify(masked.document)))
  const name = await maskedName(enriched.title)
  item.signal.throwIfAborted()
  const done: Ingested = {
    organizationId: item.organizationId,
    documentId: item.documentId,
    outcome: 'indexed',
    versionId,
    pages: masked.document.pages?.length ?? 0,
    chunks: enriched.chunks.length,
    auditSeq: null,
  }
  return house.store.within(item.organizationId, async (tx) => {
    await addVersion(tx, prepared, { versionId, parsedKey })
    const epoch = await recordIndexChange(tx, access.base.name, {
      ids: [item.documentId],
      change: 'replaced',
    })
    await addChunks(tx, prepared, { versionId, epoch })
    const place = { organizationId: item.organizationId, documentVersionId: versionId }
    await keepInVault({ tx, sealer: house.sealer, place }, masked.replaced)
    trace.end(span)
    const event = auditEvent(prepared, versionId, trace)
    return record(tx, done, { event, trace, name })
  })
}

function auditEvent(prepared: Prepared, versionId: string, trace: Trace) {
  const { access, content, masked, enriched } = prepared
  return {
    kind: 'document.ingested' as const,
    actor: access.item.actor,
    target: { kind: 'document', id: access.item.documentId },
    traceId: trace.id,
    details: {
      version: versionId,
      content: content.digest,
      settings: content.settingsDigest,
      knowledgeBase: access.base.name,
      source: access.source.name,
      chunks: enriched.chunks.length,
      findings: masked.findings,
    },
  }
}

async function addVersion(
  tx: Tx,
  { access, content, masked, enriched }: Prepared,
  keys: { versionId: string; parsedKey: string },
): Promise<void> {
  const { documentId, changeMark } = access.item
  const { nextNumber } = await lockDocument(tx, documentId, access.document.versionId)
  await tx
    .insertInto('document_version')
    .values({
      id: keys.versionId,
      document_id: documentId,
      number: nextNumber,
      content_digest: content.digest,
      settings_digest: content.settingsDigest,
      media_type: masked.document.mediaType,
      parser: parserOf(masked),
      bytes: content.size,
      language: enriched.language,
      original_key: content.originalKey,
      parsed_key: keys.parsedKey,
      text_chars: masked.document.text.length,
      page_count: masked.document.pages?.length ?? null,
      chunk_count: enriched.chunks.length,
      warnings: JSON.stringify(masked.document.warnings.slice(0, 100)),
      findings: JSON.stringify(masked.findings),
      masked: access.base.spec.masking.mode === 'mask',
    })
    .execute()
  if (access.document.versionId) {
    await tx.deleteFrom('chunk').where('document_id', '=', documentId).execute()
  }
  await tx
    .updateTable('document')
    .set({
      version_id: keys.versionId,
      title: enriched.title,
      metadata: JSON.stringify(enriched.metadata),
      state: 'ready',
      error: null,
      change_mark: changeMark ?? null,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', documentId)
    .execute()
}

function parserOf(masked: MaskedDocument): string {
  return (masked.document as { parserId?: string }).parserId ?? masked.document.mediaType
}

async function addChunks(
  tx: Tx,
  { access, enriched, vectors }: Prepared,
  at: { versionId: string; epoch: number },
): Promise<void> {
  for (let i = 0; i < enriched.chunks.length; i += rowsPerInsert) {
    const slice = enriched.chunks.slice(i, i + rowsPerInsert)
    const rows = slice.map((chunk) => ({
      knowledge_base: access.base.name,
      document_id: access.item.documentId,
      document_version_id: at.versionId,
      ordinal: chunk.ordinal,
      start_offset: chunk.start,
      end_offset: chunk.end,
      page: chunk.page ?? null,
      page_end: chunk.pageEnd ?? null,
      kind: chunk.kind,
      heading_path: [...chunk.headingPath],
      context: chunk.context,
      text: chunk.text,
      search_text: chunk.searchText,
      tokens: chunk.tokens,
      epoch: at.epoch,
    }))
    const inserted = await tx
      .insertInto('chunk')
      .values(rows)
      .returning(['id', 'ordinal'])
      .execute()
    if (!vectors) continue
    const embeddings = inserted.map((row) => ({
      chunk_id: row.id,
      model: vectors.model,
      knowledge_base: access.base.name,
      epoch: at.epoch,
      vector: vectorBytes(vectors.vectors[row.ordinal]),
    }))
    await tx.insertInto('embedding').values(embeddings).execute()
  }
}

/** float32, little-endian. */
export function vectorBytes(vector: Float32Array | undefined): Uint8Array {
  if (!vector) throw new Error('A chunk has no vector.')
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength).slice()
}

/**
 * The inverse of `vectorBytes`; copies, since a row's bytes may lie at any offset. Not by `slice()`: drivers hand out
 * Buffers, whose `slice` is a view into a larger one.
 */
export function vectorOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer)
}
