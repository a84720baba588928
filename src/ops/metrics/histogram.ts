import type { Sample } from './exposition.ts'

/** Counts observations by upper bounds. Observing allocates nothing. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let at = 0
    while (at < bounds.length && value > (bounds[at] as number)) at++
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#sum += value
  }

  /** Its samples: cumulative buckets, sum and count; none before the first observation. */
  samples(labels: Readonly<Record<string, string>>): Sample[] {
    let count = 0
    const buckets: Sample[] = []
    for (const [i, n] of this.#counts.entries()) {
      count += n
      const le = i < this.#bounds.length ? String(this.#bounds[i]) : '+Inf'
      buckets.push({ suffix: '_bucket', labels: { ...labels, le }, value: count })
    }
    if (count === 0) return []
    return [
      ...buckets,
      { suffix: '_sum', labels, value: this.#sum },
      { suffix: '_count', labels, value: count },
    ]
  }
}
