import type { FastifyReply } from 'fastify'
import { type ErrorCode, type ErrorProblem, errorTable, PlinthError, toPlinthError } from '#kernel'

/** RFC 9457 problem details with Plinth's code, where and remedy. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: ErrorCode
  where?: string
  remedy: string
  requestId: string
  problems?: readonly ErrorProblem[]
}

/** A thrown value as a problem. Faults keep their cause to the log: a caller learns the request id only. */
export function problemOf(thrown: unknown, requestId: string): Problem {
  const error = toPlinthError(fromFastify(thrown))
  const { title, status, remedy } = errorTable[error.code]
  const hidden = error.code === 'INTERNAL'
  const several = error.problems
  return {
    type: `urn:plinth:error:${error.code}`,
    title,
    status,
    detail: hidden ? 'Something in Plinth failed; the server log names it.' : error.message,
    code: error.code,
    ...(error.where && !hidden ? { where: error.where } : {}),
    remedy: hidden ? remedy : error.remedy,
    requestId,
    ...(several && several.length > 0 ? { problems: several } : {}),
  }
}

export function sendProblem(reply: FastifyReply, thrown: unknown, requestId: string): void {
  const problem = problemOf(thrown, requestId)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  const wait = thrown instanceof PlinthError ? thrown.retryAfterSeconds : undefined
  if (problem.status === 429 || problem.status === 503)
    reply.header('retry-after', String(wait ?? 5))
  void reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem))
}

/** Errors of the HTTP layer itself, in our vocabulary. */
function fromFastify(thrown: unknown): unknown {
  if (thrown instanceof PlinthError) return thrown
  const { code, statusCode, message } = thrown as {
    code?: string
    statusCode?: number
    message?: string
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new PlinthError('TOO_LARGE', 'The body is larger than this route takes.')
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new PlinthError('UNSUPPORTED', {
      detail: 'The body has a content type that this route does not read.',
      remedy: 'Send JSON with "content-type: application/json".',
    })
  }
  // A path that leads out of the console's folder.
  if (code === 'FST_STATIC_FORBIDDEN_PATH')
    return new PlinthError('NOT_FOUND', 'There is no such file.')
  if (statusCode === 400)
    return new PlinthError('INVALID_INPUT', message ?? 'The request is malformed.')
  return thrown
}
