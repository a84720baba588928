import type { Tx } from '#store'

/** Ends every session of a user and spends every open link. Call under the lock of `beginAccessChange`. */
export async function endSessions(
  tx: Tx,
  { userId, now, except }: { userId: string; now: Date; except?: string },
): Promise<void> {
  let sessions = tx
    .updateTable('session')
    .set({ revoked_at: now })
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
  if (except) sessions = sessions.where('id', '!=', except)
  await sessions.execute()
  await tx
    .updateTable('sign_in_link')
    .set({ used_at: now })
    .where('user_id', '=', userId)
    .where('used_at', 'is', null)
    .execute()
}
