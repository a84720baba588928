import type { PlinthError } from '#kernel'

/** The one way out: SSRF checks, time-outs, limits and proxies live behind it. */
export interface OutboundRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
  url: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  signal?: AbortSignal
  /** Private origins that this request may go to, exactly as written: `http://10.0.0.5:8000`. */
  allowPrivate?: readonly string[]
  /** Milliseconds: whole exchange, until the first byte of the body, between two bytes, until it has a connection. */
  timeouts: { totalMs: number; firstByteMs: number; idleMs: number; connectMs?: number }
  /** Bytes of body after which the exchange is broken off (UPSTREAM_FAILED). */
  maxBytes: number
}

export interface OutboundResponse {
  status: number
  headers: Record<string, string>
  body: AsyncIterable<Uint8Array>
}

/** Throws UPSTREAM_BLOCKED, UPSTREAM_TIMEOUT, UPSTREAM_FAILED. Redirects are not followed. */
export interface OutboundClient {
  request(request: OutboundRequest): Promise<OutboundResponse>
}

/** Takes the pieces of an answer as they come; exactly one of `end` and `error` comes last. */
export interface OutboundReceiver {
  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void
  /** False: read no further until `resume` is called. */
  data(bytes: Buffer): boolean
  end(): void
  error(error: PlinthError): void
}

/** An exchange under way. */
export interface OutboundExchange {
  /** Breaks it off; the receiver then hears nothing more. */
  abort(): void
  resume(): void
  /** Of a held exchange: what was awaited first has come. */
  release(): void
}

/** Where a provider lives, parsed once. */
export interface OutboundTarget {
  /** `https://api.example.com`. */
  origin: string
  /** Path and query. */
  path: string
}

export interface DispatchRequest extends Omit<OutboundRequest, 'url' | 'signal'> {
  /** The time for the first byte goes on until `release`: bytes alone, such as comments of a stream, prove nothing. */
  held?: boolean
}

/** The way out without promises and streams, for doors where each microsecond counts. */
export interface OutboundDispatcher {
  /** The same checks and limits as `request`; its failures reach `receiver.error`. */
  dispatch(
    target: OutboundTarget,
    request: DispatchRequest,
    receiver: OutboundReceiver,
  ): OutboundExchange
}
