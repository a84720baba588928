import type { FastifyReply } from 'fastify'
import { PlinthError } from '#kernel'
import type { Dialect } from '#ports'
import { problemOf } from '../../http/problem.ts'

/** Whether a path belongs to this door, so that its errors are told in its words. */
export function isAnthropicPath(url: string): boolean {
  return /^\/v1\/messages(\/|\?|$)/.test(url)
}

/** A thrown value as an error that may be told: a fault without its inner words. */
export function tellable(thrown: unknown, requestId: string): PlinthError {
  const { code, detail, where, remedy } = problemOf(thrown, requestId)
  return new PlinthError(code, { detail, remedy, ...(where === undefined ? {} : { where }) })
}

export function sendDialectError(
  reply: FastifyReply,
  { error, dialect, requestId }: { error: unknown; dialect: Dialect; requestId: string },
): void {
  const { status, headers, body } = dialect.writeError(tellable(error, requestId), { requestId })
  if (status === 429 || status === 503) reply.header('retry-after', '5')
  void reply
    .code(status)
    .headers(headers)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(body))
}
