import type { Constraint } from '#governance'
import { limits, PlinthError, type Resource, type Trace } from '#kernel'
import type { Embedder } from '#ports'
import { analyseQuery } from './analyse.ts'
import { readEpochs } from './documents/epoch.ts'
import { compileFilter } from './filter.ts'
import { type FusedHit, fuse } from './fuse.ts'
import { modelKey } from './ingest/embedding.ts'
import { indexedBase, indexName } from './search/indexed-base.ts'
import type { BaseLanguages } from './search/languages.ts'
import { type IndexHouse, loadIndex } from './search/loading.ts'
import { type Candidate, mergeNeighbours, readWinners } from './search/winners.ts'

export interface RetrieveHouse extends IndexHouse {
  languages: BaseLanguages
  embedder(base: Resource<'KnowledgeBase'>): Embedder | undefined
}

export interface Query {
  organizationId: string
  text: string
  bases: readonly Resource<'KnowledgeBase'>[]
  /** From `authorize`: only documents with these permission sets exist for the asker. */
  constraint: Constraint
  filter?: Readonly<Record<string, unknown>>
  topK?: number
  /** Overrides the bases' own weight (search bench). */
  denseWeight?: number
  /** Join neighbouring chunks of one document into one passage (default true). */
  merge?: boolean
  /** Epochs of the bases, where the caller has read them after the question came; else they are read here. */
  epochs?: ReadonlyMap<string, number> | undefined
  signal?: AbortSignal
}

export interface Found {
  /** Best first, read from the database under the constraint. */
  candidates: Candidate[]
  terms: string[]
  dense: { embedder: string | null; off: string | null }
  /** Milliseconds. */
  took: { analyse: number; embed: number; search: number; read: number }
  /** Milliseconds of `took.search` in which an index was loaded or brought up to date; 0 where all were. */
  loadMs: number
}

interface Hit {
  chunkId: number
  score: number
  lexical?: { score: number; rank: number }
  dense?: { score: number; rank: number }
}

/** Attempts to bring an index up to the epoch a query saw, before the query gives up. */
const catchUps = 5

/**
 * Finds passages: each base's index, in a worker thread, proposes under the permission constraint; PostgreSQL
 * disposes under the same constraint. A base's epoch is read first, so that what was committed before the question is
 * found, and what was removed or forbidden is not.
 */
export async function retrieve(query: Query, house: RetrieveHouse, trace?: Trace): Promise<Found> {
  const clock = new Stopwatch(trace)
  const epochs = await epochsOf(query, house)
  const filled = query.bases.filter((base) => epochs.has(base.name))
  const off = denseOff(query, house)
  const asked = filled.map((base) => ({ base, embedder: house.embedder(base) }))
  const vectors = await clock.time('embed', () => embedOnce(query, asked))
  const terms = await clock.time('analyse', () => analyseFor(query, house, epochs))
  const hits = await clock.time('search', async () => {
    const perBase = await Promise.all(
      asked.map(({ base, embedder }) =>
        searchBase(query, house, {
          base,
          terms: terms.get(base.name) ?? [],
          epoch: epochs.get(base.name) ?? 0,
          clock,
          embedder,
          vector: embedder ? vectors.get(embedder.id) : undefined,
        }),
      ),
    )
    return ranked(perBase.length > 1 ? fuseBases(query, asked, perBase) : (perBase[0] ?? []))
  })
  const candidates = await clock.time('read', () =>
    readWinners(house.store, {
      organizationId: query.organizationId,
      constraint: query.constraint,
      hits: hits.slice(0, topKOf(query)),
    }),
  )
  const merged = query.merge === false ? candidates : mergeNeighbours(candidates)
  const allTerms = [...new Set([...terms.values()].flat())]
  return { candidates: merged, terms: allTerms, dense: off, took: clock.took, loadMs: clock.loadMs }
}

/** The epochs of the asked bases, read with this query unless they came with it. */
async function epochsOf(
  { organizationId, bases, epochs }: Query,
  house: RetrieveHouse,
): Promise<ReadonlyMap<string, number>> {
  const names = bases.map((base) => base.name)
  const read = epochs ?? (await house.store.read(organizationId, (tx) => readEpochs(tx, names)))
  return new Map([...read].filter(([name]) => names.includes(name)))
}

/** The question's terms for each base, read in the languages of its documents. */
async function analyseFor(
  query: Query,
  house: RetrieveHouse,
  epochs: ReadonlyMap<string, number>,
): Promise<Map<string, string[]>> {
  const terms = new Map<string, string[]>()
  for (const [base, epoch] of epochs) {
    const present = await house.languages.of(query.organizationId, base, epoch)
    terms.set(base, analyseQuery(query.text, present))
  }
  return terms
}

