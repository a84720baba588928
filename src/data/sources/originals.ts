import { sql } from 'kysely'
import type { ObjectStore } from '#ports'
import type { Store, Tx } from '#store'
import { originalKeyOf } from '../ingest/fetching.ts'
import { forgetOriginal, lockUnclaimed } from './quota.ts'

/** Most originals that one call removes; the next one goes on. */
const mostAtOnce = 5_000
const perTransaction = 100

interface Unreferred {
  organization_id: string
  digest: string
}

/**
 * Removes originals that came before a time and that nothing names: no version of a document that is there, or was until
 * that time, and no document that is still to be read. Object, row and quota go while the row is locked: whoever sends or
 * fetches the same bytes claims that row first, waits, and stores them again. Killed at any point, the row is still
 * there, and the next call finds it. Returns how many went.
 */
export async function purgeOriginals(
  store: Store,
  { objects, before }: { objects: ObjectStore; before: Date },
): Promise<number> {
  const found = await store.system((tx) => unreferred(tx, before))
  const byOrganization = Map.groupBy(found, (row) => row.organization_id)
  let removed = 0
  for (const [organizationId, rows] of byOrganization) {
    for (let i = 0; i < rows.length; i += perTransaction) {
      const digests = rows.slice(i, i + perTransaction).map(({ digest }) => digest)
      removed += await store.within(organizationId, (tx) =>
        removeThose(tx, digests, { organizationId, objects, before }),
      )
    }
  }
  return removed
}

function unreferred(tx: Tx, before: Date): Promise<Unreferred[]> {
  const key = sql<string>`o.organization_id || '/originals/' || substr(o.digest, 8)`
  return tx
    .selectFrom('received_original as o')
    .select(['o.organization_id', 'o.digest'])
    .where('o.created_at', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('document_version as v')
            .innerJoin('document as d', 'd.id', 'v.document_id')
            .select('v.id')
            .whereRef('v.organization_id', '=', 'o.organization_id')
            .where('v.original_key', '=', key)
            .where((eb) =>
              eb.or([eb('d.deleted_at', 'is', null), eb('d.deleted_at', '>=', before)]),
            ),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('document as d')
            .select('d.id')
            .whereRef('d.organization_id', '=', 'o.organization_id')
            .where('d.location', '=', key)
            .where((eb) =>
              eb.or([eb('d.deleted_at', 'is', null), eb('d.deleted_at', '>=', before)]),
            ),
        ),
      ),
    )
    .orderBy('o.organization_id')
    .orderBy('o.digest')
    .limit(mostAtOnce)
    .execute() as Promise<Unreferred[]>
}

async function removeThose(
  tx: Tx,
  digests: readonly string[],
  at: { organizationId: string; objects: ObjectStore; before: Date },
): Promise<number> {
  const claimed = await lockUnclaimed(tx, digests, at.before)
  const keyOf = ({ digest }: { digest: string }) => originalKeyOf(at.organizationId, digest)
  const referred = await referredKeys(tx, claimed.map(keyOf), at.before)
  let removed = 0
  for (const row of claimed) {
    const key = keyOf(row)
    if (referred.has(key)) continue
    await at.objects.delete(key)
    await forgetOriginal(tx, { ...row, key })
    removed++
  }
  return removed
}

async function referredKeys(tx: Tx, keys: readonly string[], before: Date): Promise<Set<string>> {
  if (keys.length === 0) return new Set()
  const versions = await tx
    .selectFrom('document_version as v')
    .innerJoin('document as d', 'd.id', 'v.document_id')
    .select('v.original_key as key')
    .where('v.original_key', 'in', [...keys])
    .where((eb) => eb.or([eb('d.deleted_at', 'is', null), eb('d.deleted_at', '>=', before)]))
    .execute()
  const unread = await tx
    .selectFrom('document as d')
    .select('d.location as key')
    .where('d.location', 'in', [...keys])
    .where((eb) => eb.or([eb('d.deleted_at', 'is', null), eb('d.deleted_at', '>=', before)]))
    .execute()
  return new Set([...versions, ...unread].map(({ key }) => key))
}
