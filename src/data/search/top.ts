import type { Candidate } from './types.ts'

/** The best k of a stream of scored chunks; of equal scores the lower chunk id wins. */
export class Top {
  /** A candidate below this cannot enter; compare with `<` before calling `offer`. */
  least = Number.NEGATIVE_INFINITY
  private readonly scores: Float64Array
  private readonly ids: Float64Array
  private size = 0
  private readonly k: number

  constructor(k: number) {
    this.k = k
    this.scores = new Float64Array(k)
    this.ids = new Float64Array(k)
  }

  offer(score: number, chunkId: number): void {
    if (this.size < this.k) {
      this.rise(this.size++, score, chunkId)
      if (this.size === this.k) this.least = this.scores[0]!
    } else if (this.k > 0 && worse(this.scores[0]!, this.ids[0]!, score, chunkId)) {
      this.sink(score, chunkId)
      this.least = this.scores[0]!
    }
  }

  /** Best first. */
  list(): Candidate[] {
    const found: Candidate[] = []
    for (let i = 0; i < this.size; i++) {
      found.push({ chunkId: this.ids[i]!, score: this.scores[i]! })
    }
    return found.sort((a, b) => b.score - a.score || a.chunkId - b.chunkId)
  }

  private rise(at: number, score: number, id: number): void {
    let i = at
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!worse(score, id, this.scores[parent]!, this.ids[parent]!)) break
      this.scores[i] = this.scores[parent]!
      this.ids[i] = this.ids[parent]!
      i = parent
    }
    this.scores[i] = score
    this.ids[i] = id
  }

  /** Replaces the worst, which stands at the root. */
  private sink(score: number, id: number): void {
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= this.size) break
      const right = child + 1
      if (
        right < this.size &&
        worse(this.scores[right]!, this.ids[right]!, this.scores[child]!, this.ids[child]!)
      ) {
        child = right
      }
      if (!worse(this.scores[child]!, this.ids[child]!, score, id)) break
      this.scores[i] = this.scores[child]!
      this.ids[i] = this.ids[child]!
      i = child
    }
    this.scores[i] = score
    this.ids[i] = id
  }
}

function worse(score: number, id: number, otherScore: number, otherId: number): boolean {
  return score < otherScore || (score === otherScore && id > otherId)
}
