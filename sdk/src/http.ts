import { cut, isAbort, problemFrom, unreachable } from './problem.ts'
import { type ServerEvent, serverEvents } from './server-events.ts'

export interface HttpOptions {
  baseUrl: string
  apiKey: string | undefined
  fetch: typeof fetch
}

export type Query = object

export interface CallOptions {
  signal?: AbortSignal | undefined
}

interface RequestOptions extends CallOptions {
  query?: Query | undefined
  json?: unknown
  bytes?: Blob | Uint8Array<ArrayBuffer>
  accept?: string
  idempotencyKey?: string | undefined
}

/** One request to the server: address, identity, problems. Knows no routes. */
export class Http {
  private readonly options: HttpOptions

  constructor(options: HttpOptions) {
    this.options = options
  }

  get<T>(path: string, query?: Query, options: CallOptions = {}): Promise<T> {
    return this.json('GET', path, { ...options, query })
  }

  async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.send(method, path, options)
    return (await response.json()) as T
  }

  async text(path: string, query?: Query, options: CallOptions = {}): Promise<string> {
    return (await this.send('GET', path, { ...options, query, accept: '*/*' })).text()
  }

  /** Resolves for a status of 2xx only; throws PlinthProblem otherwise, and AbortError when aborted. */
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const url = this.url(path, options.query)
    const init: RequestInit = {
      method,
      headers: this.headers(method, options),
      credentials: 'same-origin',
    }
    if (options.signal) init.signal = options.signal
    if (options.bytes !== undefined) init.body = options.bytes
    else if (options.json !== undefined) init.body = JSON.stringify(options.json)
    let response: Response
    try {
      response = await this.options.fetch(url, init)
    } catch (cause) {
      throw unreachable(cause, url)
    }
    if (!response.ok) throw await problemFrom(response)
    return response
  }

  /** Server-sent events of a route. The connection ends when the consumer stops or the signal aborts. */
  async *events(
    method: string,
    path: string,
    options: RequestOptions,
  ): AsyncGenerator<ServerEvent, void> {
    const response = await this.send(method, path, { ...options, accept: 'text/event-stream' })
    if (response.body === null) throw cut('the stream')
    try {
      yield* serverEvents(response.body)
    } catch (cause) {
      throw isAbort(cause) ? cause : cut('the stream', cause)
    }
  }

  /** The address of a route, for links and downloads: of the native API, or of a compatible one where it begins with /v1. */
  url(path: string, query?: Query): string {
    const params = new URLSearchParams()
    for (const [key, value] of Object.entries(query ?? {})) {
      if (value !== undefined && value !== null && value !== '') params.set(key, String(value))
    }
    const search = params.size > 0 ? `?${params}` : ''
    const root = path.startsWith('/v1/') ? '' : '/api/v1'
    return `${this.options.baseUrl}${root}${path}${search}`
  }

  private headers(method: string, options: RequestOptions): Record<string, string> {
    const headers: Record<string, string> = { accept: options.accept ?? 'application/json' }
    if (this.options.apiKey) headers.authorization = `Bearer ${this.options.apiKey}`
    // A page of another origin cannot set this header: the server asks for it beside the session cookie.
    if (method !== 'GET') headers['x-plinth-csrf'] = '1'
    if (options.bytes !== undefined) headers['content-type'] = 'application/octet-stream'
    else if (options.json !== undefined) headers['content-type'] = 'application/json'
    if (options.idempotencyKey) headers['idempotency-key'] = options.idempotencyKey
    return headers
  }
}
