/** The one way out: SSRF checks, time-outs, limits and proxies live behind it. */
export interface OutboundRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
  url: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  signal?: AbortSignal
  /** Private origins that this request may go to, exactly as written: `http://10.0.0.5:8000`. */
  allowPrivate?: readonly string[]
  /** Milliseconds: whole exchange, until the first byte of the body, between two bytes. */
  timeouts: { totalMs: number; firstByteMs: number; idleMs: number }
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
