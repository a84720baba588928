import type { FastifyReply } from 'fastify'
import { type ErrorCode, PlinthError } from '#kernel'
import { type Problem, problemOf } from '../../http/problem.ts'

export interface OpenAiError {
  error: { message: string; type: string; param: string | null; code: string | null }
}

/** The words of the original for our codes, where it has some; its clients branch on the status. */
const words: Partial<Record<ErrorCode, { type: string; code: string; status?: number }>> = {
  UNAUTHENTICATED: { type: 'invalid_request_error', code: 'invalid_api_key' },
  FORBIDDEN: { type: 'permission_error', code: 'permission_denied' },
  NOT_FOUND: { type: 'invalid_request_error', code: 'not_found' },
  TOO_MANY_REQUESTS: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  BUDGET_EXCEEDED: { type: 'insufficient_quota', code: 'insufficient_quota' },
  // A parameter or model that is not offered is a wrong request here, not a wrong media type.
  UNSUPPORTED: { type: 'invalid_request_error', code: 'unsupported', status: 400 },
}

/** Whether a path belongs to this door, so that its errors are told in its words. */
export function isOpenAiPath(url: string): boolean {
  return /^\/v1(\/|\?|$)/.test(url)
}

/** A thrown value in the error shape of the original, with its status. */
export function openAiErrorOf(
  thrown: unknown,
  requestId: string,
): { status: number; body: OpenAiError; problem: Problem } {
  const problem = problemOf(thrown, requestId)
  const { status, ...named } = { ...defaultWords(problem), ...words[problem.code] }
  const message = `${problem.detail} ${problem.remedy}`.trim()
  const code = thrown instanceof CodedError ? thrown.openAiCode : named.code
  const body = { error: { message, type: named.type, param: paramOf(problem.where), code } }
  return { status: status ?? problem.status, body, problem }
}

function defaultWords({ code, status }: Problem): { type: string; code: string; status?: number } {
  const type = status >= 500 || code === 'CANCELLED' ? 'server_error' : 'invalid_request_error'
  return { type, code: code.toLowerCase() }
}

/** `body/messages/0/content` as the original writes it: `messages[0].content`. */
function paramOf(where: string | undefined): string | null {
  if (where === undefined || /^(path|query|header)/.test(where)) return null
  const steps = where.replace(/^body\/?/, '').split('/')
  const text = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join('')
  return text.replace(/^\./, '') || null
}

/** A refusal for which the original has a code of its own. */
export class CodedError extends PlinthError {
  readonly openAiCode: string

  constructor(
    code: ErrorCode,
    openAiCode: string,
    details: { detail: string; where?: string; remedy?: string; cause?: unknown },
  ) {
    super(code, details)
    this.openAiCode = openAiCode
  }
}

export function sendOpenAiError(reply: FastifyReply, thrown: unknown, requestId: string): void {
  const { status, body, problem } = openAiErrorOf(thrown, requestId)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  if (problem.status === 429 || problem.status === 503) {
    const wait = thrown instanceof PlinthError ? thrown.retryAfterSeconds : undefined
    reply.header('retry-after', String(wait ?? 5))
  }
  void reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .header('x-request-id', requestId)
    .send(JSON.stringify(body))
}
