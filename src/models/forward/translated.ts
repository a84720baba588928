import { PlinthError, redact } from '#kernel'
import type {
  CallUsage,
  Dialect,
  ErrorPlace,
  OutboundReceiver,
  StreamEvent,
  StreamReader,
  StreamWriter,
  StreamWriterOptions,
  UpstreamProblem,
} from '#ports'
import { ErrorAnswer } from './error-answer.ts'
import type { Observed } from './observed.ts'
import type { Receiving } from './receiving.ts'

/** An answer that comes in one dialect and is given in another. */
export interface Translation {
  from: Dialect
  to: Dialect
  reply: StreamWriterOptions
  place: ErrorPlace
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Written events that are held until the first content, so that another candidate can still answer. */
const maxHeldBytes = 256 * 1024

/** Takes a stream in the endpoint's dialect and gives it in the caller's, event by event. */
export class TranslatedStream implements OutboundReceiver {
  readonly #to: Receiving
  readonly #reader: StreamReader
  readonly #writer: StreamWriter
  #refused: ErrorAnswer | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #begun = false
  #over = false

  constructor(to: Receiving, translation: Translation) {
    this.#to = to
    this.#reader = translation.from.readStream()
    this.#writer = translation.to.writeStream(translation.reply)
  }

  head(status: number, headers: Headers): void {
    if (status !== 200) this.#refused = new ErrorAnswer(this.#to, status, headers)
  }

  data(bytes: Buffer): boolean {
    if (this.#refused) {
      this.#refused.data(bytes)
      return true
    }
    return this.#take(this.#reader.push(bytes))
  }

  end(): void {
    if (this.#refused) {
      this.#refused.end()
      return
    }
    this.#take(this.#reader.end())
    if (this.#over) return
    const { seen } = this.#to
    if (!this.#reader.complete && !seen.finished) {
      this.#fail('broke off in the middle of the answer')
      return
    }
    if (!this.#begun) this.#begin()
    this.#give(this.#writer.end())
    this.#over = true
    this.#to.ended()
  }

  error(error: PlinthError): void {
    if (this.#over) return
    // The answer is whole once its reason to finish came; what would follow is bookkeeping.
    if (this.#begun && this.#to.seen.finished) {
      this.end()
      return
    }
    this.#over = true
    this.#to.failed(error)
  }

  #take(events: readonly StreamEvent[]): boolean {
    let more = true
    for (const event of events) {
      if (this.#over) return true
      if (event.type === 'error') {
        this.#problem(event.problem)
        return true
      }
      observeEvent(event, this.#to.seen)
      more = this.#give(this.#writer.write(event)) && more
      const { content } = this.#to.seen
      if (!this.#begun && (content || this.#heldBytes > maxHeldBytes)) more = this.#begin() && more
    }
    return more
  }

  #give(written: string | Uint8Array): boolean {
    if (written.length === 0) return true
    const bytes = Buffer.from(written as Uint8Array)
    if (this.#begun) return this.#to.write(bytes)
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    return true
  }

  #begin(): boolean {
    this.#begun = true
    this.#to.begin(this.#writer.contentType)
    const held = this.#held
    this.#held = []
    return held.length === 0 || this.#to.write(Buffer.concat(held))
  }

  #problem({ said, message }: UpstreamProblem): void {
    this.#fail(said ? `reported an error within the answer: ${message}` : message)
  }

  #fail(what: string): void {
    this.#over = true
    this.#to.stop()
    this.#to.failed(brokenBy(this.#to, what))
  }
}

/** Takes a whole answer in the endpoint's dialect and gives it in the caller's. */
export class TranslatedWhole implements OutboundReceiver {
  readonly #to: Receiving
  readonly #translation: Translation
  readonly #pieces: Buffer[] = []
  #refused: ErrorAnswer | undefined

  constructor(to: Receiving, translation: Translation) {
    this.#to = to
    this.#translation = translation
  }

  head(status: number, headers: Headers): void {
    if (status !== 200) this.#refused = new ErrorAnswer(this.#to, status, headers)
  }

  data(bytes: Buffer): boolean {
    if (this.#refused) this.#refused.data(bytes)
    else this.#pieces.push(bytes)
    return true
  }

  end(): void {
    if (this.#refused) {
      this.#refused.end()
      return
    }
    const body = this.#translated()
    if (!body) return
    this.#to.begin('application/json', body.length)
    this.#to.ended(body)
  }

  error(error: PlinthError): void {
    this.#to.failed(error)
  }

  #translated(): Buffer | undefined {
    const { from, to, reply: options } = this.#translation
    const { seen } = this.#to
    try {
      const reply = from.readReply(JSON.parse(Buffer.concat(this.#pieces).toString('utf8')))
      seen.content = true
      seen.finished = true
      seen.done = true
      if (reply.usage) observeUsage(reply.usage, seen)
      const finish = reply.choices[0]?.finish
      if (finish) seen.finish = finish
      return Buffer.from(JSON.stringify(to.writeReply(reply, options).body))
    } catch (error) {
      const what = error instanceof PlinthError ? error.message : 'sent no JSON'
      this.#to.failed(brokenBy(this.#to, what))
      return undefined
    }
  }
}

/** Events that begin an answer: text, a refusal, thoughts, a call. */
const contents: ReadonlySet<string> = new Set([
  'text',
  'refusal',
  'reasoning',
  'tool-call',
  'opaque',
])

function observeEvent(event: StreamEvent, seen: Observed): void {
  if (contents.has(event.type)) {
    seen.content = true
    seen.contentFrames++
  } else if (event.type === 'finish') {
    seen.finished = true
    seen.finish = event.reason
  } else if (event.type === 'usage') observeUsage(event.usage, seen)
}

function observeUsage(usage: CallUsage, seen: Observed): void {
  seen.counted = true
  seen.inputTokens = usage.inputTokens
  seen.outputTokens = usage.outputTokens
  seen.cachedTokens = usage.cachedInputTokens ?? 0
  seen.reasoningTokens = usage.reasoningTokens ?? 0
}

function brokenBy({ provider, secrets }: Receiving, what: string): PlinthError {
  return new PlinthError('UPSTREAM_FAILED', `The provider ${provider} ${redact(what, secrets)}.`)
}
