import { type Check, failed, ok } from './check.ts'

const shownMax = 5

/** Damage of one kind: counted whole, the first few named. */
export class Findings {
  readonly #name: string
  readonly #remedy: string
  readonly #shown: string[] = []
  #count = 0
  /** Things looked at. */
  looked = 0

  constructor(name: string, remedy: string) {
    this.#name = name
    this.#remedy = remedy
  }

  add(what: string): void {
    this.#count++
    if (this.#shown.length < shownMax) this.#shown.push(what)
  }

  get count(): number {
    return this.#count
  }

  /** The check: `ok` with what was looked at, or the damage. */
  check(looked: string): Check {
    if (this.#count === 0) return ok(this.#name, `${this.looked} ${looked}`)
    const more = this.#count - this.#shown.length
    const rest = more > 0 ? `; and ${more} more` : ''
    return failed(this.#name, `${this.#shown.join('; ')}${rest}`, this.#remedy)
  }
}
