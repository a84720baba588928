import type { ErrorCode } from '#kernel'
import type { UpstreamProblem } from '#ports'
import { isObject, parsed } from './fields.ts'

/** What was seen of a stream that cannot be read. */
export function broken(message: string, more: Partial<UpstreamProblem> = {}): UpstreamProblem {
  return { code: 'UPSTREAM_FAILED', message, said: false, retryable: true, ...more }
}

/** What an endpoint reported within a stream. */
export function reported(message: string, type?: string): UpstreamProblem {
  const limited = type !== undefined && /rate_?limit|throttl|too_many/i.test(type)
  return {
    code: limited ? 'TOO_MANY_REQUESTS' : 'UPSTREAM_FAILED',
    message,
    said: true,
    retryable: true,
    ...(type === undefined ? {} : { type }),
  }
}

/** Whose fault an error status is, and whether another try may do better. */
export function problemOfStatus(
  status: number,
  headers: Readonly<Record<string, string>>,
  said: { message: string; type?: string; param?: string },
): UpstreamProblem {
  const wait = retryAfter(headers)
  return {
    code: codeOf(status),
    status,
    said: said.message !== '',
    retryable: status === 408 || status === 409 || status === 429 || status >= 500,
    ...said,
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 400 || status === 422) return 'INVALID_INPUT'
  if (status === 413) return 'TOO_LARGE'
  if (status === 429) return 'TOO_MANY_REQUESTS'
  if (status === 408 || status === 504) return 'UPSTREAM_TIMEOUT'
  return 'UPSTREAM_FAILED'
}

/** Seconds that an endpoint asks to wait, at most a day. */
export function retryAfter(headers: Readonly<Record<string, string>>): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN)
  const value = headers['retry-after']
  let seconds = ms / 1_000
  if (!Number.isFinite(seconds) && value !== undefined) {
    seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000
  }
  return Number.isFinite(seconds) ? Math.max(0, Math.min(86_400, Math.ceil(seconds))) : undefined
}

/** The message within an error body of any of the usual shapes, else the body itself unless it is a page. */
export function messageIn(body: string): { message: string; type?: string; param?: string } {
  const value = parsed(body)
  if (value === undefined) return { message: /^\s*</.test(body) ? '' : body.trim() }
  const outer = Array.isArray(value) ? value[0] : value
  if (!isObject(outer)) return { message: '' }
  const inner = isObject(outer.error) ? outer.error : outer
  const words = [inner.message, outer.error, outer.detail, outer.Message, outer.errors]
  const message = words.map(textOf).find((text) => text !== '') ?? ''
  const type = [inner.type, inner.status, outer.error_type, outer.__type, inner.code].find(isWord)
  const param = isWord(inner.param) ? inner.param : undefined
  return { message, ...(type ? { type } : {}), ...(param ? { param } : {}) }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).slice(0, 4).join('; ')
  return isObject(value) && typeof value.msg === 'string' ? value.msg : ''
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
