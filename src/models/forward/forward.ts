import { PlinthError } from '#kernel'
import type { OutboundDispatcher, OutboundExchange, OutboundReceiver, OutboundTarget } from '#ports'
import type { ModelChoice } from '../route.ts'
import { nothingObserved, type Observed } from './observed.ts'
import type { PassThrough } from './pass-through.ts'
import type { ErrorBody, Receiving } from './receiving.ts'
import { StreamReceiver } from './stream-receiver.ts'
import { TranslatedStream, TranslatedWhole, type Translation } from './translated.ts'
import { WholeReceiver } from './whole-receiver.ts'

/** Where the answer goes. Bytes are given in order; `end` or `broken` comes last, once. */
export interface ForwardSink {
  /** The answer begins: nothing can be taken back. `bytes`: its length, where it comes whole. */
  head(contentType: string, choice: ModelChoice, bytes?: number): void
  /** False: no more until `resume` of the forwarding is called. */
  write(bytes: Buffer | string): boolean
  end(bytes?: Buffer): void
  /** The answer ends here although it is not whole. */
  broken(): void
}

/** What one try sends, and where. */
export interface WireAttempt {
  target: OutboundTarget
  headers: Record<string, string>
  /** Values that must not be told, whoever repeats them. */
  secrets: readonly string[]
  body: Buffer
  /** Where the endpoint speaks another dialect than the caller. */
  translation?: Translation
}

export interface ForwardCall {
  choices: readonly ModelChoice[]
  /** Builds what a choice is sent. May be a promise where a token is fetched. Throws what makes the choice unusable. */
  prepare(choice: ModelChoice): WireAttempt | Promise<WireAttempt>
  /** The caller's dialect. */
  protocol: PassThrough
  /** What an endpoint's error means, redacted, in whatever dialect it speaks. */
  errorOf(choice: ModelChoice, answer: ErrorBody): PlinthError
  stream: boolean
  /** The caller asked for the usage frame; otherwise it is taken out of the stream. */
  usageWanted: boolean
  outbound: OutboundDispatcher
  /** Called before a choice is tried and after; what it returns hears how the try went. */
  begin?(choice: ModelChoice): AttemptWatch | undefined
}

/** Hears how one try goes: breaker, latency, keys. */
export interface AttemptWatch {
  firstToken(): void
  done(how: { error?: PlinthError; outputTokens: number }): void
}

export interface ForwardAttempt {
  choice: ModelChoice
  ms: number
  error?: PlinthError
}

/** What happened, whole once `done` resolved. */
export interface ForwardRecord {
  answered?: ModelChoice
  attempts: ForwardAttempt[]
  seen: Observed
  /** Bytes given to the caller. */
  bytes: number
  firstTokenMs?: number
  totalMs: number
  /** Absent: the answer was given whole. */
  error?: PlinthError
  /** The answer had begun before it failed. */
  begun: boolean
}

/** Bytes of an answer; the longest one several times over. */
const maxAnswerBytes = 64 * 1024 * 1024
/** After these another candidate may do better. */
const next: ReadonlySet<string> = new Set([
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_BLOCKED',
  'TOO_MANY_REQUESTS',
  'UNAVAILABLE',
  'UNSUPPORTED',
])

/**
 * One call passed through to the first candidate that answers. Candidates change only before the first content: an
 * answer is never stitched together. `done` never rejects: how it ended stands in the record.
 */
export class Forwarding {
  readonly done: Promise<ForwardRecord>
  readonly #call: ForwardCall
  readonly #sink: ForwardSink
  readonly #record: ForwardRecord
  readonly #started = performance.now()
  #finish!: (record: ForwardRecord) => void
  #exchange: OutboundExchange | undefined
  #over = false

  constructor(call: ForwardCall, sink: ForwardSink) {
    this.#call = call
    this.#sink = sink
    this.#record = { attempts: [], seen: nothingObserved(), bytes: 0, totalMs: 0, begun: false }
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.#try(0)
  }

