import { PlinthError } from '#kernel'
import type { OutboundDispatcher } from '#ports'
import type { Choice } from '../routing/choose.ts'
import type { Candidate } from '../routing/compile.ts'
import type { NotGranted } from '../routing/deployment.ts'
import type { ProviderKey } from '../routing/keys.ts'
import { noneLeft } from '../routing/none-left.ts'
import { meaningOf, type Outcome, outcomeOf } from '../routing/outcome.ts'
import type { Permit } from '../routing/permit.ts'
import type { RetryPlan, Try } from '../routing/retry-plan.ts'
import { Attempt, type AttemptEvents, type WireAttempt } from './attempt.ts'
import { nothingObserved, type Observed } from './observed.ts'
import type { PassThrough } from './pass-through.ts'
import type { ErrorBody } from './receiving.ts'

/** Where the answer goes. Bytes are given in order; `end` or `broken` comes last, once. */
export interface ForwardSink {
  /** The answer begins: nothing can be taken back. `bytes`: its length, where it comes whole. */
  head(contentType: string, candidate: { readonly name: string }, bytes?: number): void
  /** False: no more until `resume` of the forwarding is called. */
  write(bytes: Buffer | string): boolean
  end(bytes?: Buffer): void
  /** The answer ends here although it is not whole. */
  broken(): void
}

export interface ForwardCall {
  choice: Choice
  plan: RetryPlan
  /** Builds what a candidate is sent. May be a promise where a token is fetched. Throws what makes it unusable. */
  prepare(candidate: Candidate, key: ProviderKey | undefined): WireAttempt | Promise<WireAttempt>
  /** The caller's dialect. */
  protocol: PassThrough
  /** What an endpoint's error means, redacted, in whatever dialect it speaks. */
  errorOf(candidate: Candidate, answer: ErrorBody & { secrets: readonly string[] }): PlinthError
  stream: boolean
  /** The caller asked for the usage frame; otherwise it is taken out of the stream. */
  usageWanted: boolean
  outbound: OutboundDispatcher
}

export interface ForwardAttempt {
  candidate: Candidate
  /** Why this one, now. */
  reason: string
  ms: number
  outcome: Outcome
  error?: PlinthError
}

/** What happened, whole once `done` resolved. */
export interface ForwardRecord {
  answered?: Candidate
  attempts: ForwardAttempt[]
  seen: Observed
  /** Bytes given to the caller. */
  bytes: number
  firstTokenMs?: number
  totalMs: number
  outcome: Outcome
  /** Absent: the answer was given whole. */
  error?: PlinthError
  /** The answer had begun before it failed. */
  begun: boolean
}

/**
 * One call given to the first candidate that answers, with tries, waits and hedges as its plan says. Candidates change
 * only before the first content: an answer is never stitched together. `done` never rejects: how it ended stands in
 * the record.
 */
export class Forwarding implements AttemptEvents {
  readonly done: Promise<ForwardRecord>
  readonly #call: ForwardCall
  readonly #sink: ForwardSink
  readonly #record: ForwardRecord
  readonly #started = performance.now()
  readonly #left = new AbortController()
  readonly #live = new Set<Attempt>()
  #finish!: (record: ForwardRecord) => void
  #winner: Attempt | undefined
  #timer: NodeJS.Timeout | undefined
  #hedge: NodeJS.Timeout | undefined
  #hedges = 0
  #over = false

