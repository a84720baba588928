import type { ErrorCode, PlinthError } from '#kernel'

/** Whose fault a failed call is. One closed vocabulary for metrics, traces and usage. */
export type Fault = 'caller' | 'policy' | 'provider' | 'plinth'

/** What became of a call. `ok` where the model answered whole; `cut` where it began to and broke off. */
export type Outcome = keyof typeof outcomes

interface Meaning {
  fault: Fault | null
  /** What it says about the deployment: that it works, that it does not, or nothing. */
  health: 'works' | 'fails' | 'unknown'
  /** Another candidate may do better. */
  next: boolean
  /** The same candidate may do better, later or with another key. */
  again: boolean
}

const meaning = (
  fault: Meaning['fault'],
  health: Meaning['health'],
  more: Partial<Meaning> = {},
): Meaning => ({ fault, health, next: false, again: false, ...more })

const both = { next: true, again: true }

const outcomes = {
  ok: meaning(null, 'works'),
  /** The upstream refused the request for what it says (400, 413, 422). */
  caller: meaning('caller', 'works'),
  /** A rule of this installation ended it. */
  policy: meaning('policy', 'unknown'),
  /** This server failed. */
  plinth: meaning('plinth', 'unknown'),
  cancelled: meaning('caller', 'unknown'),
  /** The key is not accepted (401): it is not used again until the provider or the key changes. */
  unauthorized: meaning('plinth', 'works', both),
  /** The key may not use this model, or has no credit (402, 403): it rests for this model. */
  forbidden: meaning('plinth', 'works', both),
  /** The upstream knows no such model or path, or not this kind of request (404, 405, 415, 501, redirects). */
  unsupported: meaning('plinth', 'works', { next: true }),
  'rate-limited': meaning('provider', 'unknown', both),
  overloaded: meaning('provider', 'fails', both),
  'server-error': meaning('provider', 'fails', both),
  timeout: meaning('provider', 'fails', both),
  unreachable: meaning('provider', 'fails', both),
  cut: meaning('provider', 'fails', both),
  /** The deployment took no call: its queue is full, its breaker open, its keys exhausted. */
  full: meaning('provider', 'unknown', { next: true }),
} as const satisfies Record<string, Meaning>

/** What an outcome means for fault, health and further tries. */
export function meaningOf(outcome: Outcome): Meaning {
  return outcomes[outcome]
}

/** The outcome that a status of an upstream stands for; below 300 it is `ok`. */
export function outcomeOfStatus(status: number): Outcome {
  if (status < 300) return 'ok'
  if (status < 400) return 'unsupported'
  if (status >= 500) {
    if (status === 504) return 'timeout'
    if (status === 501) return 'unsupported'
    return status === 503 || status === 529 ? 'overloaded' : 'server-error'
  }
  return clientErrors[status] ?? 'caller'
}

const clientErrors: Record<number, Outcome> = {
  401: 'unauthorized',
  402: 'forbidden',
  403: 'forbidden',
  404: 'unsupported',
  405: 'unsupported',
  408: 'timeout',
  415: 'unsupported',
  425: 'overloaded',
  429: 'rate-limited',
}

const byCode: Partial<Record<ErrorCode, Outcome>> = {
  CANCELLED: 'cancelled',
  UPSTREAM_FAILED: 'server-error',
  UPSTREAM_TIMEOUT: 'timeout',
  UPSTREAM_BLOCKED: 'unsupported',
  TOO_MANY_REQUESTS: 'rate-limited',
  UNAVAILABLE: 'full',
  UNSUPPORTED: 'unsupported',
  INVALID_INPUT: 'caller',
  TOO_LARGE: 'caller',
  FORBIDDEN: 'policy',
}

/**
 * The outcome that an adapter's error stands for: by the status that the upstream gave where it is known. A request
 * that Plinth composed and the upstream refuses is `unsupported`: another model may take it.
 */
export function outcomeOf(error: PlinthError): Outcome {
  const status = error.upstreamStatus
  if (status === undefined) return byCode[error.code] ?? 'plinth'
  const outcome = outcomeOfStatus(status)
  if (outcome === 'ok') return 'server-error'
  return outcome === 'caller' ? 'unsupported' : outcome
}
