import { sql } from 'kysely'
import type { AuditActor } from '#governance'
import { limits, PlinthError } from '#kernel'
import type { Tx } from '#store'

/** So long after its last byte an upload keeps the room that was made for it. */
export const reservedMinutes = 60

/**
 * Makes room for what is about to come, before a byte of it is taken: stored originals, uploads under way and this one
 * must fit into the quota (bytes; 0: no limit). The row of the organization is locked until the transaction ends, so
 * that many at once, on any server, cannot pass together. Throws TOO_LARGE over the quota, TOO_MANY_REQUESTS with too
 * many uploads of one's own.
 */
export async function requireRoom(
  tx: Tx,
  wanted: { bytes: number; quota: number; by: AuditActor },
): Promise<void> {
  const stored = await lockUse(tx)
  const open = await tx
    .selectFrom('upload')
    .select([
      sql<string>`coalesce(sum(size), 0)`.as('bytes'),
      sql<number>`count(*) filter (where created_by = ${wanted.by.id})::int`.as('own'),
    ])
    .where('state', '=', 'receiving')
    .where('updated_at', '>', sql<Date>`now() - make_interval(mins => ${reservedMinutes})`)
    .executeTakeFirstOrThrow()
  if (open.own >= limits.openUploadsPerPerson) {
    throw new PlinthError('TOO_MANY_REQUESTS', {
      detail: `You have ${open.own} uploads under way; the limit is ${limits.openUploadsPerPerson} (openUploadsPerPerson).`,
      remedy:
        'Send those to their end first, or wait: after an hour without a byte one counts no more.',
    })
  }
  requireWithin(wanted.quota, { stored, open: Number(open.bytes), bytes: wanted.bytes })
}

/**
 * Says that these bytes are about to be kept or named, before they are: until a day after, they are not removed as
 * something that nothing refers to. Commit it before looking whether the object is there. Counts nothing.
 */
export async function claimOriginal(tx: Tx, digest: string): Promise<void> {
  await tx
    .insertInto('received_original')
    .values({ digest, bytes: 0 })
    .onConflict((oc) =>
      oc.columns(['organization_id', 'digest']).doUpdateSet({ created_at: sql<Date>`now()` }),
    )
    .execute()
}

/**
 * Claims and counts an original that comes whole, once for the same bytes. Where nothing was reserved for it (texts), the
 * caller asks for room first, in the same transaction.
 */
export async function countOriginal(
  tx: Tx,
  original: { digest: string; bytes: number },
): Promise<void> {
  await lockUse(tx)
  await claimOriginal(tx, original.digest)
  const counted = await tx
    .updateTable('received_original')
    .set({ bytes: original.bytes })
    .where('digest', '=', original.digest)
    .where('bytes', '=', 0)
    .returning('digest')
    .executeTakeFirst()
  if (!counted) return
  await tx
    .updateTable('upload_use')
    .set({ stored: sql<number>`stored + ${original.bytes}` })
    .execute()
}

/** Whether the same bytes came before: they take no room again. */
export async function hasOriginal(tx: Tx, digest: string): Promise<boolean> {
  const row = await tx
    .selectFrom('received_original')
    .select('digest')
    .where('digest', '=', digest)
    .where('bytes', '>', 0)
    .executeTakeFirst()
  return row !== undefined
}

/** Locks, until the transaction ends, those of these originals that nobody claimed since a time. */
export async function lockUnclaimed(
  tx: Tx,
  digests: readonly string[],
  before: Date,
): Promise<{ digest: string; bytes: number }[]> {
  await lockUse(tx)
  const rows = await tx
    .selectFrom('received_original')
    .select(['digest', 'bytes'])
    .where('digest', 'in', [...digests])
    .where('created_at', '<', before)
    .orderBy('digest')
    .forUpdate()
    .execute()
  return rows.map(({ digest, bytes }) => ({ digest, bytes: Number(bytes) }))
}

/** Gives the room of an original back whose object is gone. */
export async function forgetOriginal(
  tx: Tx,
  original: { digest: string; bytes: number; key: string },
): Promise<void> {
  await tx.deleteFrom('received_original').where('digest', '=', original.digest).execute()
  await tx
    .updateTable('upload_use')
    .set({ stored: sql<number>`greatest(stored - ${original.bytes}, 0)` })
    .execute()
  await tx
    .updateTable('upload')
    .set({ object_key: '' })
    .where('object_key', '=', original.key)
    .execute()
}

async function lockUse(tx: Tx): Promise<number> {
  await tx
    .insertInto('upload_use')
    .values({ stored: 0 })
    .onConflict((oc) => oc.doNothing())
    .execute()
  const row = await tx.selectFrom('upload_use').select('stored').forUpdate().executeTakeFirst()
  return Number(row?.stored ?? 0)
}

function requireWithin(
  quota: number,
  { stored, open, bytes }: { stored: number; open: number; bytes: number },
): void {
  if (quota === 0 || stored + open + bytes <= quota) return
  const mib = (n: number) => `${(n / 1024 / 1024).toFixed(1)} MiB`
  throw new PlinthError('TOO_LARGE', {
    detail: `There is no room for ${mib(bytes)}: ${mib(stored)} are stored and ${mib(open)} under way, of ${mib(quota)} (PLINTH_UPLOAD_QUOTA_MB).`,
    remedy:
      'Wait for the uploads under way, or ask whoever runs this server to raise PLINTH_UPLOAD_QUOTA_MB.',
  })
}
