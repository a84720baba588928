import { sql } from 'kysely'
import type { Check, DoctorDeps } from '../check.ts'
import { Findings } from '../findings.ts'

/** Messages of a conversation are numbered 0, 1, 2 … and question and answer take turns. */
export async function checkConversations(
  deps: DoctorDeps,
  organizationId: string,
): Promise<Check[]> {
  const damage = new Findings('conversations', 'Restore the database from a backup.')
  const { broken, total } = await deps.store.read(organizationId, async (db) => {
    const broken = await db
      .selectFrom('message')
      .select(['conversation_id', (eb) => eb.fn.countAll<number>().as('n')])
      .select((eb) => eb.fn.max('ordinal').as('last'))
      .groupBy('conversation_id')
      .having((eb) =>
        eb.or([
          eb(eb.fn.min('ordinal'), '!=', 0),
          eb(eb.fn.max('ordinal'), '!=', sql<number>`count(*) - 1`),
          eb(sql<number>`count(*) filter (where (role = 'user') <> (ordinal % 2 = 0))`, '>', 0),
        ]),
      )
      .limit(1_000)
      .execute()
    const all = await db
      .selectFrom('conversation')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
    return { broken, total: Number(all.n) }
  })
  damage.looked = total
  for (const { conversation_id, n, last } of broken) {
    damage.add(`${conversation_id} has ${n} messages, the last numbered ${last}, or out of turn`)
  }
  return [damage.check('conversations without gaps')]
}
