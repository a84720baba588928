import { sql } from 'kysely'
import type { Store, Tx } from './store.ts'

/** Where the parts of an organization's search indexes lie in the object store: copies of what the rows say. */
export function segmentsPrefix(organizationId: string): string {
  return `${organizationId}/segments/`
}

/** Whether an object is a part of a search index. */
export function isSegmentKey(key: string): boolean {
  return /^[^/]+\/segments\//.test(key)
}

/** What an index of a base must hold at an epoch, by its rows. */
export interface IndexedRows {
  epoch: number
  chunks: number
  /** Of the index's model; 0 for a lexical one. */
  vectors: number
}

/** A base's index: where it is, and the stored name of its vectors' model. */
export interface IndexPlace {
  organizationId: string
  base: string
  model: string | undefined
}

/** Chunks counted in one statement: about 50 ms, so that whoever asks a question meanwhile waits no longer for it. */
const page = 20_000

/**
 * Counts what an index of a base must hold, page by page; `expected` or the epoch of the first page holds for all of
 * them. `moved`: the base is at another epoch, or went on to one meanwhile.
 */
export async function countIndexedRows(
  store: Store,
  place: IndexPlace,
  options: { expected?: number; page?: number; signal?: AbortSignal } = {},
): Promise<IndexedRows | 'moved'> {
  const counted = { chunks: 0, vectors: 0 }
  let { expected } = options
  const size = options.page ?? page
  for (let after: Place = { epoch: -1, id: 0 }; ; ) {
    options.signal?.throwIfAborted()
    const now = await store.read(place.organizationId, (tx) =>
      countPage(tx, place, { after, size }),
    )
    expected ??= now.epoch
    if (now.epoch !== expected) return 'moved'
    counted.chunks += now.chunks
    counted.vectors += now.vectors
    if (!now.last) return { epoch: expected, ...counted }
    after = now.last
  }
}

interface Place {
  epoch: number
  id: number
}

/** One page in the order of the index on `chunk`, with the base's epoch of the same moment. */
async function countPage(
  tx: Tx,
  { base, model }: IndexPlace,
  { after, size }: { after: Place; size: number },
): Promise<IndexedRows & { last: Place | undefined }> {
  const row = await tx
    .with('part', (db) =>
      db
        .selectFrom('chunk')
        .select(['id', 'epoch', 'document_id'])
        .where('knowledge_base', '=', base)
        .where(
          sql<boolean>`(chunk.epoch, chunk.id) > (${after.epoch}::bigint, ${after.id}::bigint)`,
        )
        .orderBy('epoch')
        .orderBy('id')
        .limit(size),
    )
    .with('live', (db) =>
      db
        .selectFrom('part')
        .innerJoin('document as d', 'd.id', 'part.document_id')
        .leftJoin('embedding as e', (join) =>
          join.onRef('e.chunk_id', '=', 'part.id').on('e.model', '=', model ?? ''),
        )
        .select((eb) => [
          eb.fn.countAll<number>().as('chunks'),
          eb.fn.count<number>('e.chunk_id').as('vectors'),
        ])
        .where('d.deleted_at', 'is', null),
    )
    .with('last', (db) =>
      db
        .selectFrom('part')
        .select(['part.epoch', 'part.id'])
        .orderBy('part.epoch', 'desc')
        .orderBy('part.id', 'desc')
        .limit(1),
    )
    .selectFrom('live')
    .leftJoin('last', (join) => join.onTrue())
    .select(['live.chunks', 'live.vectors', 'last.epoch', 'last.id'])
    .select((eb) =>
      eb.selectFrom('knowledge_epoch').select('epoch').where('knowledge_base', '=', base).as('now'),
    )
    .executeTakeFirstOrThrow()
  const last = row.id === null ? undefined : { epoch: Number(row.epoch), id: Number(row.id) }
  const { chunks, vectors, now } = row
  return { epoch: Number(now ?? 0), chunks: Number(chunks), vectors: Number(vectors), last }
}
