import type { Tx } from './store.ts'

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

/** Counts what an index of a base must hold: one statement, so that the epoch belongs to the counts. */
export async function countIndexedRows(
  tx: Tx,
  { base, model }: { base: string; model: string | undefined },
): Promise<IndexedRows> {
  const row = await tx
    .selectNoFrom((eb) => [
      eb
        .selectFrom('knowledge_epoch')
        .select('epoch')
        .where('knowledge_base', '=', base)
        .as('epoch'),
      eb
        .selectFrom('chunk as c')
        .innerJoin('document as d', 'd.id', 'c.document_id')
        .select((of) => of.fn.countAll<number>().as('n'))
        .where('c.knowledge_base', '=', base)
        .where('d.deleted_at', 'is', null)
        .as('chunks'),
      eb
        .selectFrom('embedding as e')
        .innerJoin('chunk as c', 'c.id', 'e.chunk_id')
        .innerJoin('document as d', 'd.id', 'c.document_id')
        .select((of) => of.fn.countAll<number>().as('n'))
        .where('e.model', '=', model ?? '')
        .where('c.knowledge_base', '=', base)
        .where('d.deleted_at', 'is', null)
        .as('vectors'),
    ])
    .executeTakeFirstOrThrow()
  const { epoch, chunks, vectors } = row
  return { epoch: Number(epoch ?? 0), chunks: Number(chunks), vectors: Number(vectors) }
}