  constructor(call: ForwardCall, sink: ForwardSink) {
    this.#call = call
    this.#sink = sink
    this.#record = {
      attempts: [],
      seen: nothingObserved(),
      bytes: 0,
      totalMs: 0,
      outcome: 'ok',
      begun: false,
    }
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
    this.#start(call.plan.first())
    if (call.choice.route.hedge) this.#hedgeLater(call.choice.route.hedge)
  }

  /** The caller left: the upstream is cancelled at once, also while it is only queued. */
  abort(): void {
    if (this.#over) return
    this.#close('cancelled', new PlinthError('CANCELLED', 'The caller left.'))
  }

  resume(): void {
    this.#winner?.resume()
  }

  #start(step: Try | undefined): void {
    if (this.#over) return
    if (!step) {
      if (this.#live.size > 0) return
      const { attempts } = this.#record
      // That there is no place for another try says less than what the try before failed with.
      const last = attempts.findLast(({ outcome }) => outcome !== 'full') ?? attempts.at(-1)
      this.#fail(last?.outcome ?? 'full', last?.error ?? noneLeft(this.#call.choice))
      return
    }
    if (step.delayMs <= 0) this.#acquire(step)
    else this.#timer = setTimeout(() => this.#acquire(step), step.delayMs)
  }

  #acquire(step: Try): void {
    if (this.#over) return
    const granted = step.candidate.deployment.acquire(this.#left.signal)
    if (granted instanceof Promise) granted.then((late) => this.#granted(step, late))
    else this.#granted(step, granted)
  }

  #granted(step: Try, permit: Permit | NotGranted): void {
    if (this.#over) {
      if (permit.granted) permit.done({ outcome: 'cancelled' })
      return
    }
    if (!permit.granted) {
      const error = busy(step, permit)
      this.#record.attempts.push({ ...stepOf(step), ms: 0, outcome: 'full', error })
      this.#goOn('full', step.candidate)
      return
    }
    const attempt = new Attempt(
      { step, permit, call: this.#call, elapsedMs: () => this.#elapsed() },
      this,
    )
    this.#live.add(attempt)
    attempt.start()
  }

  /** One more candidate is asked beside the one that does not begin. */
  #hedgeLater(hedge: { afterMs: number; max: number }): void {
    this.#hedge = setTimeout(() => {
      if (this.#over || this.#record.begun) return
      const candidate = this.#live.size > 0 ? this.#call.plan.hedge() : undefined
      if (candidate) {
        this.#acquire({ candidate, delayMs: 0, reason: `hedge after ${hedge.afterMs} ms` })
      }
      if (++this.#hedges < hedge.max) this.#hedgeLater(hedge)
    }, hedge.afterMs)
  }

  begun(attempt: Attempt, contentType: string, bytes?: number): boolean {
    if (this.#over || (this.#winner && this.#winner !== attempt)) return false
    this.#winner = attempt
    const record = this.#record
    record.begun = true
    record.seen = attempt.seen
    record.answered = attempt.step.candidate
    record.firstTokenMs = this.#elapsed()
    clearTimeout(this.#hedge)
    clearTimeout(this.#timer)
    for (const other of this.#live) if (other !== attempt) this.#drop(other)
    this.#sink.head(contentType, attempt.step.candidate, bytes)
    return true
  }

  write(bytes: Buffer): boolean {
    this.#record.bytes += bytes.length
    return this.#sink.write(bytes)
  }

  ended(attempt: Attempt, last?: Buffer): void {
    this.#live.delete(attempt)
    if (this.#over) return
    attempt.settle('ok')
    this.#record.attempts.push({ ...stepOf(attempt.step), ms: attempt.ms, outcome: 'ok' })
    this.#record.bytes += last?.length ?? 0
    this.#sink.end(last)
    this.#close('ok')
  }

  failed(attempt: Attempt, error: PlinthError): void {
    this.#live.delete(attempt)
    const { begun } = this.#record
    const what = outcomeOf(error)
    const outcome = begun && meaningOf(what).next ? 'cut' : what
    attempt.settle(outcome, error)
    if (this.#over) return
    this.#record.attempts.push({ ...stepOf(attempt.step), ms: attempt.ms, outcome, error })
    if (begun) {
      this.#fail(outcome, error)
      return
    }
    this.#record.seen = attempt.seen
    this.#goOn(outcome, attempt.step.candidate)
  }

  /** What the plan says after a failure; while another attempt may still answer, that is waited for. */
  #goOn(outcome: Outcome, failed: Candidate): void {
    if (this.#live.size > 0) this.#call.plan.note(outcome, failed)
    else this.#start(this.#call.plan.next(outcome, failed))
  }

  #drop(attempt: Attempt): void {
    this.#live.delete(attempt)
    this.#record.attempts.push({ ...stepOf(attempt.step), ms: attempt.ms, outcome: 'cancelled' })
    attempt.cancel()
  }

  #fail(outcome: Outcome, error: PlinthError): void {
    if (this.#record.begun) {
      this.#sink.write(this.#call.protocol.failFrame(error))
      this.#sink.broken()
    }
    this.#close(outcome, error)
  }

  #close(outcome: Outcome, error?: PlinthError): void {
    this.#over = true
    clearTimeout(this.#timer)
    clearTimeout(this.#hedge)
    const record = this.#record
    for (const attempt of this.#live) {
      record.seen = attempt.seen
      this.#drop(attempt)
    }
    if (error) this.#left.abort()
    record.totalMs = this.#elapsed()
    record.outcome = outcome
    if (error) record.error = error
    const { seen } = record
    if (!seen.counted && seen.contentFrames > 0) seen.outputTokens = seen.contentFrames
    this.#finish(record)
  }

  #elapsed(): number {
    return performance.now() - this.#started
  }
}

function stepOf({ candidate, reason }: Try): Pick<ForwardAttempt, 'candidate' | 'reason'> {
  return { candidate, reason }
}

function busy({ candidate }: Try, { why, retryAfterMs }: NotGranted): PlinthError {
  return new PlinthError('UNAVAILABLE', {
    detail: `The provider ${candidate.provider.name} takes no further call now (${why}).`,
    ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) }),
  })
}
