import { newId, PlinthError, type Principal, type Secret } from '#kernel'
import type { Store, Tx } from '#store'
import { type Acting, beginAccessChange, nowOf, record, requireHeld } from './acting.ts'
import { type CredentialHasher, newToken } from './credentials.ts'

export interface Session {
  id: string
  userId: string
  userAgent: string
  createdAt: string
  expiresAt: string
}

/** A session just started. The token is shown to its browser once and stored nowhere. */
export interface StartedSession extends Session {
  token: Secret
}

const sessionHours = 7 * 24

/** Starts a session. For sign-in only: whoever calls has made sure who it is. */
export async function startSession(
  tx: Tx,
  session: { userId: string; userAgent?: string; hours?: number; how: 'password' | 'link' },
  { hasher, ...by }: Acting & { hasher: CredentialHasher },
): Promise<StartedSession> {
  const { userId, userAgent = '', hours = sessionHours, how } = session
  const now = nowOf(by)
  const id = newId('ses', now.getTime())
  const token = newToken('session')
  const expires = new Date(now.getTime() + hours * 3_600_000)
  const agent = userAgent.replaceAll('\0', '').toWellFormed().slice(0, 300)
  await tx
    .insertInto('session')
    .values({
      id,
      user_id: userId,
      token_hmac: hasher.hmac('session', token.reveal()),
      user_agent: agent,
      created_at: now,
      expires_at: expires,
    })
    .execute()
  await tx.updateTable('app_user').set({ last_seen_at: now }).where('id', '=', userId).execute()
  const target = { kind: 'session', id }
  await record(tx, by, { kind: 'session.started', target, details: { how, userId } })
  return {
    id,
    userId,
    userAgent: agent,
    createdAt: now.toISOString(),
    expiresAt: expires.toISOString(),
    token,
  }
}

/** Live sessions of a user, newest first. One's own, or with `people.read`. */
export async function listSessions(
  tx: Tx,
  userId: string,
  by: Pick<Acting, 'principal' | 'clock'>,
): Promise<Session[]> {
  if (by.principal.userId !== userId) requireHeld(by, 'people.read')
  const rows = await tx
    .selectFrom('session')
    .select(['id', 'user_id', 'user_agent', 'created_at', 'expires_at'])
    .where('user_id', '=', userId.replaceAll('\0', ''))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', nowOf(by))
    .orderBy('created_at', 'desc')
    .limit(200)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    userAgent: row.user_agent,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  }))
}

/** Ends a session at once. One's own, or with `people.write`. Throws NOT_FOUND, also for one that may not be seen. */
export async function revokeSession(tx: Tx, id: string, by: Acting): Promise<void> {
  await beginAccessChange(tx)
  const row = id.includes('\0')
    ? undefined
    : await tx
        .selectFrom('session')
        .select(['user_id', 'revoked_at'])
        .where('id', '=', id)
        .executeTakeFirst()
  if (!row || !mayEnd(by.principal, row.user_id)) {
    throw new PlinthError('NOT_FOUND', 'There is no such session.')
  }
  if (row.revoked_at !== null) return
  await tx
    .updateTable('session')
    .set({ revoked_at: nowOf(by) })
    .where('id', '=', id)
    .execute()
  await record(tx, by, {
    kind: 'session.ended',
    target: { kind: 'session', id },
    details: { userId: row.user_id },
  })
}

/**
 * Deletes sessions and links that ended before a time; the audit log keeps what happened. For the server's
 * housekeeping, across organizations. Returns how many rows went.
 */
export async function purgeCredentials(store: Store, endedBefore: Date): Promise<number> {
  return store.system(async (tx) => {
    const sessions = await tx
      .deleteFrom('session')
      .where((eb) =>
        eb.or([eb('expires_at', '<', endedBefore), eb('revoked_at', '<', endedBefore)]),
      )
      .returning('id')
      .execute()
    const links = await tx
      .deleteFrom('sign_in_link')
      .where((eb) => eb.or([eb('expires_at', '<', endedBefore), eb('used_at', '<', endedBefore)]))
      .returning('id')
      .execute()
    return sessions.length + links.length
  })
}

function mayEnd(principal: Principal, userId: string): boolean {
  return principal.userId === userId || principal.permissions.has('people.write')
}
