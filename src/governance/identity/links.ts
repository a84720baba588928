import { newId, PlinthError, type Secret } from '#kernel'
import type { Store, Tx } from '#store'
import { type Acting, nowOf, record, requireHeld } from './acting.ts'
import { type CredentialHasher, isToken, newToken } from './credentials.ts'
import { requireCovers, userRights } from './rights.ts'
import { type StartedSession, startSession } from './sessions.ts'
import { asUser, type SignedIn, type SignInParts } from './sign-in.ts'
import { userRow } from './users.ts'

/** A link just made: its token is shown once and stored nowhere. */
export interface SignInLink {
  id: string
  userId: string
  token: Secret
  expiresAt: string
}

const linkMinutes = 15

/**
 * Makes a link that signs a user in once. Needs `people.write` and at least the user's rights: whoever holds the
 * link can become that user.
 * @param minutes until it expires, 1 to 10,080 (an invitation); default 15.
 */
export async function createSignInLink(
  tx: Tx,
  { userId, minutes = linkMinutes }: { userId: string; minutes?: number },
  { hasher, ...by }: Acting & { hasher: CredentialHasher },
): Promise<SignInLink> {
  requireHeld(by, 'people.write')
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 10_080) {
    throw new PlinthError('INVALID_INPUT', 'A link holds for 1 to 10,080 minutes.')
  }
  const user = await userRow(tx, userId)
  requireCovers(by.principal, await userRights(tx, userId), `User ${userId}`)
  if (user.disabled_at !== null) {
    throw new PlinthError('CONFLICT', {
      detail: `User ${userId} is disabled.`,
      remedy: 'Enable the user first.',
    })
  }
  const now = nowOf(by)
  const id = newId('lnk', now.getTime())
  const token = newToken('sign-in-link')
  const expires = new Date(now.getTime() + minutes * 60_000)
  await tx
    .insertInto('sign_in_link')
    .values({
      id,
      user_id: userId,
      token_hmac: hasher.hmac('sign-in-link', token.reveal()),
      created_at: now,
      expires_at: expires,
    })
    .execute()
  const target = { kind: 'user', id: userId }
  await record(tx, by, { kind: 'link.created', target, details: { link: id, minutes } })
  return { id, userId, token, expiresAt: expires.toISOString() }
}

/**
 * Spends a link and starts a session. A link works once, however many use it at the same moment: the update that
 * marks it spent also decides who was first.
 */
export async function redeemSignInLink(
  store: Store,
  { token, userAgent }: { token: string; userAgent?: string },
  parts: SignInParts,
): Promise<SignedIn> {
  if (!isToken('sign-in-link', token)) return { ok: false, reason: 'wrong' }
  const hmac = parts.hasher.hmac('sign-in-link', token)
  const organizationId = await store.system(async (tx) => {
    const row = await tx
      .selectFrom('sign_in_link')
      .select('organization_id')
      .where('token_hmac', '=', hmac)
      .executeTakeFirst()
    return row?.organization_id
  })
  if (organizationId === undefined) return { ok: false, reason: 'wrong' }
  return store.within(organizationId, async (tx): Promise<SignedIn> => {
    const now = nowOf(parts)
    const spent = await tx
      .updateTable('sign_in_link')
      .set({ used_at: now })
      .where('token_hmac', '=', hmac)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .returning('user_id')
      .executeTakeFirst()
    if (!spent) return { ok: false, reason: 'wrong' }
    const user = await userRow(tx, spent.user_id)
    if (user.disabled_at !== null) return { ok: false, reason: 'wrong' }
    const session: StartedSession = await startSession(
      tx,
      { userId: user.id, how: 'link', ...(userAgent !== undefined && { userAgent }) },
      { ...asUser(user, parts), hasher: parts.hasher },
    )
    return { ok: true, organizationId, session }
  })
}
