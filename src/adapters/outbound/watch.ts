import { PlinthError } from '#kernel'
import type { OutboundRequest } from '#ports'
import { explainFailure, failedHost } from './explain.ts'

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
  #connecting: NodeJS.Timeout | undefined
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

  /** Ends what has no connection in time, where the request sets a time for that. */
  expectConnection(): void {
    const { connectMs } = this.#request.timeouts
    if (connectMs !== undefined) {
      this.#connecting = this.#timer(connectMs, 'could not be connected to')
    }
  }

  connected(): void {
    clearTimeout(this.#connecting)
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
    clearTimeout(this.#connecting)
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

  failed(reason: string): PlinthError {
    return failedHost(this.#host, reason)
  }

  /** What a thrown value means. Names host and system code, never a header or body. */
  explain(error: unknown): PlinthError {
    if (this.signal.aborted && this.signal.reason instanceof PlinthError) return this.signal.reason
    return explainFailure(error, this.#host)
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
