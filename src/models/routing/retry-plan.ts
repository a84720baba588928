import { type Choice, placeReason } from './choose.ts'
import type { Candidate } from './compile.ts'
import { meaningOf, type Outcome } from './outcome.ts'

/** One try: whom to call, after how long, and why. */
export interface Try {
  readonly candidate: Candidate
  /** Milliseconds to wait before it. */
  readonly delayMs: number
  readonly reason: string
}

/** Tries of one request, whatever routes and providers say. */
const maxTries = 24

/**
 * What to try after what failed. A key that is not accepted or limited is followed by another key of the same
 * provider; then come the other candidates in order, without a wait; then, as often as route and provider allow,
 * another round after a random wait (full jitter). Further tries of the same candidate are paid from its retry
 * budget: at most a fifth of its requests. Only candidates of the choice are ever tried, so clearance holds throughout.
 */
export class RetryPlan {
  readonly #choice: Choice
  readonly #now: () => number
  readonly #random: () => number
  /** When the request must be answered, by the same clock. */
  readonly #deadline: number
  #at = 0
  #round = 0
  #tries = 0
  /** Bits of the candidates that were tried, and of those that cannot do better. */
  #tried = 0
  #hopeless = 0

  constructor(
    choice: Choice,
    at: { now: () => number; random: () => number; deadline?: number | undefined },
  ) {
    this.#choice = choice
    this.#now = at.now
    this.#random = at.random
    this.#deadline = at.deadline ?? Number.POSITIVE_INFINITY
  }

  /** The first try; undefined where there is nobody to call. */
  first(): Try | undefined {
    return this.#choice.order.length === 0 ? undefined : this.#fresh(0)
  }

  /** A try failed while others are under way: it is kept in mind, and nothing is begun. */
  note(outcome: Outcome, failed: Candidate): void {
    this.#at = this.#choice.order.indexOf(failed)
    if (!meaningOf(outcome).again) this.#hopeless |= 1 << this.#at
  }

  /**
   * The next try after one failed; undefined where nothing is left or nothing would help. `failed` names whose try it
   * was, where there was more than one at a time; else it is the latest one.
   */
  next(outcome: Outcome, failed?: Candidate): Try | undefined {
    this.note(outcome, failed ?? (this.#choice.order[this.#at] as Candidate))
    const { next, again } = meaningOf(outcome)
    if (!next && !again) return undefined
    if (this.#tries >= maxTries || this.#now() >= this.#deadline) return undefined
    return this.#otherKey(outcome) ?? this.#further() ?? this.#anotherRound()
  }

  /** A candidate to ask beside the one that is slow, cleared like it; undefined where there is none or too many were. */
  hedge(): Candidate | undefined {
    if (this.#tries >= maxTries) return undefined
    const now = this.#now()
    const { order } = this.#choice
    for (let i = 0; i < order.length; i++) {
      const one = order[i] as Candidate
      if (this.#tried & (1 << i) || one.deployment.refusal(now) !== undefined) continue
      if (!one.deployment.retries.withdraw()) continue
      this.#tried |= 1 << i
      this.#tries++
      return one
    }
    return undefined
  }

  #otherKey(outcome: Outcome): Try | undefined {
    if (outcome !== 'unauthorized' && outcome !== 'forbidden' && outcome !== 'rate-limited') {
      return undefined
    }
    const candidate = this.#choice.order[this.#at] as Candidate
    const { deployment } = candidate
    if (deployment.refusal(this.#now()) !== undefined || candidate.provider.spec.keys === undefined)
      return undefined
    if (!deployment.retries.withdraw()) return undefined
    return this.#try(this.#at, 0, 'another key of the same provider')
  }

  /** The next of this round. Without a wait: it is another candidate. */
  #further(): Try | undefined {
    const now = this.#now()
    const { order } = this.#choice
    for (let i = 0; i < order.length; i++) {
      const one = order[i] as Candidate
      if ((this.#tried | this.#hopeless) & (1 << i)) continue
      if (one.deployment.refusal(now) !== undefined) continue
      if (this.#round === 0) return this.#fresh(i)
      if (this.#round <= one.retry.max && one.deployment.retries.withdraw()) {
        return this.#try(i, 0, `round ${this.#round + 1}`)
      }
    }
    return undefined
  }

  /** Another round begins with the first candidate that may do better and whose wait and budget allow it. */
  #anotherRound(): Try | undefined {
    const { order } = this.#choice
    const now = this.#now()
    this.#round++
    this.#tried = 0
    for (let i = 0; i < order.length; i++) {
      const one = order[i] as Candidate
      if (this.#hopeless & (1 << i) || this.#round > one.retry.max) continue
      const delayMs = this.#waitFor(one, now)
      if (delayMs === undefined || now + delayMs >= this.#deadline) continue
      if (!one.deployment.retries.withdraw()) continue
      return this.#try(i, delayMs, `round ${this.#round + 1} after a wait`)
    }
    return undefined
  }

  /** Full jitter, or what the provider asked for where that is longer; undefined where it is too long. */
  #waitFor({ deployment, retry }: Candidate, now: number): number | undefined {
    const { baseMs, maxMs } = retry
    const refused = deployment.refusal(now) !== undefined
    const asked = refused ? (deployment.waitMs(now) ?? Number.POSITIVE_INFINITY) : 0
    if (asked > maxMs) return undefined
    const jitter = this.#random() * Math.min(maxMs, baseMs * 2 ** (this.#round - 1))
    // A timer may ring a moment early, and who is asked to wait does not come early.
    return asked > 0 ? Math.max(Math.ceil(asked) + 1, jitter) : jitter
  }

  #fresh(index: number): Try {
    this.#choice.order[index]?.deployment.retries.deposit()
    return this.#try(index, 0, placeReason(this.#choice, index))
  }

  #try(index: number, delayMs: number, reason: string): Try {
    this.#at = index
    this.#tried |= 1 << index
    this.#tries++
    return { candidate: this.#choice.order[index] as Candidate, delayMs, reason }
  }
}
