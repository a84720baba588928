import { PlinthError } from '#kernel'
import type { ForwardRecord, ForwardSink } from '../forward/forward.ts'

/** How an answer ended for one of those who wait for it. */
export interface Ended {
  /** Absent: it was given whole. */
  error?: PlinthError
  begun: boolean
}

/** An answer on its way to one caller. */
export interface Exchange<T extends Ended = Ended> {
  /** Never rejects. */
  readonly done: Promise<T>
  /** The caller left. */
  abort(): void
  /** The caller can take more. */
  resume(): void
}

interface Reader {
  sink: ForwardSink
  begun: boolean
  blocked: boolean
  finish(ended: Ended): void
}

/** Hears nothing: for those who wait until an answer is whole. */
export const muteSink: ForwardSink = {
  head() {},
  write: () => true,
  end() {},
  broken() {},
}

/**
 * One call of a model that several callers wait for. Each sees the whole answer, whenever they came; the call goes on
 * while one of them is left. A caller that reads slowly holds up the others only when more than `maxBytes` are waiting.
 */
export class Flight implements ForwardSink {
  /** What became of it; undefined where it was never made. */
  readonly over: Promise<ForwardRecord | undefined>
  readonly #maxBytes: number
  readonly #readers = new Set<Reader>()
  readonly #said: Buffer[] = []
  #bytes = 0
  #head: { contentType: string; candidate: { readonly name: string }; length?: number } | undefined
  #upstream: Exchange<ForwardRecord> | undefined
  /** The last word was given: that callers close their connections now says nothing. */
  #ended = false
  #finished = false
  #end!: (record: ForwardRecord | undefined) => void

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** Who comes now can still be given all of it. */
  get open(): boolean {
    return !this.#ended && !this.#finished && this.#bytes <= this.#maxBytes
  }

  /** Callers who are left. */
  get readers(): number {
    return this.#readers.size
  }

  /** All that was said; undefined where it was too long to be kept. */
  get said(): Buffer | undefined {
    return this.#bytes > this.#maxBytes ? undefined : Buffer.concat(this.#said)
  }

  get contentType(): string {
    return this.#head?.contentType ?? ''
  }

  start(forward: (sink: ForwardSink) => Exchange<ForwardRecord>): void {
    this.#upstream = forward(this)
    void this.#upstream.done.then((record) => this.#finish(record))
    if (this.#readers.size === 0) this.#upstream.abort()
  }

  /** The call is not made. */
  cancel(): void {
    this.#finish(undefined)
  }

  join(sink: ForwardSink): Exchange {
    let finish!: (ended: Ended) => void
    const done = new Promise<Ended>((resolve) => {
      finish = resolve
    })
    const reader: Reader = { sink, begun: false, blocked: false, finish }
    this.#readers.add(reader)
    if (this.#head) {
      this.#begin(reader)
      for (const bytes of this.#said) this.#give(reader, bytes)
    }
    return {
      done,
      abort: () => this.#leave(reader),
      resume: () => {
        reader.blocked = false
        if (![...this.#readers].some(({ blocked }) => blocked)) this.#upstream?.resume()
      },
    }
  }

  head(contentType: string, candidate: { readonly name: string }, length?: number): void {
    this.#head = { contentType, candidate, ...(length === undefined ? {} : { length }) }
    for (const reader of this.#readers) this.#begin(reader)
  }

  write(given: Buffer | string): boolean {
    const bytes = typeof given === 'string' ? Buffer.from(given) : given
    this.#keep(bytes)
    let more = true
    for (const reader of this.#readers) more = this.#give(reader, bytes) && more
    return more || this.#bytes <= this.#maxBytes
  }

  end(last?: Buffer): void {
    this.#ended = true
    if (last) this.#keep(last)
    for (const { sink } of this.#readers) sink.end(last)
  }

  broken(): void {
    this.#ended = true
    for (const { sink } of this.#readers) sink.broken()
  }

  #keep(bytes: Buffer): void {
    this.#bytes += bytes.length
    if (this.#bytes > this.#maxBytes) this.#said.length = 0
    // The piece may be a view of a larger buffer that is used again.
    else this.#said.push(Buffer.from(bytes))
  }

  #begin(reader: Reader): void {
    const { contentType, candidate, length } = this.#head!
    reader.begun = true
    reader.sink.head(contentType, candidate, length)
  }

  #give(reader: Reader, bytes: Buffer): boolean {
    const more = reader.sink.write(bytes)
    if (!more) reader.blocked = true
    return more
  }

  #leave(reader: Reader): void {
    if (this.#ended || !this.#readers.delete(reader)) return
    const error = new PlinthError('CANCELLED', 'The caller left.')
    reader.finish({ begun: reader.begun, error })
    if (this.#readers.size === 0) this.#upstream?.abort()
    else if (reader.blocked) this.#upstream?.resume()
  }

  #finish(record: ForwardRecord | undefined): void {
    if (this.#finished) return
    this.#finished = true
    this.#end(record)
    const error = record?.error ?? (record ? undefined : notMade())
    for (const reader of this.#readers) {
      reader.finish({ begun: reader.begun, ...(error ? { error } : {}) })
    }
    this.#readers.clear()
  }
}

function notMade(): PlinthError {
  return new PlinthError('CANCELLED', 'The call was not made.')
}
