import { mergeSegments } from './merge.ts'
import type { Part, Postings, Segment } from './segment.ts'
import { Tail } from './tail.ts'
import { Top } from './top.ts'
import type { Candidate } from './types.ts'

/** How an index is laid out; no setting changes any score (tested). */
export interface Layout {
  /** Rows of the tail before it becomes a segment. */
  tailRows: number
  /** Segments of about the same size before they are merged, at least 2. */
  mergeFactor: number
  /** Share of removed rows at which a segment is rewritten without them. */
  deadShare: number
}

export const defaultLayout: Layout = { tailRows: 512, mergeFactor: 8, deadShare: 0.25 }

/**
 * BM25 (Robertson and Zaragoza 2009; idf as in Lucene, never negative). On SciFact (training
 * queries, title and abstract) nDCG@10 is .7023 with .9/.4, .7037 with 1.2/.5, .7034 with 1.2/.75:
 * no difference that 809 queries can tell.
 */
export const bm25 = { k1: 0.9, b: 0.4 } as const

/** Terms of a query looked up, and scored: a pasted page is no reason to read half the index. */
const maxTerms = 4_096
const maxScored = 256

/** Segments and tail under one set of statistics, as if they were a single index. */
export class LexicalIndex {
  private segments: Segment[]
  private tail = new Tail()
  private merge: { inputs: Segment[]; steps: Generator<void, Segment | undefined> } | undefined
  private readonly layout: Layout
  private scores = new Float64Array(0)
  /** Segments to be rewritten because of the removed rows in them. */
  private readonly purging = new Set<Segment>()

  constructor(layout: Layout = defaultLayout, segments: Segment[] = []) {
    this.layout = layout
    this.segments = segments
  }

  add(chunkId: number, document: number, searchText: string): void {
    this.tail.add(chunkId, document, searchText)
    if (this.tail.rowCount >= this.layout.tailRows) this.seal()
  }

  /** Turns the tail into a segment. */
  seal(): void {
    const segment = this.tail.seal()
    if (segment !== undefined) this.segments.push(segment)
    this.tail = new Tail()
  }

  /** The document ordinal of a live chunk, or -1. */
  documentOf(chunkId: number): number {
    for (const part of this.parts()) {
      const row = part.rowOf(chunkId)
      if (row >= 0 && part.live[row] === 1) return part.documents[row]!
    }
    return -1
  }

  removeChunk(chunkId: number): boolean {
    for (const part of this.parts()) {
      const row = part.rowOf(chunkId)
      if (row >= 0 && part.live[row] === 1) {
        removeRow(part, row)
        return true
      }
    }
    return false
  }

  /** Removes the rows of all documents with 0 in `alive`. */
  removeDead(alive: Uint8Array): void {
    for (const part of this.parts()) {
      for (let row = 0; row < part.rowCount; row++) {
        if (alive[part.documents[row]!] === 0 && part.live[row] === 1) removeRow(part, row)
      }
    }
  }

  /**
   * The best k rows of documents with 1 in `allowed`; rows without any of the terms are no
   * candidates.
   */
  search(terms: readonly string[], allowed: Uint8Array, k: number): Candidate[] {
    const parts = this.parts().filter((part) => part.liveRows > 0)
    const rows = parts.reduce((sum, part) => sum + part.liveRows, 0)
    const tokens = parts.reduce((sum, part) => sum + part.liveTokens, 0)
    if (rows === 0 || tokens === 0) return []
    const weighted = this.weigh(terms, parts, rows)
    if (weighted.length === 0) return []
    const top = new Top(k)
    const long = (bm25.k1 * bm25.b * rows) / tokens
    for (const part of parts) {
      const scores = this.scoresOf(part)
      for (const { bytes, term, weight } of weighted) {
        const found = part.postings(term, bytes)
        if (found !== undefined) accumulate(scores, found, part.lengths, { weight, long })
      }
      collect(top, scores, part, allowed)
    }
    return top.list()
  }

  get stats(): { chunks: number; segments: number; bytes: number } {
    const parts = this.parts()
    return {
      chunks: parts.reduce((sum, part) => sum + part.liveRows, 0),
      segments: this.segments.length,
      bytes: this.segments.reduce((sum, segment) => sum + segment.bytes, this.tail.bytes),
    }
  }

  /** The segments as they are, tail sealed. */
  sealed(): readonly Segment[] {
    this.seal()
    return this.segments
  }

  /** Whether no segment holds a removed row. */
  get isClean(): boolean {
    return this.segments.every((segment) => segment.liveRows === segment.rowCount)
  }

