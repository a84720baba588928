import { type Principal, type Secret, systemPrincipal } from '#kernel'
import type { Store } from '#store'
import { type Acting, record } from './acting.ts'
import type { SignInAttempts } from './attempts.ts'
import type { CredentialHasher } from './credentials.ts'
import { verifyPassword } from './passwords.ts'
import { type StartedSession, startSession } from './sessions.ts'
import { normalizeEmail } from './users.ts'

/** What signing in works with. */
export interface SignInParts extends Omit<Acting, 'principal'> {
  hasher: CredentialHasher
  attempts: SignInAttempts
}

/** Wrong address, wrong password, disabled, expired, used: callers learn one word for all. */
export type SignedIn =
  | { ok: true; organizationId: string; session: StartedSession }
  | { ok: false; reason: 'wrong' }
  | { ok: false; reason: 'too-many'; retryAfterSeconds: number }

/**
 * Signs in by address and password. Takes the same time whether the account exists or not; attempts are limited
 * per account and network address. Failures are recorded too.
 */
export async function signInWithPassword(
  store: Store,
  attempt: {
    organizationId: string
    email: string
    password: Secret
    /** Network address of the caller. */
    address: string
    userAgent?: string
  },
  parts: SignInParts,
): Promise<SignedIn> {
  const { organizationId, password, address, userAgent } = attempt
  const email = emailOrNothing(attempt.email)
  const counted = { organizationId, account: email, address }
  const wait = await parts.attempts.begin(counted)
  if (wait > 0) return { ok: false, reason: 'too-many', retryAfterSeconds: wait }
  const user = await store.read(organizationId, (tx) =>
    tx
      .selectFrom('app_user')
      .select(['id', 'name', 'password_hash', 'disabled_at'])
      .where('email', '=', email)
      .executeTakeFirst(),
  )
  const right = await verifyPassword(password, user?.password_hash)
  const signedIn = await store.within(organizationId, async (tx): Promise<SignedIn> => {
    // Read again under the transaction: meanwhile somebody may have changed the password or disabled the user.
    const still =
      user &&
      (await tx
        .selectFrom('app_user')
        .select('id')
        .where('id', '=', user.id)
        .where('password_hash', '=', user.password_hash)
        .where('disabled_at', 'is', null)
        .forShare()
        .executeTakeFirst())
    if (!right || !user || !still) {
      await record(
        tx,
        { ...parts, principal: systemPrincipal },
        {
          kind: 'session.started',
          outcome: 'failed',
          ...(user && { target: { kind: 'user', id: user.id } }),
          details: { how: 'password' },
        },
      )
      return { ok: false, reason: 'wrong' }
    }
    const session = await startSession(
      tx,
      { userId: user.id, how: 'password', ...(userAgent !== undefined && { userAgent }) },
      { ...asUser(user, parts), hasher: parts.hasher },
    )
    return { ok: true, organizationId, session }
  })
  if (signedIn.ok) await parts.attempts.succeeded(counted)
  return signedIn
}

/** An address that cannot be one belongs to nobody; it still costs the same work. */
function emailOrNothing(email: string): string {
  try {
    return normalizeEmail(email)
  } catch {
    return ''
  }
}

/** The user who signs in, as the one who acts; no rights are looked up for that. */
export function asUser(
  user: { id: string; name: string },
  parts: Omit<Acting, 'principal'>,
): Acting {
  const { appendAudit, clock, requestId } = parts
  const principal: Principal = {
    kind: 'user',
    id: user.id,
    userId: user.id,
    name: user.name,
    readerTokens: [],
    permissions: new Set(),
  }
  return { principal, appendAudit, ...(clock && { clock }), ...(requestId && { requestId }) }
}
