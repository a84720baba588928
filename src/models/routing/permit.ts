import type { ProviderKey } from './keys.ts'
import type { Outcome } from './outcome.ts'

/** How a call ended, as whoever made it tells. */
export interface CallEnd {
  outcome: Outcome
  /** Tokens of the answer, where they are known. */
  tokens?: number
  /** What the upstream asked for by `Retry-After`. */
  retryAfterMs?: number
}

/** What a permit was given for, handed back at its end. */
interface Began {
  /** Period of the breaker. */
  readonly period: number
  /** Index of the key. */
  readonly keyIndex: number
  /** Version of the provider's configuration. */
  readonly version: number
}

/** The deployment, as its permits see it. */
export interface PermitOwner {
  now(): number
  firstToken(ms: number): void
  /** The answer streamed: milliseconds per token after the first. */
  streamed(perTokenMs: number): void
  /** The answer came whole. */
  whole(ms: number, tokens: number): void
  done(end: CallEnd, began: Began): void
}

/** The right to make one call of a deployment, until `done`. */
export class Permit implements Began {
  readonly granted = true
  /** The key to call with; undefined where the provider needs none. */
  readonly key: ProviderKey | undefined
  readonly keyIndex: number
  readonly period: number
  readonly version: number
  readonly #owner: PermitOwner
  readonly #began: number
  #firstAt = Number.NaN
  #ended = false

  constructor(owner: PermitOwner, key: ProviderKey | undefined, began: Began) {
    this.#owner = owner
    this.key = key
    this.keyIndex = began.keyIndex
    this.period = began.period
    this.version = began.version
    this.#began = owner.now()
  }

  /** The first content of a stream came. Only the first call counts; an answer that comes whole needs none. */
  firstToken(): void {
    if (this.#ended || !Number.isNaN(this.#firstAt)) return
    this.#firstAt = this.#owner.now()
    this.#owner.firstToken(this.#firstAt - this.#began)
  }

  /** The call ended: gives the place back and learns from it. Only the first call counts. */
  done(end: CallEnd): void {
    if (this.#ended) return
    this.#ended = true
    const { outcome, tokens = 0 } = end
    const now = this.#owner.now()
    const began = !Number.isNaN(this.#firstAt)
    if (outcome === 'ok') {
      if (!began) this.#owner.whole(now - this.#began, tokens)
      else if (tokens > 1) this.#owner.streamed((now - this.#firstAt) / (tokens - 1))
    } else if (outcome === 'timeout' && !began) {
      // Whoever lets everybody wait until the end is slow, not unmeasured.
      this.#owner.firstToken(now - this.#began)
    }
    this.#owner.done(end, this)
  }
}
