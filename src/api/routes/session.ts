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
      setCookie(call, house, {
        token: session.token.reveal(),
        expires: new Date(session.expiresAt),
      })
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
    body: z.object({
      password: z.string().min(1).max(1_000),
      current: z.string().max(1_000).optional(),
    }),
    response: acknowledged,
    async handler({ context, body }, house) {
      const { organizationId, principal } = context
      await setPassword(
        house.store,
        {
          organizationId,
          userId: principal.userId,
          password: new Secret(body.password),
          ...(body.current === undefined ? {} : { current: new Secret(body.current) }),
        },
        actingOf(house, context),
      )
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

function refusal(refused: Extract<SignedIn, { ok: false }>): PlinthError {
  if (refused.reason === 'too-many') {
    const error = new PlinthError('TOO_MANY_REQUESTS', {
      detail: 'Too many attempts to sign in.',
      remedy: `Wait ${refused.retryAfterSeconds} seconds, then try again.`,
    })
    return Object.assign(error, { retryAfterSeconds: refused.retryAfterSeconds })
  }
  return new PlinthError('UNAUTHENTICATED', {
    detail: 'The address, password or link is not right, or it was used or has expired.',
    remedy: 'Try again, or ask for a new link.',
  })
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
