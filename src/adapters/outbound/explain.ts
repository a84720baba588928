import { PlinthError } from '#kernel'

/** The error for an address that could not be used. */
export function failedHost(host: string, reason: string): PlinthError {
  return new PlinthError('UPSTREAM_FAILED', `${host} could not be used: ${reason}.`)
}

/** What a thrown value of an exchange means. Names host and system code, never a header or body. */
export function explainFailure(error: unknown, host: string): PlinthError {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    if (e instanceof PlinthError) return e
    if (e instanceof AggregateError && e.errors[0] instanceof PlinthError) return e.errors[0]
  }
  const code = codeOf(error)
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new PlinthError('UPSTREAM_TIMEOUT', `${host} could not be connected to.`)
  }
  return failedHost(host, reasons[code] ?? (code ? `error ${code}` : 'the connection broke'))
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'it refuses connections (ECONNREFUSED)',
  ECONNRESET: 'the connection was reset (ECONNRESET)',
  ENOTFOUND: 'its name is not known (ENOTFOUND)',
  EAI_AGAIN: 'its name could not be resolved now (EAI_AGAIN)',
  UND_ERR_SOCKET: 'the connection was closed before the answer was complete',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is self-signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

function codeOf(error: unknown): string {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    const code = (e as NodeJS.ErrnoException).code
    if (typeof code === 'string') return code
    if (e instanceof AggregateError && e.errors.length > 0) return codeOf(e.errors[0])
  }
  return ''
}
