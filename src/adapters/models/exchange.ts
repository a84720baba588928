import { limits, PlinthError } from '#kernel'
import type { OutboundClient, OutboundResponse } from '#ports'
import { type SseEvent, SseParser } from './sse.ts'
import { brokenError, type Endpoint, statusError } from './upstream-error.ts'

/** Milliseconds, as the Provider resource says. */
export interface ModelTimeouts {
  totalMs: number
  firstTokenMs: number
  idleMs: number
}

export interface HttpModelOptions {
  /** Name of the Provider resource. */
  id: string
  baseUrl: string
  apiKey?: string
  /** Environment variable that the key came from, for remedies. */
  apiKeyName?: string
  headers?: Readonly<Record<string, string>>
  timeouts: ModelTimeouts
  /** Private origins that it may be reached at, as the Provider resource says. */
  allowPrivate?: readonly string[]
  outbound: OutboundClient
}

/** Bytes of a streamed answer: the longest answer in small events, several times over. */
const maxStreamBytes = 64 * 1024 * 1024
const maxErrorBytes = 64 * 1024
const maxJsonBytes = 32 * 1024 * 1024

export function endpointOf(options: HttpModelOptions): Endpoint {
  const secrets = [options.apiKey, ...Object.values(options.headers ?? {})].filter(
    (v) => v !== undefined,
  )
  return {
    provider: options.id,
    secrets,
    ...(options.apiKeyName === undefined ? {} : { keyName: options.apiKeyName }),
  }
}

/** One call of a model: opens the exchange, holds the first-token timer, reads events or errors. */
export class ModelExchange {
  readonly #options: HttpModelOptions
  readonly #endpoint: Endpoint
  readonly #abort = new AbortController()
  readonly #caller: AbortSignal
  readonly #onCaller = () => this.#abort.abort()
  #timer: NodeJS.Timeout | undefined
  #late = false
  #chars = 0

  constructor(options: HttpModelOptions, signal: AbortSignal) {
    this.#options = options
    this.#endpoint = endpointOf(options)
    this.#caller = signal
    if (signal.aborted) this.#abort.abort()
    else signal.addEventListener('abort', this.#onCaller, { once: true })
    this.#timer = setTimeout(() => {
      this.#late = true
      this.#abort.abort()
    }, options.timeouts.firstTokenMs)
  }

  /** POSTs JSON. The body of an error status is not read yet. */
  async post(
    url: string,
    headers: Record<string, string>,
    body: unknown,
  ): Promise<OutboundResponse> {
    const { allowPrivate, timeouts } = this.#options
    const { totalMs, idleMs, firstTokenMs } = timeouts
    try {
      return await this.#options.outbound.request({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', ...this.#options.headers, ...headers },
        body: JSON.stringify(body),
        signal: this.#abort.signal,
        timeouts: { totalMs, firstByteMs: Math.min(totalMs, firstTokenMs), idleMs },
        maxBytes: maxStreamBytes,
        ...(allowPrivate ? { allowPrivate } : {}),
      })
    } catch (error) {
      throw this.explain(error)
    }
  }

  /** Something of the answer arrived: from now on only the idle and total time-outs count. */
  sawToken(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Counts text of the answer. Throws UPSTREAM_FAILED beyond the longest answer. */
  count(text: string): void {
    this.sawToken()
    this.#chars += text.length
    if (this.#chars > limits.answerChars) {
      throw this.broken(`sent more than ${limits.answerChars} characters`)
    }
  }

  async *events(response: OutboundResponse): AsyncGenerator<SseEvent> {
    const parser = new SseParser()
    try {
      for await (const bytes of response.body) yield* parser.push(bytes)
    } catch (error) {
      if (error instanceof RangeError) throw this.broken('sent an event without end')
      throw this.explain(error)
    }
  }

  async json(response: OutboundResponse): Promise<unknown> {
    const text = await this.text(response, maxJsonBytes)
    try {
      return JSON.parse(text)
    } catch {
      throw this.broken(`sent no JSON: ${text.slice(0, 120)}`)
    }
  }

  async error(response: OutboundResponse): Promise<PlinthError> {
    const body = await this.text(response, maxErrorBytes).catch(() => '')
    return statusError({ status: response.status, headers: response.headers, body }, this.#endpoint)
  }

  async text(response: OutboundResponse, maxBytes: number): Promise<string> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    try {
      for await (const chunk of response.body) {
        bytes += chunk.byteLength
        if (bytes > maxBytes) break
        chunks.push(chunk)
      }
    } catch (error) {
      throw this.explain(error)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  broken(what: string): PlinthError {
    return brokenError(this.#endpoint, what)
  }

  explain(error: unknown): PlinthError {
    if (this.#late && !this.#caller.aborted) {
      const { firstTokenMs } = this.#options.timeouts
      const detail = `The provider ${this.#endpoint.provider} sent no token within ${firstTokenMs} ms.`
      return new PlinthError('UPSTREAM_TIMEOUT', detail)
    }
    return error instanceof PlinthError ? error : brokenError(this.#endpoint, 'broke off', error)
  }

  /** Always call it: stops the timer, and cancels the upstream where the answer was left early. */
  close(): void {
    clearTimeout(this.#timer)
    this.#caller.removeEventListener('abort', this.#onCaller)
    this.#abort.abort()
  }
}
