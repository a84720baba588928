import { sql } from 'kysely'
import type { Constraint } from '#governance'
import type { Resource } from '#kernel'
import type { Tx } from '#store'

/** Documents that are being read for the first time, so that nobody can be answered from them yet. */
export interface Reading {
  /** Of those that the asker may read: how many have been read, and how many there are as far as is known. */
  done: number
  total: number
  /** A source is still to be listed: there may be more. */
  listing: boolean
}

/**
 * What is still being read of these sources, counted over the documents that the constraint permits; undefined where
 * nothing is. A document that is read again answers from its last version meanwhile, and does not count.
 */
export async function readingOf(
  tx: Tx,
  sources: readonly Resource<'Source'>[],
  constraint: Constraint | 'all',
): Promise<Reading | undefined> {
  const names = sources.map(({ name }) => name)
  if (names.length === 0) return undefined
  const listing = await isListing(tx, names)
  const { done, total } = await countRead(tx, names, constraint)
  return listing || done < total ? { done, total, listing } : undefined
}

/** Whether a scan under way has found nothing of its source yet. */
async function isListing(tx: Tx, names: readonly string[]): Promise<boolean> {
  const row = await tx
    .selectFrom('job')
    .select('job.id')
    .where('kind', '=', 'source-sync')
    .where(sql<boolean>`state in ('queued', 'running')`)
    .where(sql<string>`input->>'source'`, 'in', [...names])
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('document')
            .select('document.id')
            .where('document.source', '=', sql<string>`job.input->>'source'`)
            .where('deleted_at', 'is', null),
        ),
      ),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

async function countRead(tx: Tx, names: readonly string[], constraint: Constraint | 'all') {
  if (constraint !== 'all' && constraint.permissionSetIds.length === 0) return { done: 0, total: 0 }
  let query = tx
    .selectFrom('document')
    .select((eb) => [
      eb.fn.countAll<number>().as('total'),
      eb.fn.countAll<number>().filterWhere('state', '!=', 'pending').as('done'),
    ])
    .where('source', 'in', [...names])
    .where('deleted_at', 'is', null)
  if (constraint !== 'all') {
    query = query.where('permission_set_id', 'in', [...constraint.permissionSetIds])
  }
  const { done, total } = await query.executeTakeFirstOrThrow()
  return { done: Number(done), total: Number(total) }
}
