import { PlinthError } from '#kernel'

export type Lane = 'query' | 'passage'

/** Texts of one call. `next` is the first that was not handed out yet. */
export interface Batch {
  lane: Lane
  texts: readonly string[]
  next: number
  vectors: Float32Array[]
  resolve(vectors: Float32Array[]): void
  reject(error: unknown): void
  done: boolean
}

/** Calls that may wait, and characters of their texts together. */
const maxBatches = 1_024
const maxChars = 64 * 1024 * 1024

/** Who is next: questions before passages, each lane first come, first served. Bounded by calls and characters. */
export class EmbedQueue {
  readonly #lanes: Record<Lane, Batch[]> = { query: [], passage: [] }
  #chars = 0

  /** Throws UNAVAILABLE when the queue is full. */
  add(batch: Batch): void {
    const chars = charsOf(batch)
    const waiting = this.#lanes.query.length + this.#lanes.passage.length
    if (waiting >= maxBatches || (waiting > 0 && this.#chars + chars > maxChars)) {
      throw new PlinthError('UNAVAILABLE', {
        detail: `The embedder has ${waiting} calls waiting and takes no more.`,
        remedy: 'Wait and try again, or send fewer texts at once.',
      })
    }
    this.#chars += chars
    this.#lanes[batch.lane].push(batch)
  }

  /** The next text to embed, or undefined. A batch whose texts are all handed out leaves the queue. */
  take(): { batch: Batch; text: string } | undefined {
    for (const lane of [this.#lanes.query, this.#lanes.passage]) {
      const batch = lane[0]
      if (!batch) continue
      const text = batch.texts[batch.next++]!
      if (batch.next >= batch.texts.length) this.remove(batch)
      return { batch, text }
    }
    return undefined
  }

  remove(batch: Batch): void {
    const lane = this.#lanes[batch.lane]
    const at = lane.indexOf(batch)
    if (at < 0) return
    lane.splice(at, 1)
    this.#chars -= charsOf(batch)
  }

  /** Empties the queue and gives back what waited. */
  clear(): Batch[] {
    this.#chars = 0
    return [...this.#lanes.query.splice(0), ...this.#lanes.passage.splice(0)]
  }
}

function charsOf(batch: Batch): number {
  let chars = 0
  for (const text of batch.texts) chars += text.length
  return chars
}
