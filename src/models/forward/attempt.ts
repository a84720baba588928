import { PlinthError } from '#kernel'
import type { OutboundDispatcher, OutboundExchange, OutboundReceiver, OutboundTarget } from '#ports'
import type { Outcome } from '../routing/outcome.ts'
import type { Permit } from '../routing/permit.ts'
import type { Try } from '../routing/retry-plan.ts'
import type { ForwardCall } from './forward.ts'
import { nothingObserved, type Observed } from './observed.ts'
import type { PassThrough } from './pass-through.ts'
import { JsonAnswer } from './plain.ts'
import type { ErrorBody, Receiving } from './receiving.ts'
import { StreamReceiver } from './stream-receiver.ts'
import { TranslatedStream, type Translation, translatedAnswer } from './translated.ts'
import { WholeReceiver } from './whole-receiver.ts'

/** What one try sends, and where. */
export interface WireAttempt {
  target: OutboundTarget
  headers: Record<string, string>
  /** Values that must not be told, whoever repeats them. */
  secrets: readonly string[]
  body: Buffer
  /** Where it goes by another way than over the network: a model within this process. */
  outbound?: OutboundDispatcher
  /** Where the endpoint speaks another dialect than the caller. */
  translation?: Translation
  /** Takes the answer where it is none of a chat. */
  receive?(to: Receiving): OutboundReceiver
}

/** Hears of an attempt; exactly one of `ended` and `failed` comes last, unless it was cancelled. */
export interface AttemptEvents {
  /** False: another attempt was first. */
  begun(attempt: Attempt, contentType: string, bytes?: number): boolean
  write(bytes: Buffer): boolean
  ended(attempt: Attempt, last?: Buffer): void
  failed(attempt: Attempt, error: PlinthError): void
}

/** Bytes of an answer; the longest one several times over. */
const maxAnswerBytes = 64 * 1024 * 1024

/** One try of one candidate, with its permit, which is ended whatever happens. */
export class Attempt implements Receiving {
  readonly step: Try
  readonly seen: Observed = nothingObserved()
  readonly protocol: PassThrough
  readonly usageWanted: boolean
  readonly provider: string
  secrets: readonly string[] = []
  readonly #permit: Permit
  readonly #call: ForwardCall
  readonly #events: AttemptEvents
  readonly #elapsedMs: () => number
  readonly #began = performance.now()
  #exchange: OutboundExchange | undefined
  #over = false

  constructor(
    what: { step: Try; permit: Permit; call: ForwardCall; elapsedMs: () => number },
    events: AttemptEvents,
  ) {
    this.step = what.step
    this.provider = what.step.candidate.provider.name
    this.protocol = what.call.protocol
    this.usageWanted = what.call.usageWanted
    this.#permit = what.permit
    this.#call = what.call
    this.#elapsedMs = what.elapsedMs
    this.#events = events
  }

  get ms(): number {
    return performance.now() - this.#began
  }

  start(): void {
    try {
      const prepared = this.#call.prepare(this.step.candidate, this.#permit.key)
      if (prepared instanceof Promise) {
        prepared.then((attempt) => this.#send(attempt)).catch((e) => this.failed(faultOf(e)))
      } else this.#send(prepared)
    } catch (error) {
      this.failed(faultOf(error))
    }
  }

  /** Another one was first, or nobody waits any more. */
  cancel(): void {
    if (this.#over) return
    this.#over = true
    this.#exchange?.abort()
    this.settle('cancelled')
  }

  /** Gives the permit back and tells what was learned. */
  settle(outcome: Outcome, error?: PlinthError): void {
    const { outputTokens: tokens } = this.seen
    const wait = error?.retryAfterSeconds
    const retryAfter = wait === undefined ? {} : { retryAfterMs: wait * 1_000 }
    this.#permit.done({ outcome, tokens, ...retryAfter })
  }

  resume(): void {
    this.#exchange?.resume()
  }

  #send(attempt: WireAttempt): void {
    if (this.#over) return
    const { candidate } = this.step
    const { stream } = this.#call
    const outbound = attempt.outbound ?? this.#call.outbound
    this.secrets = attempt.secrets
    const { totalMs, firstTokenMs, idleMs, connectMs } = candidate.timeouts
    const { allowPrivate } = candidate.provider.spec
    const leftMs = Math.max(1, totalMs - this.#elapsedMs())
    this.#exchange = outbound.dispatch(
      attempt.target,
      {
        method: 'POST',
        headers: attempt.headers,
        body: attempt.body,
        // A whole answer comes at its end: until then nothing can be told from the silence.
        timeouts: {
          totalMs: leftMs,
          firstByteMs: stream ? firstTokenMs : leftMs,
          idleMs,
          connectMs,
        },
        held: stream,
        maxBytes: maxAnswerBytes,
        ...(allowPrivate ? { allowPrivate } : {}),
      },
      attempt.receive?.(this) ?? this.#receiver(attempt.translation),
    )
  }

  #receiver(translation: Translation | undefined): OutboundReceiver {
    const { stream } = this.#call
    if (translation) {
      return stream
        ? new TranslatedStream(this, translation)
        : new JsonAnswer(this, translatedAnswer(this, translation))
    }
    return stream ? new StreamReceiver(this) : new WholeReceiver(this)
  }

  errorOf(answer: ErrorBody): PlinthError {
    return this.#call.errorOf(this.step.candidate, { ...answer, secrets: this.secrets })
  }

  begin(contentType: string, bytes?: number): void {
    if (this.#over) return
    this.#permit.firstToken()
    this.#exchange?.release()
    if (!this.#events.begun(this, contentType, bytes)) this.cancel()
  }

  write(bytes: Buffer): boolean {
    return this.#over || this.#events.write(bytes)
  }

  failed(error: PlinthError): void {
    if (this.#over) return
    this.#over = true
    this.#events.failed(this, error)
  }

  ended(last?: Buffer): void {
    if (this.#over) return
    this.#over = true
    this.#events.ended(this, last)
  }

  proceed(): void {
    this.#exchange?.resume()
  }

  stop(): void {
    this.#exchange?.abort()
  }
}

function faultOf(error: unknown): PlinthError {
  return error instanceof PlinthError
    ? error
    : new PlinthError('INTERNAL', { detail: 'The call could not be built.', cause: error })
}