async function searchBase(
  query: Query,
  house: RetrieveHouse,
  at: {
    base: Resource<'KnowledgeBase'>
    terms: readonly string[]
    epoch: number
    clock: Stopwatch
    embedder: Embedder | undefined
    vector: Float32Array | undefined
  },
): Promise<FusedHit[]> {
  const { base } = at
  const model = at.embedder ? modelKey(at.embedder) : undefined
  const { organizationId } = query
  const name = indexName({ organizationId, knowledgeBase: base.name, model })
  const filter = query.filter ? compileFilter(query.filter, base.spec.metadata) : undefined
  for (let attempt = 0; attempt < catchUps; attempt++) {
    if ((house.search.epochOf(name) ?? -1) < at.epoch) {
      const began = performance.now()
      await loadIndex(house, indexedBase(organizationId, base, at.embedder), at)
      at.clock.loadMs = Math.max(at.clock.loadMs, performance.now() - began)
    }
    const answer = await house.search.search(name, {
      terms: at.terms,
      permissionSets: query.constraint.permissionSetIds,
      denseWeight: query.denseWeight ?? base.spec.retrieval.denseWeight,
      k: query.bases.length > 1 ? limits.retrieveLegCandidates : topKOf(query),
      ...(at.vector ? { vector: at.vector } : {}),
      ...(filter ? { filter } : {}),
    })
    if (answer.state === 'ready' && answer.epoch >= at.epoch) return answer.hits
  }
  throw new PlinthError('UNAVAILABLE', `The index of ${base.name} cannot keep up with its changes.`)
}

function topKOf(query: Query): number {
  return query.topK ?? Math.max(...query.bases.map((base) => base.spec.retrieval.topK), 1)
}

/**
 * Fuses the legs of several bases anew over what they found together: scaled within one base, the best of a base that
 * knows nothing about the question would stand beside the best of one that does.
 */
function fuseBases(
  query: Query,
  asked: readonly { base: Resource<'KnowledgeBase'> }[],
  perBase: readonly (readonly FusedHit[])[],
): FusedHit[] {
  const leg = (name: 'lexical' | 'dense') =>
    perBase
      .flat()
      .flatMap((hit) =>
        hit[name] === undefined ? [] : [{ chunkId: hit.chunkId, score: hit[name] }],
      )
      .sort((a, b) => b.score - a.score || a.chunkId - b.chunkId)
      .slice(0, limits.retrieveLegCandidates)
  const weights = asked.map(({ base }) => base.spec.retrieval.denseWeight)
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / Math.max(1, weights.length)
  return fuse(leg('lexical'), leg('dense'), query.denseWeight ?? mean)
}

function ranked(hits: readonly FusedHit[]): Hit[] {
  const rankOf = (leg: 'lexical' | 'dense') => {
    const found = hits.filter((hit) => hit[leg] !== undefined)
    found.sort((a, b) => (b[leg] ?? 0) - (a[leg] ?? 0) || a.chunkId - b.chunkId)
    return new Map(found.map((hit, i) => [hit.chunkId, i + 1]))
  }
  const ranks = { lexical: rankOf('lexical'), dense: rankOf('dense') }
  return hits.map((hit) => {
    const out: Hit = { chunkId: hit.chunkId, score: hit.score }
    for (const leg of ['lexical', 'dense'] as const) {
      const score = hit[leg]
      if (score !== undefined) out[leg] = { score, rank: ranks[leg].get(hit.chunkId) ?? 0 }
    }
    return out
  })
}

/** One vector per distinct embedder, however many bases use it. */
async function embedOnce(
  query: Query,
  asked: readonly { embedder: Embedder | undefined }[],
): Promise<Map<string, Float32Array>> {
  const vectors = new Map<string, Float32Array>()
  if (query.denseWeight === 0) return vectors
  for (const { embedder } of asked) {
    if (!embedder || vectors.has(embedder.id)) continue
    vectors.set(embedder.id, await embedder.embedQuery(query.text, query.signal))
  }
  return vectors
}

function denseOff(query: Query, house: RetrieveHouse): Found['dense'] {
  const first = query.bases.map((base) => house.embedder(base)).find((e) => e !== undefined)
  if (first) return { embedder: first.id, off: null }
  return { embedder: null, off: 'No embedding model: lexical search only (plinth models pull).' }
}

class Stopwatch {
  readonly took = { analyse: 0, embed: 0, search: 0, read: 0 }
  /** The longest of the loads, which go on side by side. */
  loadMs = 0
  readonly #trace: Trace | undefined

  constructor(trace: Trace | undefined) {
    this.#trace = trace
  }

  async time<T>(name: keyof Stopwatch['took'], work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return this.#trace ? await this.#trace.step(name, work) : await work()
    } finally {
      this.took[name] = performance.now() - start
    }
  }
}
