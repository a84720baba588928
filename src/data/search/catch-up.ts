import type { Store, Tx } from '#store'
import { vectorOf } from '../ingest/indexing.ts'
import type { IndexedBase } from './indexed-base.ts'
import type { IndexDelta, IndexedChunk } from './types.ts'

/** Rows read and handed to the index at a time. */
const page = 2_000

/**
 * What an index that has read up to `from` lacks up to `to`: first what it must forget, then new chunks, moved
 * documents and vectors that were filled in later. Rows beyond `to` are left for the next time; reading some twice
 * does no harm. Every delta but the last keeps the old epoch, so that a broken-off load is read again.
 */
export async function* missingSince(
  store: Store,
  base: IndexedBase,
  range: { from: number; to: number },
): AsyncGenerator<IndexDelta> {
  const { from } = range
  if (from > 0) yield* changedDocuments(store, base, range)
  for (let after = 0; ; ) {
    const rows = await store.read(base.organizationId, (tx) =>
      chunkPage(tx, base, { ...range, after }),
    )
    if (rows.length > 0) yield { epoch: from, add: rows.map((row) => toIndexed(row, base)) }
    if (rows.length < page) break
    after = rows.at(-1)?.id ?? after
  }
  if (from > 0 && base.model) yield* lateVectors(store, base, range)
  yield { epoch: range.to }
}

async function* changedDocuments(
  store: Store,
  base: IndexedBase,
  { from, to }: { from: number; to: number },
): AsyncGenerator<IndexDelta> {
  for (let after = ''; ; ) {
    const rows = await store.read(base.organizationId, (tx) =>
      tx
        .selectFrom('index_change as c')
        .innerJoin('document as d', 'd.id', 'c.document_id')
        .select(['c.document_id as id', 'd.permission_set_id', 'd.metadata'])
        .select((eb) =>
          eb.fn<boolean>('bool_or', [eb('c.change', 'in', ['removed', 'replaced'])]).as('gone'),
        )
        .where('c.knowledge_base', '=', base.knowledgeBase)
        .where('c.epoch', '>', from)
        .where('c.epoch', '<=', to)
        .where('c.document_id', '>', after)
        .groupBy(['c.document_id', 'd.permission_set_id', 'd.metadata'])
        .orderBy('c.document_id')
        .limit(page)
        .execute(),
    )
    const gone = rows.filter((row) => row.gone).map((row) => row.id)
    const moved = rows
      .filter((row) => !row.gone)
      .map((row) => ({
        documentKey: row.id,
        permissionSet: row.permission_set_id,
        metadata: base.metadata(row.metadata),
      }))
    if (rows.length > 0) yield { epoch: from, removeDocuments: gone, documents: moved }
    if (rows.length < page) return
    after = rows.at(-1)?.id ?? after
  }
}

function chunkPage(
  tx: Tx,
  base: IndexedBase,
  { from, to, after }: { from: number; to: number; after: number },
) {
  return tx
    .selectFrom('chunk as c')
    .innerJoin('document as d', 'd.id', 'c.document_id')
    .leftJoin('embedding as e', (join) =>
      join.onRef('e.chunk_id', '=', 'c.id').on('e.model', '=', base.model ?? ''),
    )
    .select([
      'c.id',
      'c.document_id',
      'c.search_text',
      'd.permission_set_id',
      'd.metadata',
      'e.vector',
    ])
    .where('c.knowledge_base', '=', base.knowledgeBase)
    .where('c.epoch', '>', from)
    .where('c.epoch', '<=', to)
    .where('c.id', '>', after)
    .where('d.deleted_at', 'is', null)
    .orderBy('c.id')
    .limit(page)
    .execute()
}

type ChunkRow = Awaited<ReturnType<typeof chunkPage>>[number]

function toIndexed(row: ChunkRow, base: IndexedBase): IndexedChunk {
  return {
    chunkId: row.id,
    documentKey: row.document_id,
    permissionSet: row.permission_set_id,
    searchText: row.search_text,
    metadata: base.metadata(row.metadata),
    ...(row.vector ? { vector: vectorOf(row.vector) } : {}),
  }
}

/** Vectors that came after their chunk: a model that was added later is filled in behind. */
async function* lateVectors(
  store: Store,
  base: IndexedBase,
  { from, to }: { from: number; to: number },
): AsyncGenerator<IndexDelta> {
  for (let after = 0; ; ) {
    const rows = await store.read(base.organizationId, (tx) =>
      tx
        .selectFrom('embedding as e')
        .innerJoin('chunk as c', 'c.id', 'e.chunk_id')
        .select(['e.chunk_id', 'e.vector'])
        .where('e.knowledge_base', '=', base.knowledgeBase)
        .where('e.model', '=', base.model ?? '')
        .where('e.epoch', '>', from)
        .where('e.epoch', '<=', to)
        .whereRef('e.epoch', '>', 'c.epoch')
        .where('e.chunk_id', '>', after)
        .orderBy('e.chunk_id')
        .limit(page)
        .execute(),
    )
    const vectors = rows.map((row) => ({ chunkId: row.chunk_id, vector: vectorOf(row.vector) }))
    if (vectors.length > 0) yield { epoch: from, vectors }
    if (rows.length < page) return
    after = rows.at(-1)?.chunk_id ?? after
  }
}
