import type { ServerResponse } from 'node:http'
import { PlinthError } from '#kernel'
import { type ForwardSink, SseFrames } from '#models'
import type { JsonObject } from '#ports'
import { openAiErrorOf } from './errors.ts'

/** Where an answer is kept before its caller learns that it is whole, and could continue it. */
export type Keep = (response: JsonObject) => Promise<void>

const last = /^event:\s*response\.(completed|incomplete)\b/m

/** The whole answer that the last event of a stream holds; undefined in any other. */
export function responseIn(frame: string): JsonObject | undefined {
  if (!last.test(frame)) return undefined
  const data = /^data:(.*)$/m.exec(frame.slice(frame.search(last)))?.[1]
  return (JSON.parse(data ?? '{}') as { response?: JsonObject }).response
}

/** A whole answer on its way to its caller. */
export class KeepingWhole implements ForwardSink {
  readonly #to: ForwardSink
  readonly #raw: ServerResponse
  readonly #keep: Keep
  readonly #requestId: string
  readonly #pieces: Buffer[] = []
  #head: Parameters<ForwardSink['head']> | undefined

  constructor(to: ForwardSink, at: { raw: ServerResponse; keep: Keep; requestId: string }) {
    this.#to = to
    this.#raw = at.raw
    this.#keep = at.keep
    this.#requestId = at.requestId
  }

  head(...head: Parameters<ForwardSink['head']>): void {
    this.#head = head
  }

  write(bytes: Buffer | string): boolean {
    this.#pieces.push(Buffer.from(bytes as Buffer))
    return true
  }

  end(bytes?: Buffer): void {
    if (bytes) this.#pieces.push(bytes)
    const body = Buffer.concat(this.#pieces)
    Promise.resolve()
      .then(() => this.#keep(JSON.parse(body.toString('utf8'))))
      .then(
        () => {
          this.#to.head(...this.#head!)
          this.#to.end(body)
        },
        (error: unknown) => this.#fail(error),
      )
  }

  broken(): void {
    this.#raw.destroy()
  }

  /** Nothing was said yet. */
  #fail(thrown: unknown): void {
    const { status, body } = openAiErrorOf(thrown, this.#requestId)
    const headers = { 'content-type': 'application/json', 'x-request-id': this.#requestId }
    if (!this.#raw.destroyed) this.#raw.writeHead(status, headers).end(JSON.stringify(body))
  }
}

/** A streamed answer: its last event waits until it is kept. */
export class KeepingStream implements ForwardSink {
  readonly #to: ForwardSink
  readonly #keep: Keep
  readonly #requestId: string
  readonly #frames = new SseFrames()
  #kept: Promise<void> | undefined
  /** The last event, and what little comes after it. */
  readonly #held: Buffer[] = []

  constructor(to: ForwardSink, at: { keep: Keep; requestId: string }) {
    this.#to = to
    this.#keep = at.keep
    this.#requestId = at.requestId
  }

  head(...head: Parameters<ForwardSink['head']>): void {
    this.#to.head(...head)
  }

  write(bytes: Buffer | string): boolean {
    let more = true
    try {
      this.#frames.push(Buffer.from(bytes as Buffer), (frame) => {
        more = this.#frame(frame) && more
      })
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      const detail = 'The last event of the answer is too long to be kept.'
      this.#keeping(Promise.reject(new PlinthError('TOO_LARGE', detail)))
    }
    return more
  }

  #frame(frame: Buffer): boolean {
    if (!this.#kept) {
      const response = responseIn(frame.toString('utf8'))
      if (response) this.#keeping(this.#keep(response))
    }
    if (!this.#kept) return this.#to.write(frame)
    this.#held.push(frame)
    return true
  }

  /** That it failed is looked at when the answer ends. */
  #keeping(kept: Promise<void>): void {
    kept.catch(() => undefined)
    this.#kept = kept
  }

  end(bytes?: Buffer): void {
    if (bytes) this.write(bytes)
    const rest = this.#frames.rest()
    if (rest) this.#held.push(rest)
    const kept = this.#kept ?? Promise.resolve()
    kept.then(
      () => this.#to.end(Buffer.concat(this.#held)),
      (error: unknown) => this.#fail(error),
    )
  }

  broken(): void {
    for (const frame of this.#held) this.#to.write(frame)
    this.#to.broken()
  }

  #fail(thrown: unknown): void {
    const { error } = openAiErrorOf(thrown, this.#requestId).body
    const { code, message, param } = error
    this.#to.write(
      `event: error\ndata: ${JSON.stringify({ type: 'error', code, message, param })}\n\n`,
    )
    this.#to.broken()
  }
}
