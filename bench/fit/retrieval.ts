import { type FusedHit, fuse, type Leg } from '../../src/data/index.ts'
import type { Passage } from '../../src/ports/index.ts'
import { dot } from './logistic.ts'

export interface FitDocument {
  id: string
  title: string
  text: string
  /** What is indexed before the text beside the title: headings, table headers. */
  context?: string
  headingPath?: readonly string[]
  /** The document that this is a passage of; absent: itself. */
  documentId?: string
}

/** What each leg looks at, as the product does. */
const legCandidates = 100
const denseWeight = 0.5

/** A plain BM25 over whole documents (k1 1.2, b .75), fused with vectors where there are some, as the product does. */
export class PlainIndex {
  readonly #documents: readonly FitDocument[]
  readonly #vectors: readonly Float32Array[] | undefined
  readonly #analyse: (text: string) => readonly string[]
  readonly #postings = new Map<string, { at: number; count: number }[]>()
  readonly #lengths: number[] = []
  #average = 0

  constructor(
    documents: readonly FitDocument[],
    more: { analyse: (text: string) => readonly string[]; vectors?: readonly Float32Array[] },
  ) {
    this.#analyse = more.analyse
    this.#documents = documents
    this.#vectors = more.vectors
    for (const [at, document] of documents.entries()) {
      const terms = this.#analyse(indexedText(document))
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

  /** The best passages, without some documents; scores scaled over the first 100 of each leg. */
  search(
    question: { text: string; vector?: Float32Array | undefined },
    most: number,
    without: ReadonlySet<string> = new Set(),
  ): Passage[] {
    const allowed = (at: number) => !without.has(this.#documents[at]!.id)
    const lexical = this.#lexical(question.text, allowed)
    const dense = question.vector && this.#dense(question.vector, allowed)
    return fuse(lexical, dense, denseWeight)
      .slice(0, most)
      .map((hit, i) => toPassage(this.#documents[hit.chunkId]!, hit, i + 1))
  }

  #lexical(question: string, allowed: (at: number) => boolean): Leg {
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
    return leg([...scores].filter(([at]) => allowed(at)))
  }

  #dense(vector: Float32Array, allowed: (at: number) => boolean): Leg {
    const scored = this.#vectors!.map((one, at): [number, number] => [
      at,
      dot(one as unknown as number[], vector as unknown as number[]),
    ])
    return leg(scored.filter(([at]) => allowed(at)))
  }
}

function leg(scored: [number, number][]): Leg {
  return scored
    .sort((a, b) => b[1] - a[1])
    .slice(0, legCandidates)
    .map(([chunkId, score]) => ({ chunkId, score }))
}

/** What is indexed and embedded: title, headings, text. */
export function indexedText({ title, context, text }: FitDocument): string {
  return `${context ?? title}\n${text}`
}

function toPassage(document: FitDocument, hit: FusedHit, number: number): Passage {
  return {
    ...passageOf(document, { number, score: hit.score }),
    ...(hit.lexical === undefined ? {} : { lexicalScore: hit.lexical }),
    ...(hit.dense === undefined ? {} : { denseScore: hit.dense }),
  }
}

export function passageOf(document: FitDocument, more: { number: number; score: number }): Passage {
  const { id, title, text, documentId = id, headingPath = [] } = document
  const place = { chunkId: id, documentId, documentVersionId: id, headingPath }
  return { ...place, title: title.replaceAll('_', ' '), text, start: 0, end: text.length, ...more }
}