  /** The caller left: the upstream is cancelled at once, also while it is only queued. */
  abort(): void {
    if (this.#over) return
    this.#exchange?.abort()
    this.#close(new PlinthError('CANCELLED', 'The caller left.'))
  }

  resume(): void {
    this.#exchange?.resume()
  }

  #try(index: number): void {
    const choice = this.#call.choices[index]
    if (!choice) {
      this.#fail(noneUsable())
      return
    }
    const began = performance.now()
    const watch = this.#call.begin?.(choice)
    this.#record.seen = nothingObserved()
    const failed = (error: PlinthError) => {
      if (this.#over) return
      const { begun } = this.#record
      this.#record.attempts.push({ choice, ms: performance.now() - began, error })
      watch?.done({ error, outputTokens: this.#record.seen.outputTokens })
      const more = !begun && next.has(error.code) && index + 1 < this.#call.choices.length
      if (more) this.#try(index + 1)
      else this.#fail(error)
    }
    try {
      const prepared = this.#call.prepare(choice)
      const send = (attempt: WireAttempt) => this.#send(attempt, { choice, began, watch, failed })
      if (prepared instanceof Promise) prepared.then(send).catch((e) => failed(faultOf(e)))
      else send(prepared)
    } catch (error) {
      failed(faultOf(error))
    }
  }

  #send(
    attempt: WireAttempt,
    at: {
      choice: ModelChoice
      began: number
      watch: AttemptWatch | undefined
      failed: (error: PlinthError) => void
    },
  ): void {
    if (this.#over) return
    const { choice, watch } = at
    const record = this.#record
    const events = {
      seen: record.seen,
      protocol: this.#call.protocol,
      provider: choice.provider.name,
      secrets: attempt.secrets,
      usageWanted: this.#call.usageWanted,
      errorOf: (answer: ErrorBody) => this.#call.errorOf(choice, answer),
      begin: (contentType: string, bytes?: number) => {
        record.begun = true
        record.answered = choice
        record.firstTokenMs = performance.now() - this.#started
        watch?.firstToken()
        this.#exchange?.release()
        this.#sink.head(contentType, choice, bytes)
      },
      write: (bytes: Buffer) => {
        record.bytes += bytes.length
        return this.#sink.write(bytes)
      },
      failed: at.failed,
      ended: (last?: Buffer) => {
        if (this.#over) return
        record.attempts.push({ choice, ms: performance.now() - at.began })
        watch?.done({ outputTokens: record.seen.outputTokens })
        record.bytes += last?.length ?? 0
        this.#sink.end(last)
        this.#close()
      },
      proceed: () => this.#exchange?.resume(),
      stop: () => this.#exchange?.abort(),
    }
    const { stream } = this.#call
    const receiver = receiverOf(events, { stream, translation: attempt.translation })
    const { timeouts, allowPrivate } = choice.provider.spec
    const { totalMs, firstTokenMs, idleMs } = timeouts
    this.#exchange = this.#call.outbound.dispatch(
      attempt.target,
      {
        method: 'POST',
        headers: attempt.headers,
        body: attempt.body,
        // A whole answer comes at its end: until then nothing can be told from the silence.
        timeouts: { totalMs, firstByteMs: stream ? firstTokenMs : totalMs, idleMs },
        held: stream,
        maxBytes: maxAnswerBytes,
        ...(allowPrivate ? { allowPrivate } : {}),
      },
      receiver,
    )
  }

  #fail(error: PlinthError): void {
    if (this.#over) return
    if (this.#record.begun) {
      this.#sink.write(this.#call.protocol.failFrame(error))
      this.#sink.broken()
    }
    this.#close(error)
  }

  #close(error?: PlinthError): void {
    this.#over = true
    const record = this.#record
    record.totalMs = performance.now() - this.#started
    if (error) record.error = error
    const { seen } = record
    if (!seen.counted && seen.contentFrames > 0) seen.outputTokens = seen.contentFrames
    this.#finish(record)
  }
}

function receiverOf(
  events: Receiving,
  { stream, translation }: { stream: boolean; translation: Translation | undefined },
): OutboundReceiver {
  if (translation) {
    return stream
      ? new TranslatedStream(events, translation)
      : new TranslatedWhole(events, translation)
  }
  return stream ? new StreamReceiver(events) : new WholeReceiver(events)
}

function faultOf(error: unknown): PlinthError {
  return error instanceof PlinthError
    ? error
    : new PlinthError('INTERNAL', { detail: 'The call could not be built.', cause: error })
}

function noneUsable(): PlinthError {
  return new PlinthError('UNAVAILABLE', {
    detail: 'No model of the route can be used.',
    remedy:
      'See why with `plinth doctor`: a key that is not set, or a resource that does not exist.',
  })
}
