import { PlinthError, redact } from '#kernel'
import type { UpstreamProblem } from '#ports'

/** What an adapter knows about the endpoint it calls, for errors that help and tell no secret. */
export interface Endpoint {
  /** Name of the Provider resource. */
  provider: string
  /** Environment variable that holds the key, named in remedies. */
  keyName?: string
  /** Values that must never be written out. */
  secrets: readonly string[]
}

/**
 * The error for what an endpoint said. 429 becomes TOO_MANY_REQUESTS, 408 and 504 UPSTREAM_TIMEOUT; a request that
 * the endpoint refuses is UPSTREAM_FAILED: its caller was the platform.
 */
export function upstreamError(problem: UpstreamProblem, endpoint: Endpoint): PlinthError {
  const { status } = problem
  if (status === undefined) {
    const what = problem.said
      ? `reported an error within the answer: ${problem.message}`
      : problem.message
    return brokenError(endpoint, what)
  }
  const said = redact(problem.message, endpoint.secrets)
  const detail = `The provider ${endpoint.provider} answered ${status}${said ? `: ${said}` : ''}`
  const seconds = problem.retryAfterSeconds
  const answered = {
    detail,
    upstreamStatus: status,
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  }
  if (problem.code === 'UPSTREAM_TIMEOUT' || problem.code === 'TOO_MANY_REQUESTS') {
    const remedy =
      seconds === undefined ? 'Wait and try again.' : `Wait ${seconds} s and try again.`
    return new PlinthError(problem.code, { ...answered, remedy })
  }
  const remedy = remedyOf(status, endpoint)
  return new PlinthError(
    'UPSTREAM_FAILED',
    remedy === undefined ? answered : { ...answered, remedy },
  )
}

function remedyOf(status: number, { keyName }: Endpoint): string | undefined {
  if (status === 401 || status === 403) {
    const key = keyName ? `the key in ${keyName}` : 'the key: the Provider resource names none'
    return `Check ${key}, and that it may use this model; then restart the server.`
  }
  if (status === 404) return 'Check "upstreamModel" of the Model and "baseUrl" of the Provider.'
  if (status >= 300 && status < 400)
    return 'Redirects are not followed: put the final address into "baseUrl" of the Provider.'
  return undefined
}

/** The error for an answer that broke off or cannot be read. */
export function brokenError(endpoint: Endpoint, what: string, cause?: unknown): PlinthError {
  const detail = `The provider ${endpoint.provider} ${redact(what, endpoint.secrets)}`
  return new PlinthError('UPSTREAM_FAILED', cause === undefined ? { detail } : { detail, cause })
}
