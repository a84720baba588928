/** Calls at once, calls that wait, and how long. */
export interface GateSettings {
  max: number
  queue: number
  queueMs: number
}

/** How waiting ended: with a place, or because it took too long, or because whoever waited left. */
export type Waited = 'in' | 'late' | 'left'

interface Waiter {
  until: number
  end(how: Waited): void
  before: Waiter | undefined
  after: Waiter | undefined
}

/**
 * Counts who is in and lets the rest wait in line. Exactly one timer runs while anybody waits, none otherwise;
 * whoever leaves is taken out of the line at once.
 */
export class Gate {
  #settings: GateSettings
  readonly #now: () => number
  #inside = 0
  #waiting = 0
  #head: Waiter | undefined
  #tail: Waiter | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(settings: GateSettings, now: () => number) {
    this.#settings = settings
    this.#now = now
  }

  get inside(): number {
    return this.#inside
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Of the places, how many are taken or waited for: above 1 there is a line. */
  get load(): number {
    return (this.#inside + this.#waiting) / this.#settings.max
  }

  /** Neither a place nor room in the line. */
  get full(): boolean {
    const { max, queue } = this.#settings
    return (this.#inside >= max || this.#waiting > 0) && this.#waiting >= queue
  }

  /** Takes a place if one is free and nobody waits for it. */
  enter(): boolean {
    if (this.#inside >= this.#settings.max || this.#waiting > 0) return false
    this.#inside++
    return true
  }

  /** Waits in line; undefined where the line is full. With `in` the place is taken: `leave` gives it back. */
  wait(signal?: AbortSignal): Promise<Waited> | undefined {
    if (this.#waiting >= this.#settings.queue) return undefined
    if (signal?.aborted) return Promise.resolve('left')
    return new Promise((resolve) => {
      const left = () => {
        this.#remove(waiter)
        resolve('left')
      }
      const waiter: Waiter = {
        until: this.#now() + this.#settings.queueMs,
        end: (how) => {
          signal?.removeEventListener('abort', left)
          resolve(how)
        },
        before: this.#tail,
        after: undefined,
      }
      signal?.addEventListener('abort', left, { once: true })
      if (this.#tail) this.#tail.after = waiter
      else this.#head = waiter
      this.#tail = waiter
      this.#waiting++
      if (this.#waiting === 1) this.#wake()
    })
  }

  /** Gives a place back: to the first in line, where there is one. */
  leave(): void {
    this.#inside--
    this.#admit()
  }

  /** Other limits; who is in stays in. */
  configure(settings: GateSettings): void {
    this.#settings = settings
    this.#admit()
  }

  #admit(): void {
    while (this.#head && this.#inside < this.#settings.max) {
      const first = this.#head
      this.#remove(first)
      this.#inside++
      first.end('in')
    }
  }

  #remove(waiter: Waiter): void {
    const { before, after } = waiter
    if (before) before.after = after
    else this.#head = after
    if (after) after.before = before
    else this.#tail = before
    this.#waiting--
    if (this.#waiting > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Everybody waits equally long, so the first in line is the first to be late. */
  #wake(): void {
    const first = this.#head
    if (!first) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        const now = this.#now()
        while (this.#head && this.#head.until <= now) {
          const late = this.#head
          this.#remove(late)
          late.end('late')
        }
        this.#wake()
      },
      Math.max(1, Math.ceil(first.until - this.#now())),
    )
  }
}
