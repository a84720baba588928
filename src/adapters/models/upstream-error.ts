import { PlinthError } from '#kernel'

/** What an adapter knows about the endpoint it calls, for errors that help and tell no secret. */
export interface Endpoint {
  /** Name of the Provider resource. */
  provider: string
  /** Environment variable that holds the key, named in remedies. */
  keyName?: string
  /** Values that must never be written out. */
  secrets: readonly string[]
}

const keyLike = /\b(?:sk|pk|rk|key|token|gsk|xai)-[A-Za-z0-9_*.-]{4,}|\bBearer\s+\S+/g
const shown = 400

/** Text from outside as it may be shown: without secrets and control characters, cut to one short paragraph. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, '[secret]')
  clean = clean
    .replace(keyLike, '[secret]')
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
  return clean.length > shown ? `${clean.slice(0, shown)}…` : clean
}

/** The error for a response with an error status. 429 becomes TOO_MANY_REQUESTS, 408 and 504 UPSTREAM_TIMEOUT. */
export function statusError(
  response: { status: number; headers: Record<string, string>; body: string },
  endpoint: Endpoint,
): PlinthError {
  const { status } = response
  const said = redact(messageOf(response.body), endpoint.secrets)
  const detail = `The provider ${endpoint.provider} answered ${status}${said ? `: ${said}` : ''}`
  if (status === 401 || status === 403) {
    const key = endpoint.keyName
      ? `the key in ${endpoint.keyName}`
      : 'the key: the Provider resource names none'
    return new PlinthError('UPSTREAM_FAILED', {
      detail,
      remedy: `Check ${key}, and that it may use this model; then restart the server.`,
    })
  }
  if (status === 404) {
    const remedy = 'Check "upstreamModel" of the Model and "baseUrl" of the Provider.'
    return new PlinthError('UPSTREAM_FAILED', { detail, remedy })
  }
  if (status === 429) {
    const seconds = retryAfter(response.headers)
    const remedy =
      seconds === undefined ? 'Wait and try again.' : `Wait ${seconds} s and try again.`
    return new PlinthError('TOO_MANY_REQUESTS', { detail, remedy })
  }
  if (status === 408 || status === 504) return new PlinthError('UPSTREAM_TIMEOUT', detail)
  if (status >= 300 && status < 400) {
    const remedy =
      'Redirects are not followed: put the final address into "baseUrl" of the Provider.'
    return new PlinthError('UPSTREAM_FAILED', { detail, remedy })
  }
  return new PlinthError('UPSTREAM_FAILED', detail)
}

/** The error for an answer that broke off or cannot be read. */
export function brokenError(endpoint: Endpoint, what: string, cause?: unknown): PlinthError {
  const detail = `The provider ${endpoint.provider} ${redact(what, endpoint.secrets)}`
  return new PlinthError('UPSTREAM_FAILED', cause === undefined ? { detail } : { detail, cause })
}

function retryAfter(headers: Record<string, string>): number | undefined {
  const value = headers['retry-after']
  if (value === undefined) return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.min(86_400, Math.ceil(seconds))) : undefined
}

/** The message within an error body of either protocol (or Ollama's), else the body itself. */
function messageOf(body: string): string {
  try {
    const value = JSON.parse(body) as { error?: { message?: unknown } | string; message?: unknown }
    const inner =
      typeof value.error === 'object' ? value.error?.message : (value.error ?? value.message)
    return typeof inner === 'string' ? inner : ''
  } catch {
    return /^\s*</.test(body) ? '' : body
  }
}
