import { Breaker } from './breaker.ts'
import type { Endpoint } from './endpoint.ts'
import type { Waited } from './gate.ts'
import { KeyRing } from './keys.ts'
import { meaningOf } from './outcome.ts'
import { PeakEwma } from './peak-ewma.ts'
import { type CallEnd, Permit, type PermitOwner } from './permit.ts'
import { RetryBudget } from './retry-budget.ts'
import { breakerSettings } from './settings.ts'

/** Why a deployment takes no call now. */
export type Refusal = 'full' | 'late' | 'left' | 'breaker' | 'resting' | 'no-key' | 'down'

/** A call that was not let in. */
export interface NotGranted {
  readonly granted: false
  readonly why: Refusal
  /** Milliseconds after which it may be worth another try, where that is known. */
  readonly retryAfterMs: number | undefined
}

/** How long a key rests after a rate limit that names no time. */
const restMs = 1_000
/** How long a key rests for a model that it may not use: a single odd request is refused like that, too. */
const forbiddenMs = 60_000
/** No rest, whoever asks for it, is longer. */
const maxRestMs = 3_600_000

/** Calls by how they ended, since the process started. */
export interface Counts {
  ok: number
  caller: number
  policy: number
  provider: number
  plinth: number
}

/**
 * Live state of one upstream model behind one provider of one organization: what it takes, how fast it is, whether it
 * works, which key is next. In memory, of this process; it outlives configurations that leave the provider alone.
 * The breaker and the measurements are the model's, whichever key a call used; rest after a rate limit is the key's
 * (so that organization, provider, key and model together are limited), places in flight are the provider's.
 */
export class Deployment {
  readonly endpoint: Endpoint
  readonly upstreamModel: string
  /** Milliseconds to the first token, and per token after it. */
  readonly firstTokenMs = new PeakEwma()
  readonly perTokenMs = new PeakEwma()
  readonly retries = new RetryBudget()
  readonly counts: Counts = { ok: 0, caller: 0, policy: 0, provider: 0, plinth: 0 }
  readonly #now: () => number
  readonly #breaker: Breaker
  readonly #owner: PermitOwner
  #keys: KeyRing
  #version: number
  #inFlight = 0
  #answerTokens = 0

  constructor(
    endpoint: Endpoint,
    upstreamModel: string,
    { now, tell }: { now: () => number; tell?: (openMs: number) => void },
  ) {
    this.endpoint = endpoint
    this.upstreamModel = upstreamModel
    this.#now = now
    this.#version = endpoint.version
    this.#breaker = new Breaker(breakerSettings(endpoint.provider.spec), tell)
    this.#keys = new KeyRing(endpoint.keys)
    this.#owner = {
      now,
      firstToken: (ms) => this.firstTokenMs.observe(ms, now()),
      streamed: (ms) => this.perTokenMs.observe(ms, now()),
      // Of an answer that came whole, what its tokens usually take is not the wait for the first one.
      whole: (ms, tokens) => {
        const told = Math.max(0, tokens - 1) * this.perTokenMs.read(now())
        this.firstTokenMs.observe(Math.max(0, ms - told), now())
      },
      done: (end, began) => this.#done(end, began),
    }
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Tokens of its usual answer; 0 where nothing was measured. */
  get answerTokens(): number {
    return this.#answerTokens
  }

  get breaker(): 'closed' | 'open' | 'half-open' {
    return this.#breaker.state(this.#now())
  }

  /** Keys that work now; 1 where none is needed. */
  get usableKeys(): number {
    return this.#keys.usable(this.#now())
  }

  /** Why the keys do not work, in words that follow the provider's name. */
  get keyTrouble(): string {
    return this.#keys.explain()
  }

  /** Another process of this server had its breaker opened for so long, or closed (0). */
  hear(openMs: number): void {
    this.#breaker.hear(openMs, this.#now())
  }

