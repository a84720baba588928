import { PlinthError, redact } from '#kernel'
import type { OutboundReceiver } from '#ports'
import { ErrorAnswer } from './error-answer.ts'
import type { Receiving } from './receiving.ts'
import { SseFrames } from './sse-frames.ts'

/** What is held back until the first content, so that another candidate can still answer. */
const maxHeldBytes = 256 * 1024

/**
 * Passes a stream on frame by frame, unread where nothing has to be known. Frames before the first content are held; a
 * stream that ends without its end is reported as broken.
 */
export class StreamReceiver implements OutboundReceiver {
  readonly #to: Receiving
  readonly #frames = new SseFrames()
  readonly #take = (frame: Buffer) => this.#frame(frame)
  #refused: ErrorAnswer | undefined
  #contentType = 'text/event-stream'
  #held: Buffer[] = []
  #heldBytes = 0
  #begun = false
  #over = false
  /** Frames of the piece at hand, written at once. */
  #out: Buffer[] = []

  constructor(to: Receiving) {
    this.#to = to
  }

  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (status !== 200) {
      this.#refused = new ErrorAnswer(this.#to, status, headers)
      return
    }
    const type = headers['content-type']
    if (typeof type === 'string') this.#contentType = type
    if (!/^text\/event-stream\b/i.test(this.#contentType)) {
      this.#fail(`answered a request for a stream with ${this.#contentType.slice(0, 60)}`, true)
    }
  }

  data(bytes: Buffer): boolean {
    if (this.#refused) {
      this.#refused.data(bytes)
      return true
    }
    if (this.#over) return true
    try {
      this.#frames.push(bytes, this.#take)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#fail('sent an event without end', true)
    }
    if (!this.#over && this.#to.seen.done) {
      // The end mark ends the answer: its endpoint may keep the connection open.
      this.end()
      return true
    }
    return this.#flush()
  }

  end(): void {
    if (this.#refused) {
      this.#refused.end()
      return
    }
    if (this.#over) return
    const rest = this.#frames.rest()
    // The last frame of some servers lacks its blank line.
    if (rest && isEvent(rest)) this.#frame(Buffer.concat([rest, newlines]))
    if (this.#over) return
    const { seen, protocol } = this.#to
    if (!seen.done && !seen.finished) {
      this.#fail('broke off in the middle of the answer')
      return
    }
    if (!this.#begun) this.#begin()
    if (!seen.done) this.#out.push(Buffer.from(protocol.doneFrame))
    this.#flush()
    this.#over = true
    this.#to.ended()
  }

  error(error: PlinthError): void {
    if (this.#over) return
    const { seen } = this.#to
    // The answer is whole once its reason to finish came; what would follow is bookkeeping.
    if (this.#begun && seen.finished) {
      this.end()
      return
    }
    this.#over = true
    this.#to.failed(error)
  }

  #frame(frame: Buffer): void {
    const { seen, protocol, usageWanted } = this.#to
    // Nothing comes after the end mark, another one neither.
    if (this.#over || seen.done) return
    const kind = protocol.observe(frame, seen)
    if (kind === 'error') {
      this.#fail(`reported an error within the answer: ${seen.error}`, true)
      return
    }
    if (kind === 'usage-only' && !usageWanted) return
    if (this.#begun) {
      this.#out.push(frame)
      return
    }
    this.#held.push(frame)
    this.#heldBytes += frame.length
    if (seen.content || this.#heldBytes > maxHeldBytes) this.#begin()
  }

  #begin(): void {
    this.#begun = true
    this.#to.begin(this.#contentType)
    this.#out.push(...this.#held)
    this.#held = []
  }

  #flush(): boolean {
    const out = this.#out
    if (out.length === 0) return true
    this.#out = []
    return this.#to.write(out.length === 1 ? out[0]! : joined(out))
  }

  #fail(what: string, stop = false): void {
    if (this.#over) return
    this.#flush()
    this.#over = true
    if (stop) this.#to.stop()
    const detail = `The provider ${this.#to.provider} ${redact(what, this.#to.secrets)}.`
    this.#to.failed(new PlinthError('UPSTREAM_FAILED', detail))
  }
}

/** Half an event is none: whoever reads it would stumble over it. */
function isEvent(rest: Buffer): boolean {
  const lines = rest.toString('utf8').split(/\r?\n|\r/)
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim())
  if (data[0] === '[DONE]') return true
  try {
    JSON.parse(data.join('\n'))
    return true
  } catch {
    return false
  }
}

const newlines = Buffer.from('\n\n')

/** Frames cut from one piece lie side by side: then that piece is passed on as it came. */
function joined(frames: readonly Buffer[]): Buffer {
  const first = frames[0]!
  let end = first.byteOffset + first.length
  for (let i = 1; i < frames.length; i++) {
    const frame = frames[i]!
    if (frame.buffer !== first.buffer || frame.byteOffset !== end) return Buffer.concat(frames)
    end += frame.length
  }
  return Buffer.from(first.buffer, first.byteOffset, end - first.byteOffset)
}
