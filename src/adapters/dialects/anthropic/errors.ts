import type { ErrorCode, PlinthError } from '#kernel'
import type { ErrorPlace, WireError } from '#ports'

const types: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: 'authentication_error',
  FORBIDDEN: 'permission_error',
  NOT_FOUND: 'not_found_error',
  TOO_LARGE: 'request_too_large',
  TOO_MANY_REQUESTS: 'rate_limit_error',
  UNAVAILABLE: 'overloaded_error',
  UPSTREAM_TIMEOUT: 'timeout_error',
}

/** An error in the words of Anthropic. */
export function writeAnthropicError(error: PlinthError, at: ErrorPlace): WireError {
  const status = error.code === 'UNSUPPORTED' ? 400 : error.status
  const type = types[error.code] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  const place = error.where?.replace(/^body\//, '').replaceAll('/', '.')
  const message = `${place ? `${place}: ` : ''}${error.message} ${error.remedy}`.trim()
  return {
    status,
    headers: { 'request-id': at.requestId },
    body: { type: 'error', error: { type, message }, request_id: at.requestId },
  }
}
