/** Something that must have moved on by a moment. */
export interface Bounded {
  /** `performance.now()` after which `late` is called once. */
  deadline: number
  late(now: number): void
}

/** Milliseconds between two looks: how much later than promised a time-out may come. */
const sweepMs = 25

/**
 * Time-outs of many exchanges by one timer: a timer of their own costs each of them more than all else that is done
 * for it, and none of them needs the exact millisecond.
 */
export class Deadlines {
  readonly #all = new Set<Bounded>()
  #timer: NodeJS.Timeout | undefined

  add(one: Bounded): void {
    this.#all.add(one)
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs)
  }

  delete(one: Bounded): void {
    this.#all.delete(one)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#all.clear()
  }

  #sweep(): void {
    const now = performance.now()
    for (const one of this.#all) if (one.deadline <= now) one.late(now)
    if (this.#all.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
