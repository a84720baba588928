import { sql } from 'kysely'
import type { Tx } from '#store'

/**
 * Takes the knowledge base's next epoch and holds its row until the transaction ends: epochs become visible in
 * order, so that an index that has read up to one has missed nothing below it. Take it late in a transaction.
 */
export async function nextEpoch(tx: Tx, knowledgeBase: string): Promise<number> {
  const row = await tx
    .insertInto('knowledge_epoch')
    .values({ knowledge_base: knowledgeBase, epoch: 1 })
    .onConflict((oc) =>
      oc
        .columns(['organization_id', 'knowledge_base'])
        .doUpdateSet({ epoch: sql<number>`knowledge_epoch.epoch + 1` }),
    )
    .returning('epoch')
    .executeTakeFirstOrThrow()
  return row.epoch
}

/** The epochs of some knowledge bases, in one statement; a base that never held a document is absent. */
export async function readEpochs(
  tx: Tx,
  knowledgeBases: readonly string[],
): Promise<Map<string, number>> {
  const rows = await tx
    .selectFrom('knowledge_epoch')
    .select(['knowledge_base', 'epoch'])
    .where('knowledge_base', 'in', [...knowledgeBases])
    .execute()
  return new Map(rows.map((row) => [row.knowledge_base, row.epoch]))
}
