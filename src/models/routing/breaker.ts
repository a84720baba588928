/** When a breaker opens, and for how long. */
export interface BreakerSettings {
  failures: number
  ratio: number
  windowMs: number
  openMs: number
}

const slots = 10

/**
 * Circuit breaker over a sliding window of ten slots. Closed: calls pass and are counted; `failures` of them that are
 * at least `ratio` of all open it. Open: nothing passes for `openMs`. Then half-open: exactly one call passes as the
 * probe; if it works the breaker closes, if it fails it opens again, if it says nothing another probe may pass.
 * A call that began before the last change of state says nothing about the state after it.
 */
export class Breaker {
  #settings: BreakerSettings
  /** Hears when it opens (for how long) and closes (0): other processes of one server call the same endpoint. */
  readonly #tell: (openMs: number) => void
  readonly #works = new Uint32Array(slots)
  readonly #fails = new Uint32Array(slots)
  #slot = 0
  #worked = 0
  #failed = 0
  /** Changes with each state; a call remembers the one it began in. */
  #period = 0
  #open = false
  #openUntil = 0
  #probing = false

  constructor(settings: BreakerSettings, tell: (openMs: number) => void = () => undefined) {
    this.#settings = settings
    this.#tell = tell
  }

  /** What another process was told by the same endpoint. The probe of one is waited for by all. */
  hear(openMs: number, now: number): void {
    if (openMs <= 0) {
      if (this.#open) this.#close()
      return
    }
    if (!this.#open) this.#period++
    this.#open = true
    this.#openUntil = Math.max(this.#openUntil, now + openMs)
  }

  state(now: number): 'closed' | 'open' | 'half-open' {
    if (!this.#open) return 'closed'
    return now < this.#openUntil ? 'open' : 'half-open'
  }

  /** Milliseconds until a call may pass; 0 where one may now, Infinity while a probe is under way. */
  waitMs(now: number): number {
    if (!this.#open) return 0
    if (now < this.#openUntil) return this.#openUntil - now
    return this.#probing ? Number.POSITIVE_INFINITY : 0
  }

  /** Lets a call pass, as the probe where half-open: the period to report its end with. Negative: it may not. */
  admit(now: number): number {
    if (!this.#open) return this.#period
    if (now < this.#openUntil || this.#probing) return -1
    this.#probing = true
    this.#tell(this.#settings.openMs)
    return this.#period
  }

  /** The end of a call that was admitted in a period. Each admitted call ends exactly once. */
  end(period: number, health: 'works' | 'fails' | 'unknown', now: number): void {
    if (period !== this.#period) return
    if (this.#open) {
      this.#probing = false
      if (health === 'works') {
        this.#close()
        this.#tell(0)
      } else if (health === 'fails') this.#trip(now)
      return
    }
    if (health === 'unknown') return
    this.#advance(now)
    const slot = this.#slot % slots
    if (health === 'works') {
      this.#works[slot]!++
      this.#worked++
      return
    }
    this.#fails[slot]!++
    this.#failed++
    const { failures, ratio } = this.#settings
    const enough = this.#failed >= ratio * (this.#failed + this.#worked)
    if (this.#failed >= failures && enough) this.#trip(now)
  }

  /** Begins anew, closed, with other settings. */
  reset(settings: BreakerSettings): void {
    this.#settings = settings
    this.#close()
  }

  #trip(now: number): void {
    this.#period++
    this.#open = true
    this.#openUntil = now + this.#settings.openMs
    this.#tell(this.#settings.openMs)
  }

  #close(): void {
    this.#period++
    this.#open = false
    this.#probing = false
    this.#forget(slots)
  }

  #advance(now: number): void {
    const slot = Math.floor((now * slots) / this.#settings.windowMs)
    if (slot > this.#slot) {
      this.#forget(Math.min(slots, slot - this.#slot))
      this.#slot = slot
    }
  }

  #forget(passed: number): void {
    for (let i = 1; i <= passed; i++) {
      const at = (this.#slot + i) % slots
      this.#worked -= this.#works[at]!
      this.#failed -= this.#fails[at]!
      this.#works[at] = 0
      this.#fails[at] = 0
    }
  }
}