  /** Whether segments wait to be merged, or are being. */
  get isMerging(): boolean {
    this.merge ??= this.planMerge()
    return this.merge !== undefined
  }

  /** Has every segment with a removed row rewritten, however few those are. */
  purge(): void {
    this.seal()
    // A merge that is under way carries along what was removed since it began.
    this.merge = undefined
    this.purging.clear()
    for (const segment of this.segments) {
      if (segment.liveRows < segment.rowCount) this.purging.add(segment)
    }
  }

  /** Does one step of merging, about a millisecond; false when there is nothing to do. */
  maintain(): boolean {
    this.merge ??= this.planMerge()
    if (this.merge === undefined) return false
    const { inputs, steps } = this.merge
    const step = steps.next()
    if (step.done) {
      const rest = this.segments.filter((segment) => !inputs.includes(segment))
      this.segments = step.value === undefined ? rest : [...rest, step.value]
      for (const input of inputs) this.purging.delete(input)
      this.merge = undefined
    }
    return true
  }

  private planMerge(): LexicalIndex['merge'] {
    const { mergeFactor, deadShare } = this.layout
    for (const segment of this.purging) return startMerge([segment])
    const tiers = new Map<number, Segment[]>()
    for (const segment of this.segments) {
      if (segment.liveRows < segment.rowCount * (1 - deadShare)) return startMerge([segment])
      const size = Math.max(1, segment.liveRows / this.layout.tailRows)
      const tier = Math.floor(Math.log(size) / Math.log(mergeFactor) + 1e-9)
      const peers = tiers.get(tier) ?? []
      peers.push(segment)
      tiers.set(tier, peers)
      if (peers.length >= mergeFactor) return startMerge(peers)
    }
    return undefined
  }

  private parts(): Part[] {
    return [...this.segments, this.tail]
  }

  /**
   * Each known term once with its idf, over live rows only, in the order of the query; of more
   * terms than the limit the rarest.
   */
  private weigh(terms: readonly string[], parts: readonly Part[], rows: number): WeightedTerm[] {
    const weighted: WeightedTerm[] = []
    for (const term of new Set(terms.slice(0, maxTerms))) {
      const bytes = Buffer.from(term)
      let holding = 0
      for (const part of parts) {
        const found = part.postings(term, bytes)
        if (found !== undefined) holding += liveIn(found, part)
      }
      if (holding === 0) continue
      const idf = Math.log(1 + (rows - holding + 0.5) / (holding + 0.5))
      weighted.push({ term, bytes, weight: idf * (bm25.k1 + 1) })
    }
    if (weighted.length <= maxScored) return weighted
    return weighted.sort((a, b) => b.weight - a.weight).slice(0, maxScored)
  }

  private scoresOf(part: Part): Float64Array {
    if (this.scores.length < part.rowCount) this.scores = new Float64Array(part.rowCount)
    else this.scores.fill(0, 0, part.rowCount)
    return this.scores
  }
}

interface WeightedTerm {
  term: string
  bytes: Uint8Array
  weight: number
}

function startMerge(inputs: Segment[]): {
  inputs: Segment[]
  steps: Generator<void, Segment | undefined>
} {
  const copy = [...inputs]
  return { inputs: copy, steps: mergeSegments(copy) }
}

function removeRow(part: Part, row: number): void {
  part.live[row] = 0
  part.liveRows--
  part.liveTokens -= part.lengths[row]!
}

function liveIn({ rows, from, to }: Postings, part: Part): number {
  if (part.liveRows === part.rowCount) return to - from
  let count = 0
  for (let p = from; p < to; p++) count += part.live[rows[p]!]!
  return count
}

const short = bm25.k1 * (1 - bm25.b)

/** Adds one term's share to each row: weight x tf / (tf + k1 (1 - b) + k1 b length / average). */
function accumulate(
  scores: Float64Array,
  { rows, counts, from, to }: Postings,
  lengths: Uint32Array,
  { weight, long }: { weight: number; long: number },
): void {
  for (let p = from; p < to; p++) {
    const row = rows[p]!
    const count = counts[p]!
    scores[row] = scores[row]! + (weight * count) / (count + short + long * lengths[row]!)
  }
}

function collect(top: Top, scores: Float64Array, part: Part, allowed: Uint8Array): void {
  const { rowCount, live, documents, chunkIds } = part
  let { least } = top
  for (let row = 0; row < rowCount; row++) {
    const score = scores[row]!
    // Most rows end here: nothing matched, or not well enough.
    if (score === 0 || score < least) continue
    if (live[row] === 0 || allowed[documents[row]!] === 0) continue
    top.offer(score, chunkIds[row]!)
    least = top.least
  }
}
