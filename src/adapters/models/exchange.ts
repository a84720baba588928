import { limits, PlinthError } from '#kernel'
import type {
  Dialect,
  DialectEndpoint,
  JsonObject,
  OutboundClient,
  OutboundResponse,
  UpstreamProblem,
} from '#ports'
import { brokenError, type Endpoint, upstreamError } from './upstream-error.ts'

/** Milliseconds, as the Provider resource says. */
export interface ModelTimeouts {
  totalMs: number
  firstTokenMs: number
  idleMs: number
  connectMs?: number | undefined
}

export interface HttpModelOptions {
  /** Name of the Provider resource. */
  id: string
  dialect: Dialect
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

/** Where a model is, kept as long as the model: tokens that were fetched are used again. */
export function endpointOf(options: HttpModelOptions): DialectEndpoint {
  const { dialect, baseUrl, apiKey, headers, outbound } = options
  return dialect.endpoint({
    baseUrl,
    outbound,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(headers === undefined ? {} : { headers }),
  })
}

/** One call of a model: opens the exchange, holds the first-token timer, reads bodies and errors. */
export class ModelExchange {
  readonly #options: HttpModelOptions
  readonly #address: DialectEndpoint
  readonly #endpoint: Endpoint
  readonly #abort = new AbortController()
  readonly #caller: AbortSignal
  readonly #onCaller = () => this.#abort.abort()
  #timer: NodeJS.Timeout | undefined
  #late = false
  #chars = 0

  constructor(at: { options: HttpModelOptions; endpoint: DialectEndpoint }, signal: AbortSignal) {
    const { options, endpoint } = at
    this.#options = options
    this.#address = endpoint
    this.#endpoint = {
      provider: options.id,
      secrets: endpoint.secrets,
      ...(options.apiKeyName === undefined ? {} : { keyName: options.apiKeyName }),
    }
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
    path: string,
    body: JsonObject,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<OutboundResponse> {
    const { allowPrivate, timeouts } = this.#options
    const { totalMs, idleMs, firstTokenMs, connectMs } = timeouts
    const text = JSON.stringify(body)
    try {
      const addressed = await this.#address.address(path, text)
      return await this.#options.outbound.request({
        method: 'POST',
        url: addressed.url,
        headers: { ...headers, ...addressed.headers },
        body: text,
        signal: this.#abort.signal,
        timeouts: {
          totalMs,
          firstByteMs: Math.min(totalMs, firstTokenMs),
          idleMs,
          ...(connectMs === undefined ? {} : { connectMs }),
        },
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

  async json(response: OutboundResponse): Promise<unknown> {
    const text = await this.#text(response, maxJsonBytes)
    try {
      return JSON.parse(text)
    } catch {
      throw this.broken(`sent no JSON: ${text.slice(0, 120)}`)
    }
  }

  /** Reads an answer by its dialect. Throws UPSTREAM_FAILED for another shape. */
  read<T>(body: unknown, reading: (body: unknown) => T): T {
    try {
      return reading(body)
    } catch (error) {
      throw this.broken(`could not be understood: ${(error as Error).message}`)
    }
  }

  /** What an endpoint says with an error status. */
  async problem(response: OutboundResponse): Promise<UpstreamProblem> {
    const body = await this.#text(response, maxErrorBytes).catch(() => '')
    return this.#options.dialect.readError(response.status, response.headers, body)
  }

  failed(problem: UpstreamProblem): PlinthError {
    return upstreamError(problem, this.#endpoint)
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

  async #text(response: OutboundResponse, maxBytes: number): Promise<string> {
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
}
