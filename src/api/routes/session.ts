import { z } from 'zod'
import {
  getUser,
  redeemSignInLink,
  revokeSession,
  type SignedIn,
  setPassword,
  signInWithPassword,
} from '#governance'
import { PlinthError, type Principal, Secret } from '#kernel'
import { me, signInRequest } from '../contract/administration.ts'
import { acknowledged } from '../contract/basics.ts'
import type { ApiHouse } from '../house.ts'
import { actingOf } from '../http/acting.ts'
import { type Call, route } from '../http/route.ts'
import { cookieOf, sessionCookie } from '../http/sign-in.ts'

const tag = 'Session'

const passwordChange = z.object({
  password: z.string().min(1).max(1_000),
  current: z.string().max(1_000).optional(),
})

export const sessionRoutes = [
  route({
    method: 'POST',
    path: '/api/v1/session',
    permission: 'public',
    summary: 'Sign in with a password or a one-time link; sets the session cookie',
    tag,
    body: signInRequest,
    response: me,
    async handler(call, house) {
      const signedIn = await signIn(call, house)
      if (!signedIn.ok) throw refusal(signedIn)
      const { session, organizationId } = signedIn
      setSessionCookie(call, house, session)
      const found = await house.authenticator.authenticate({ session: session.token.reveal() })
      if (!found.ok) throw new PlinthError('UNAUTHENTICATED', 'The session ended at once.')
      return meOf(house, organizationId, found.principal)
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/session',
    permission: 'signed-in',
    summary: 'Sign out',
    tag,
    response: acknowledged,
    async handler(call, house) {
      const { context, request } = call
      const token = cookieOf(request, sessionCookie)
      const found =
        token === undefined ? undefined : await house.authenticator.authenticate({ session: token })
      if (found?.ok && found.sessionId) {
        const { sessionId } = found
        await house.store.within(context.organizationId, (tx) =>
          revokeSession(tx, sessionId, actingOf(house, context)),
        )
      }
      setCookie(call, house, { token: '', expires: new Date(0) })
      return { ok: true as const }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/me',
    permission: 'signed-in',
    summary: 'Who one is and what one may do',
    tag,
    response: me,
    async handler({ context }, house) {
      return meOf(house, context.organizationId, context.principal)
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/me/password',
    permission: 'signed-in',
    summary: 'Set one’s password; the current one is needed where there is one',
    tag,
    body: passwordChange,
    response: acknowledged,
    idempotency: 'off',
    async handler(call, house) {
      await changePassword(call, house)
      return { ok: true as const }
    },
  }),
]

type SignInCall = Call<unknown, unknown, z.output<typeof signInRequest>>

function signIn({ body, context, request }: SignInCall, house: ApiHouse): Promise<SignedIn> {
  const { hasher, attempts, appendAudit, clock, store } = house
  const parts = { hasher, attempts, appendAudit, clock, requestId: context.requestId }
  const userAgent = (request.headers['user-agent'] ?? '').slice(0, 300)
  if ('token' in body) return redeemSignInLink(store, { token: body.token, userAgent }, parts)
  return signInWithPassword(
    store,
    {
      organizationId: house.organization.id,
      email: body.email,
      password: new Secret(body.password),
      address: request.ip,
      userAgent,
    },
    parts,
  )
}

/**
 * Guesses of the current password are limited as those at sign-in are. Every session ends with the old password; the
 * one who changed it in a browser goes on in a new one.
 */
async function changePassword(
  call: Call<unknown, unknown, z.output<typeof passwordChange>>,
  house: ApiHouse,
): Promise<void> {
  const { body, context, request } = call
  const { organizationId, principal } = context
  const { userId } = principal
  const { email } = await house.store.read(organizationId, (tx) => getUser(tx, userId))
  const counted = { organizationId, account: email, address: request.ip }
  const wait = await house.attempts.begin(counted)
  if (wait > 0) throw refusal({ ok: false, reason: 'too-many', retryAfterSeconds: wait })
  const password = new Secret(body.password)
  const current = body.current === undefined ? {} : { current: new Secret(body.current) }
  const change = { organizationId, userId, password, ...current }
  try {
    await setPassword(house.store, change, actingOf(house, context))
  } catch (error) {
    const guessed = error instanceof PlinthError && error.code === 'FORBIDDEN'
    if (!guessed) await house.attempts.succeeded(counted)
    throw error
  }
  await house.attempts.succeeded(counted)
  if (principal.kind !== 'user') return
  const again = await signIn({ ...call, body: { email, password: body.password } }, house)
  if (again.ok) setSessionCookie(call, house, again.session)
}

function refusal(refused: Extract<SignedIn, { ok: false }>): PlinthError {
  if (refused.reason === 'too-many') {
    const { retryAfterSeconds } = refused
    return new PlinthError('TOO_MANY_REQUESTS', {
      detail: 'Too many attempts to sign in.',
      remedy: `Wait ${retryAfterSeconds} seconds, then try again.`,
      retryAfterSeconds,
    })
  }
  return new PlinthError('UNAUTHENTICATED', {
    detail: 'The address, password or link is not right, or it was used or has expired.',
    remedy: 'Try again, or ask for a new link.',
  })
}

function setSessionCookie(
  call: Call<unknown, unknown, unknown>,
  house: ApiHouse,
  { token, expiresAt }: { token: Secret; expiresAt: string },
): void {
  setCookie(call, house, { token: token.reveal(), expires: new Date(expiresAt) })
}

function setCookie(
  { reply }: Call<unknown, unknown, unknown>,
  house: ApiHouse,
  cookie: { token: string; expires: Date },
): void {
  const secure = house.secureCookies ? '; Secure' : ''
  reply.header(
    'set-cookie',
    `${sessionCookie}=${cookie.token}; Path=/; HttpOnly; SameSite=Strict; Expires=${cookie.expires.toUTCString()}${secure}`,
  )
}

async function meOf(house: ApiHouse, organizationId: string, principal: Principal) {
  const { user, organization } = await house.store.read(organizationId, async (tx) => ({
    user: await getUser(tx, principal.userId),
    organization: await tx.selectFrom('organization').select('name').executeTakeFirst(),
  }))
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    kind: principal.kind,
    organization: { id: organizationId, name: organization?.name ?? '' },
    groups: user.groups,
    roles: user.roles,
    permissions: [...principal.permissions].sort(),
    hasPassword: user.hasPassword,
  }
}
