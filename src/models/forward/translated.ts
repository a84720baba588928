import { PlinthError, redact, toPlinthError } from '#kernel'
import type {
  CallUsage,
  Dialect,
  ErrorPlace,
  ModelReply,
  OutboundReceiver,
  StreamEvent,
  StreamReader,
  StreamWriter,
  StreamWriterOptions,
  UpstreamProblem,
} from '#ports'
import { ErrorAnswer } from './error-answer.ts'
import type { Observed } from './observed.ts'
import type { ReadAnswer } from './plain.ts'
import type { Receiving } from './receiving.ts'

/** An answer that comes in one dialect and is given in another. */
export interface Translation {
  from: Dialect
  to: Dialect
  reply: StreamWriterOptions
  place: ErrorPlace
  /** What is done to texts on their way, where something is. */
  transform?: AnswerTransform
}

/** Changes an answer on its way: masks it, or puts values back. Calls do not overlap. */
export interface AnswerTransform {
  /** What is given instead of an event; texts may be held back, and come before the `finish` of their choice. */
  event(event: StreamEvent): Promise<readonly StreamEvent[]>
  reply(reply: ModelReply): Promise<ModelReply>
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Written events that are held until the first content, so that another candidate can still answer. */
const maxHeldBytes = 256 * 1024

/** Takes a stream in the endpoint's dialect and gives it in the caller's, event by event. */
export class TranslatedStream implements OutboundReceiver {
  readonly #to: Receiving
  readonly #reader: StreamReader
  readonly #writer: StreamWriter
  readonly #transform: AnswerTransform | undefined
  #chain: Promise<void> = Promise.resolve()
  #refused: ErrorAnswer | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #begun = false
  #over = false

  constructor(to: Receiving, translation: Translation) {
    this.#to = to
    this.#reader = translation.from.readStream()
    this.#writer = translation.to.writeStream(translation.reply)
    this.#transform = translation.transform
  }

  head(status: number, headers: Headers): void {
    if (status !== 200) this.#refused = new ErrorAnswer(this.#to, status, headers)
  }

  data(bytes: Buffer): boolean {
    if (this.#refused) {
      this.#refused.data(bytes)
      return true
    }
    if (this.#over) return true
    const events = this.#reader.push(bytes)
    // The end mark ends the answer: its endpoint may keep the connection open.
    const whole = this.#reader.complete
    if (!this.#transform) {
      const more = this.#take(events)
      if (whole) this.#finish()
      return more || whole
    }
    // A piece of an event says nothing yet.
    if (events.length === 0 && !whole) return true
    // Nothing more is read until these are through: texts keep their order, and memory its bound.
    this.#inTurn(async () => {
      const more = await this.#takeChanged(events)
      if (whole) this.#finish()
      if (more || whole) this.#to.proceed()
    })
    return false
  }

  end(): void {
    if (this.#refused) {
      this.#refused.end()
      return
    }
    const events = this.#reader.end()
    if (!this.#transform) {
      this.#take(events)
      this.#finish()
      return
    }
    this.#inTurn(async () => {
      await this.#takeChanged(events)
      this.#finish()
    })
  }

  error(error: PlinthError): void {
    this.#inTurn(async () => this.#broken(error))
  }

  #broken(error: PlinthError): void {
    if (this.#over) return
    // The answer is whole once its reason to finish came; what would follow is bookkeeping.
    if (this.#begun && this.#to.seen.finished) {
      this.#finish()
      return
    }
    this.#over = true
    this.#to.failed(error)
  }

  #inTurn(work: () => Promise<void>): void {
    this.#chain = this.#chain.then(work).catch((error: unknown) => {
      if (this.#over) return
      this.#over = true
      this.#to.stop()
      this.#to.failed(toPlinthError(error))
    })
  }

  #finish(): void {
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

  async #takeChanged(events: readonly StreamEvent[]): Promise<boolean> {
    let more = true
    for (const event of events) {
      if (this.#over) return true
      if (event.type === 'error') return this.#take([event])
      const changed = (await this.#transform?.event(event)) ?? [event]
      more = this.#take(changed) && more
    }
    return more
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

/** A whole answer in the endpoint's dialect as one in the caller's. */
export function translatedAnswer(at: Receiving, translation: Translation): ReadAnswer {
  const { from, to, reply: options, transform } = translation
  return async (body, seen) => {
    const reply = readWith(from, body, at)
    if (reply.usage) observeUsage(reply.usage, seen)
    const finish = reply.choices[0]?.finish
    if (finish) seen.finish = finish
    const changed = (await transform?.reply(reply)) ?? reply
    return to.writeReply(changed, options).body
  }
}

function readWith(dialect: Dialect, body: unknown, at: Receiving): ModelReply {
  try {
    return dialect.readReply(body)
  } catch (error) {
    const what = error instanceof PlinthError ? error.message : 'sent no answer of its protocol'
    throw brokenBy(at, what)
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
