import { once } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Milliseconds between comments that keep proxies from closing a quiet stream. */
const heartbeatMs = 15_000

/** A stream of server-sent events over a hijacked reply. Waits for a slow reader; ends when the client leaves. */
export class EventStream {
  readonly #reply: FastifyReply
  readonly #beat: NodeJS.Timeout

  constructor(reply: FastifyReply, headers: Record<string, string> = {}) {
    this.#reply = reply
    reply.hijack()
    const cache = reply.getHeader('x-plinth-cache')
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      ...(cache === undefined ? {} : { 'x-plinth-cache': String(cache) }),
      ...headers,
    })
    reply.raw.flushHeaders()
    this.#beat = setInterval(() => reply.raw.write(': \n\n'), heartbeatMs)
    this.#beat.unref()
  }

  get open(): boolean {
    return !this.#reply.raw.destroyed && !this.#reply.raw.writableEnded
  }

  async send(data: unknown, event?: string): Promise<void> {
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    await this.write(`${event ? `event: ${event}\n` : ''}data: ${text}\n\n`)
  }

  async write(frame: string): Promise<void> {
    if (!this.open) return
    if (this.#reply.raw.write(frame)) return
    await Promise.race([once(this.#reply.raw, 'drain'), once(this.#reply.raw, 'close')])
  }

  end(): void {
    clearInterval(this.#beat)
    if (this.open) this.#reply.raw.end()
  }
}

/** Aborted when the client closes the connection before the reply has ended. */
export function clientSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const abort = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) abort.abort(new DOMException('The client left.', 'AbortError'))
  })
  request.raw.once('aborted', () => abort.abort(new DOMException('The client left.', 'AbortError')))
  return abort.signal
}
