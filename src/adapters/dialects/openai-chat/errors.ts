import type { ErrorCode, PlinthError } from '#kernel'
import type { ErrorPlace, WireError } from '#ports'

/** The words of the original for our codes, where it has some; its clients branch on the status. */
const words: Partial<Record<ErrorCode, { type: string; code: string; status?: number }>> = {
  UNAUTHENTICATED: { type: 'invalid_request_error', code: 'invalid_api_key' },
  FORBIDDEN: { type: 'permission_error', code: 'permission_denied' },
  NOT_FOUND: { type: 'invalid_request_error', code: 'not_found' },
  TOO_MANY_REQUESTS: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  // A parameter or model that is not offered is a wrong request here, not a wrong media type.
  UNSUPPORTED: { type: 'invalid_request_error', code: 'unsupported', status: 400 },
}

/** An error in the words of OpenAI, with the status that its clients understand. */
export function writeOpenAiError(error: PlinthError, at: ErrorPlace): WireError {
  const { code, message, remedy, where } = error
  const known = words[code]
  const status = known?.status ?? error.status
  const type =
    known?.type ??
    (status >= 500 || code === 'CANCELLED' ? 'server_error' : 'invalid_request_error')
  const body = {
    error: {
      message: `${message} ${remedy}`.trim(),
      type,
      param: paramOf(where),
      code: at.code ?? known?.code ?? code.toLowerCase(),
    },
  }
  return { status, headers: { 'x-request-id': at.requestId }, body }
}

/** `body/messages/0/content` as the original writes it: `messages[0].content`. */
function paramOf(where: string | undefined): string | null {
  if (where === undefined || /^(path|query|header)/.test(where)) return null
  const steps = where.replace(/^body\/?/, '').split('/')
  const text = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join('')
  return text.replace(/^\./, '') || null
}
