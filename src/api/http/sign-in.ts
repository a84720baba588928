import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { PlinthError, type Principal, type Secret } from '#kernel'
import type { ApiHouse } from '../house.ts'

export const sessionCookie = 'plinth_session'
/** A page of another site cannot set this header, so a request that carries it is our own console's. */
const csrfHeader = 'x-plinth-csrf'

export type Found =
  | { organizationId: string; principal: Principal; sessionId?: string }
  | { refused: PlinthError }

/** Who makes a request: by bearer key, `x-api-key`, or the console's session cookie. */
export async function authenticateRequest(
  request: FastifyRequest,
  house: ApiHouse,
): Promise<Found> {
  const bearer = bearerOf(request)
  const session = bearer === undefined ? cookieOf(request, sessionCookie) : undefined
  if (session !== undefined && !isSafe(request) && request.headers[csrfHeader] === undefined) {
    const detail = 'A request with a session cookie needs the header X-Plinth-Csrf.'
    return { refused: new PlinthError('UNAUTHENTICATED', detail) }
  }
  const found = await house.authenticator.authenticate({
    ...(bearer === undefined ? {} : { bearer }),
    ...(session === undefined ? {} : { session }),
  })
  if (found.ok) return found
  const detail =
    found.reason === 'missing'
      ? 'The request names no API key and no session.'
      : 'The API key or session is not valid (any more).'
  return { refused: new PlinthError('UNAUTHENTICATED', detail) }
}

/** Whether a request bears this very token; never where the token is empty. Takes equally long whatever differs. */
export function bearsToken(request: FastifyRequest, token: Secret): boolean {
  const expected = token.reveal()
  const given = bearerOf(request)
  if (expected === '' || given === undefined) return false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function bearerOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization
  if (header !== undefined) return /^Bearer\s+(\S+)$/i.exec(header)?.[1] ?? ''
  const key = request.headers['x-api-key']
  return typeof key === 'string' ? key : undefined
}

/** One cookie of the request, if it is there. */
export function cookieOf(request: FastifyRequest, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

function isSafe(request: FastifyRequest): boolean {
  return request.method === 'GET' || request.method === 'HEAD'
}
