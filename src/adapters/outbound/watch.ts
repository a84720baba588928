import { PlinthError } from '#kernel'
import type { OutboundRequest } from '#ports'

/**
 * The clock of one exchange. Three timers: total (runs always), first byte (from the start to the first byte of the
 * body) and idle (while a further byte is awaited). Whichever ends first, or the caller's signal, aborts the
 * exchange; `explain` then tells which it was.
 */
export class Watch {
  readonly #abort = new AbortController()
  readonly #request: OutboundRequest
  readonly #host: string
  readonly #total: NodeJS.Timeout
  #step: NodeJS.Timeout | undefined
  #onCaller = () => this.#end(new PlinthError('CANCELLED', 'The call was cancelled.'))

  constructor(request: OutboundRequest, host: string) {
    this.#request = request
    this.#host = host
    this.#total = this.#timer(request.timeouts.totalMs, 'did not finish')
    if (request.signal?.aborted) this.#onCaller()
    else request.signal?.addEventListener('abort', this.#onCaller, { once: true })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  expectFirstByte(): void {
    this.#step = this.#timer(this.#request.timeouts.firstByteMs, 'sent nothing')
  }

  expectNextByte(): void {
    this.#step = this.#timer(this.#request.timeouts.idleMs, 'fell silent')
  }

  /** A byte came; until the next is awaited, the reader's own time does not count. */
  rest(): void {
    clearTimeout(this.#step)
  }

  stop(): void {
    clearTimeout(this.#step)
    clearTimeout(this.#total)
    this.#request.signal?.removeEventListener('abort', this.#onCaller)
  }

  /** A promise that also ends when the exchange is aborted. */
  race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this
    if (signal.aborted) {
      work.catch(() => {})
      return Promise.reject(signal.reason)
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    })
  }

  failed(reason: string, cause?: unknown): PlinthError {
    return new PlinthError('UPSTREAM_FAILED', {
      detail: `${this.#host} could not be used: ${reason}.`,
      ...(cause === undefined ? {} : { cause }),
    })
  }

  /** What a thrown value means. Names host and system code, never a header or body. */
  explain(error: unknown): PlinthError {
    if (this.signal.aborted && this.signal.reason instanceof PlinthError) return this.signal.reason
    for (let e = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
      if (e instanceof PlinthError) return e
      if (e instanceof AggregateError && e.errors[0] instanceof PlinthError) return e.errors[0]
    }
    const code = codeOf(error)
    if (code === 'UND_ERR_CONNECT_TIMEOUT') return this.#late('could not be connected to')
    return this.failed(reasons[code] ?? (code ? `error ${code}` : 'the connection broke'))
  }

  #timer(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => this.#end(this.#late(`${what} within ${ms} ms`)), ms)
  }

  #late(what: string): PlinthError {
    return new PlinthError('UPSTREAM_TIMEOUT', `${this.#host} ${what}.`)
  }

  #end(error: PlinthError): void {
    if (!this.#abort.signal.aborted) this.#abort.abort(error)
  }
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
