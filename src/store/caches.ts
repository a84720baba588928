import { moveEpoch } from './epochs.ts'
import { lockResources } from './resources/rows.ts'
import type { Tx } from './store.ts'

/**
 * Makes every server forget what it keeps of answers of this organization. Done, and in force everywhere, once the
 * transaction is reported as committed. Returns the number of the generation that begins.
 */
export async function forgetCaches(tx: Tx): Promise<number> {
  await lockResources(tx)
  moveEpoch(tx)
  const row = await tx
    .updateTable('resource_epoch')
    .set((eb) => ({ caches: eb('caches', '+', 1) }))
    .returning('caches')
    .executeTakeFirstOrThrow()
  return row.caches
}
