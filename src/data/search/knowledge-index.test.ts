import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FilterNode, matches } from '../filter-match.ts'
import { fuse } from '../fuse.ts'
import { KnowledgeIndex } from './knowledge-index.ts'
import type { Layout } from './lexical.ts'
import type { DocumentKey, IndexDelta, IndexedChunk, IndexQuery } from './types.ts'
import { exactDot } from './vectors.ts'

const dimensions = 8
const words = ['claim', 'water', 'storm', 'policy', 'fee', '水损', 'größe', '\uFFE0', '😀x']

/** The same answers in the plainest way: a list of chunks, every one scored. */
class BruteForce {
  private chunks: IndexedChunk[] = []

  apply(delta: IndexDelta): void {
    const gone = new Set<DocumentKey>(delta.removeDocuments ?? [])
    this.chunks = this.chunks.filter(({ documentKey }) => !gone.has(documentKey))
    for (const id of delta.removeChunks ?? []) this.drop(id)
    for (const chunk of delta.add ?? []) {
      this.drop(chunk.chunkId)
      this.chunks.push({ ...chunk })
      this.setDocument(chunk.documentKey, chunk)
    }
    for (const change of delta.documents ?? []) this.setDocument(change.documentKey, change)
    for (const { chunkId, vector } of delta.vectors ?? []) {
      for (const chunk of this.chunks) if (chunk.chunkId === chunkId) chunk.vector = vector
    }
  }

  search({
    terms,
    vector,
    permissionSets,
    filter,
    legK = 100,
    denseWeight = 0.5,
    k = 10,
  }: IndexQuery) {
    const allowed = this.chunks.filter(
      (chunk) =>
        permissionSets.includes(chunk.permissionSet) &&
        (filter === undefined || matches(filter, chunk.metadata ?? {})),
    )
    const lexical = allowed
      .map((chunk) => ({ chunkId: chunk.chunkId, score: this.score(chunk, terms) }))
      .filter(({ score }) => score > 0)
    const some = vector !== undefined && this.chunks.some((chunk) => chunk.vector !== undefined)
    const dense = allowed
      .filter((chunk) => chunk.vector !== undefined)
      .map((chunk) => ({
        chunkId: chunk.chunkId,
        score: vector === undefined ? 0 : exactDot(vector, chunk.vector!),
      }))
    return fuse(best(lexical, legK), some ? best(dense, legK) : undefined, denseWeight).slice(0, k)
  }

  private score(chunk: IndexedChunk, terms: readonly string[]): number {
    const all = this.chunks.map(({ searchText }) => searchText.split(' ').filter(Boolean))
    const longer = (0.9 * 0.4 * all.length) / all.reduce((sum, tokens) => sum + tokens.length, 0)
    const own = chunk.searchText.split(' ').filter(Boolean)
    let score = 0
    for (const term of new Set(terms)) {
      const count = own.filter((token) => token === term).length
      const holding = all.filter((tokens) => tokens.includes(term)).length
      const idf = Math.log(1 + (all.length - holding + 0.5) / (holding + 0.5))
      score += (idf * 1.9 * count) / (count + 0.9 * 0.6 + longer * own.length)
    }
    return score
  }

  private drop(chunkId: number): void {
    this.chunks = this.chunks.filter((chunk) => chunk.chunkId !== chunkId)
  }

  private setDocument(key: DocumentKey, change: Partial<IndexedChunk>): void {
    for (const chunk of this.chunks) {
      if (chunk.documentKey !== key) continue
      if (change.permissionSet !== undefined) chunk.permissionSet = change.permissionSet
      if (change.metadata !== undefined) chunk.metadata = change.metadata
    }
  }
}

function best(scored: { chunkId: number; score: number }[], k: number) {
  return scored.sort((a, b) => b.score - a.score || a.chunkId - b.chunkId).slice(0, k)
}

const documentKey = fc.constantFrom<DocumentKey>('a', 'b', 'c', 'd', 5)
const permissionSet = fc.constantFrom(1, 2, 3, 4_000_000_000)
const vector = fc
  .array(fc.integer({ min: -100, max: 100 }), { minLength: dimensions, maxLength: dimensions })
  .map((values) => Float32Array.from(values, (value) => value / 250))
const metadata = fc.record(
  { year: fc.constantFrom(2023, 2024, 2025), kind: fc.constantFrom('form', 'letter') },
  { requiredKeys: [] },
)
const chunk: fc.Arbitrary<IndexedChunk> = fc
  .record({
    chunkId: fc.integer({ min: 1, max: 60 }),
    documentKey,
    permissionSet,
    searchText: fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((t) => t.join(' ')),
    vector: fc.option(vector, { nil: undefined }),
    metadata,
  })
  .map(({ vector: v, ...rest }) => (v === undefined ? rest : { ...rest, vector: v }))
const delta: fc.Arbitrary<IndexDelta> = fc.record({
  epoch: fc.integer({ min: 1, max: 9 }),
  removeDocuments: fc.array(documentKey, { maxLength: 1 }),
  removeChunks: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 2 }),
  add: fc.array(chunk, { maxLength: 12 }),
  documents: fc.array(fc.record({ documentKey, permissionSet, metadata }), { maxLength: 2 }),
  vectors: fc.array(fc.record({ chunkId: fc.integer({ min: 1, max: 60 }), vector }), {
    maxLength: 4,
  }),
})
const filter: fc.Arbitrary<FilterNode> = fc.constantFrom<FilterNode>(
  { op: 'in', field: 'kind', type: 'string', values: ['form'] },
  { op: 'range', field: 'year', type: 'number', gte: 2024 },
  {
    op: 'and',
    nodes: [
      { op: 'range', field: 'year', type: 'number', gt: 2022, lt: 2025 },
      { op: 'exists', field: 'kind', exists: false },
    ],
  },
)
const query: fc.Arbitrary<IndexQuery> = fc
  .record({
    terms: fc.array(fc.constantFrom(...words, 'unknown'), { maxLength: 5 }),
    vector: fc.option(vector, { nil: undefined }),
    permissionSets: fc.uniqueArray(permissionSet, { maxLength: 4 }),
    filter: fc.option(filter, { nil: undefined }),
    legK: fc.constantFrom(3, 100),
    denseWeight: fc.constantFrom(0, 0.3, 0.5, 1),
    k: fc.constantFrom(1, 5, 100),
  })
  .map(({ vector: v, filter: f, ...rest }) => ({
    ...rest,
    ...(v === undefined ? {} : { vector: v }),
    ...(f === undefined ? {} : { filter: f }),
  }))
const layout: fc.Arbitrary<Layout> = fc.record({
  tailRows: fc.constantFrom(1, 3, 10, 1_000),
  mergeFactor: fc.constantFrom(2, 3, 8),
  deadShare: fc.constantFrom(0.01, 0.25, 1),
})

describe('KnowledgeIndex', () => {
  it('answers as brute force does, after any changes, in any layout [M3.index-exact]', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(delta, fc.nat(4)), { minLength: 1, maxLength: 6 }),
        fc.array(query, { minLength: 1, maxLength: 4 }),
        layout,
        (deltas, queries, shape) => {
          const index = new KnowledgeIndex(shape)
          const reference = new BruteForce()
          for (const [change, merging] of deltas) {
            index.apply(change)
            reference.apply(change)
            // Merges stop half way, so that the next change meets one under way.
            for (let i = 0; i < merging && index.maintain(); i++);
            for (const q of queries) {
              expect(index.search(q)).toEqual(reference.search(q))
            }
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})
