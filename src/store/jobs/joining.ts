import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../store.ts'
import { addOrJoin, holdLease, type Lease, type NewJob } from './jobs.ts'

/** How often a job was joined since it was asked for. */
const joins: RawBuilder<number> = sql`coalesce((job.input->>'joins')::integer, 0)`

/**
 * Adds a job, or joins the live one of this key and lets it know: it may have passed already what this request is
 * about. A job that has closed itself to joins is left alone, and a new one is added.
 */
export function enqueueOrJoin(
  tx: Tx,
  job: NewJob & { dedupeKey: string },
): Promise<{ id: string; created: boolean }> {
  return addOrJoin(tx, job, { input: sql`job.input || jsonb_build_object('joins', ${joins} + 1)` })
}

/** How often a job has been joined so far; read before it looks at what a request may be about. */
export async function countJoins(tx: Tx, id: string): Promise<number> {
  const row = await tx
    .selectFrom('job')
    .select(joins.as('joins'))
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.joins ?? 0
}

/**
 * Closes a running job to further joins, unless somebody joined after `seen` was read; without `seen`, in any case: then
 * one more look is owed to those who joined before. The job's row lock orders this and a join: whichever comes second
 * sees the first.
 */
export async function closeToJoins(tx: Tx, lease: Lease, seen?: number): Promise<boolean> {
  await holdLease(tx, lease)
  const closed = await tx
    .updateTable('job')
    .set({ dedupe_key: null })
    .where('id', '=', lease.job.id)
    .$if(seen !== undefined, (query) => query.where(joins, '=', seen ?? 0))
    .returning('id')
    .executeTakeFirst()
  return closed !== undefined
}
