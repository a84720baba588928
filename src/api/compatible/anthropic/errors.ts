import type { FastifyReply } from 'fastify'
import type { Dialect } from '#ports'
import { tellable } from '../in-dialect.ts'

/** Whether a path belongs to this door, so that its errors are told in its words. */
export function isAnthropicPath(url: string): boolean {
  return /^\/v1\/messages(\/|\?|$)/.test(url)
}

export function sendDialectError(
  reply: FastifyReply,
  { error, dialect, requestId }: { error: unknown; dialect: Dialect; requestId: string },
): void {
  const told = tellable(error, requestId)
  const { status, headers, body } = dialect.writeError(told, { requestId })
  if (status === 429 || status === 503) {
    reply.header('retry-after', String(told.retryAfterSeconds ?? 5))
  }
  void reply
    .code(status)
    .headers(headers)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(body))
}
