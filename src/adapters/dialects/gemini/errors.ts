import type { ErrorCode, PlinthError } from '#kernel'
import type { ErrorPlace, WireError } from '#ports'

const words: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: 'UNAUTHENTICATED',
  FORBIDDEN: 'PERMISSION_DENIED',
  NOT_FOUND: 'NOT_FOUND',
  CONFLICT: 'ABORTED',
  TOO_MANY_REQUESTS: 'RESOURCE_EXHAUSTED',
  CANCELLED: 'CANCELLED',
  UNAVAILABLE: 'UNAVAILABLE',
  UPSTREAM_TIMEOUT: 'DEADLINE_EXCEEDED',
}

/** An error in the words of Google’s interfaces. */
export function writeGeminiError(error: PlinthError, at: ErrorPlace): WireError {
  const status = error.code === 'UNSUPPORTED' ? 400 : error.status
  const word = words[error.code] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT')
  const message = `${error.message} ${error.remedy}`.trim()
  return {
    status,
    headers: { 'x-request-id': at.requestId },
    body: { error: { code: status, message, status: word } },
  }
}
