import type { Passage } from '../../src/ports/index.ts'

export interface FitDocument {
  id: string
  title: string
  text: string
}

/** BM25 (k1 1.2, b .75) over documents as they are, for making the passages that a question is asked of. */
export class PlainIndex {
  readonly #documents: readonly FitDocument[]
  readonly #analyse: (text: string) => readonly string[]
  readonly #postings = new Map<string, { at: number; count: number }[]>()
  readonly #lengths: number[] = []
  #average = 0

  constructor(documents: readonly FitDocument[], analyse: (text: string) => readonly string[]) {
    this.#analyse = analyse
    this.#documents = documents
    for (const [at, { title, text }] of documents.entries()) {
      const terms = analyse(`${title}\n${text}`)
      const counts = new Map<string, number>()
      for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
      for (const [term, count] of counts) {
        const list = this.#postings.get(term) ?? []
        list.push({ at, count })
        this.#postings.set(term, list)
      }
      this.#lengths.push(terms.length)
    }
    this.#average = this.#lengths.reduce((sum, length) => sum + length, 0) / documents.length
  }

  /** The best passages, without some documents; scores scaled over the first 100 as retrieval does. */
  search(question: string, most: number, without: ReadonlySet<string> = new Set()): Passage[] {
    const scores = new Map<number, number>()
    for (const term of new Set(this.#analyse(question))) {
      const list = this.#postings.get(term)
      if (!list) continue
      const idf = Math.log(1 + (this.#documents.length - list.length + 0.5) / (list.length + 0.5))
      for (const { at, count } of list) {
        const norm = 1.2 * (0.25 + (0.75 * this.#lengths[at]!) / this.#average)
        scores.set(at, (scores.get(at) ?? 0) + (idf * count * 2.2) / (count + norm))
      }
    }
    const hits = [...scores]
      .filter(([at]) => !without.has(this.#documents[at]!.id))
      .sort((a, b) => b[1] - a[1])
      .slice(0, 100)
    const [high, low] = [hits[0]?.[1] ?? 1, hits.at(-1)?.[1] ?? 0]
    return hits.slice(0, most).map(([at, score], i) => {
      const scaled = high > low ? (score - low) / (high - low) : 1
      return passageOf(this.#documents[at]!, { number: i + 1, score: scaled, lexicalScore: score })
    })
  }
}

export function passageOf(
  document: FitDocument,
  more: { number: number; score: number; lexicalScore?: number },
): Passage {
  const { id, title, text } = document
  const place = { chunkId: id, documentId: id, documentVersionId: id, headingPath: [] }
  return { ...place, title: title.replaceAll('_', ' '), text, start: 0, end: text.length, ...more }
}