  /** Takes over what changed at the provider: keys begin anew, and the breaker closed. */
  follow(): void {
    if (this.#version === this.endpoint.version) return
    this.#version = this.endpoint.version
    this.#keys = new KeyRing(this.endpoint.keys)
    this.#breaker.reset(breakerSettings(this.endpoint.provider.spec))
  }

  /** Why a call would not be let in now; undefined where it would. Changes nothing. */
  refusal(now: number): Refusal | undefined {
    if (this.endpoint.down(now)) return 'down'
    if (this.#breaker.waitMs(now) > 0) return 'breaker'
    const wait = this.#keys.waitMs(now)
    if (wait > 0) return wait === Number.POSITIVE_INFINITY ? 'no-key' : 'resting'
    return this.endpoint.gate.full ? 'full' : undefined
  }

  /** Milliseconds until a refusal may have passed, where that is known. */
  waitMs(now: number): number | undefined {
    const wait = Math.max(this.#breaker.waitMs(now), this.#keys.waitMs(now))
    return wait > 0 && wait < Number.POSITIVE_INFINITY ? wait : undefined
  }

  /**
   * A place for one call, at once where one is free, else after waiting in the provider's line; never where the
   * breaker is open, no key works or the line is full. Whoever aborts the signal leaves the line. A permit must be
   * ended with `done`, exactly once.
   */
  acquire(signal?: AbortSignal): Permit | NotGranted | Promise<Permit | NotGranted> {
    if (signal?.aborted) return this.#not('left')
    const why = this.refusal(this.#now())
    if (why !== undefined) return this.#not(why)
    const { gate } = this.endpoint
    if (gate.enter()) return this.#inside()
    const waiting = gate.wait(signal)
    return waiting ? this.#after(waiting, signal) : this.#not('full')
  }

  async #after(waiting: Promise<Waited>, signal?: AbortSignal): Promise<Permit | NotGranted> {
    const how = await waiting
    if (how !== 'in') return this.#not(how)
    if (!signal?.aborted) return this.#inside()
    this.endpoint.gate.leave()
    return this.#not('left')
  }

  /** A place at the gate is held: the rest decides, and a refusal gives the place back. */
  #inside(): Permit | NotGranted {
    const now = this.#now()
    const why = this.endpoint.down(now)
      ? 'down'
      : this.#keys.waitMs(now) > 0
        ? 'resting'
        : undefined
    const period = why === undefined ? this.#breaker.admit(now) : -1
    if (period < 0) {
      this.endpoint.gate.leave()
      return this.#not(why ?? 'breaker')
    }
    const keyIndex = this.#keys.take(now)
    this.#inFlight++
    const began = { period, keyIndex, version: this.#version }
    return new Permit(this.#owner, this.#keys.at(keyIndex), began)
  }

  #done(end: CallEnd, began: Parameters<PermitOwner['done']>[1]): void {
    const now = this.#now()
    const { outcome, tokens = 0 } = end
    const { fault, health } = meaningOf(outcome)
    this.#inFlight--
    this.counts[fault ?? 'ok']++
    this.#breaker.end(began.period, health, now)
    if (began.version === this.#version) this.#judgeKey(end, began.keyIndex, now)
    if (outcome === 'ok' && tokens > 0) {
      const before = this.#answerTokens
      this.#answerTokens = before === 0 ? tokens : before + (tokens - before) / 16
    }
    this.endpoint.gate.leave()
  }

  #judgeKey({ outcome, retryAfterMs }: CallEnd, index: number, now: number): void {
    if (outcome === 'unauthorized') {
      const key = this.#keys.at(index)
      if (key) key.refused = true
    } else if (outcome === 'forbidden') {
      this.#keys.rest(index, now + forbiddenMs)
    } else if (outcome === 'rate-limited' || (outcome === 'overloaded' && retryAfterMs)) {
      this.#keys.rest(index, now + Math.min(maxRestMs, retryAfterMs ?? restMs))
    }
  }

  #not(why: Refusal): NotGranted {
    return { granted: false, why, retryAfterMs: this.waitMs(this.#now()) }
  }
}
