import { readFileSync } from 'node:fs'
import { analyse, KnowledgeIndex, type Language, SearchWorkers } from '../src/data/index.ts'

/**
 * Measures analyser and built-in index by themselves: ranking quality on public sets, then speed
 * and memory on synthetic chunks. `node bench/index.ts [chunks …]` (default 10000 100000).
 */
const data = new URL('../../shared/data/', import.meta.url)
const dimensions = 384
const permissionSets = 200

function readLines(path: string): Record<string, string>[] {
  const text = readFileSync(new URL(path, data), 'utf8').trim()
  return text.split('\n').map((line) => JSON.parse(line))
}

function relevance(path: string): Map<string, Map<string, number>> {
  const judged = new Map<string, Map<string, number>>()
  for (const line of readFileSync(new URL(path, data), 'utf8').trim().split('\n').slice(1)) {
    const [query, document, score] = line.split('\t') as [string, string, string]
    if (Number(score) <= 0) continue
    if (!judged.has(query)) judged.set(query, new Map())
    judged.get(query)!.set(document, Number(score))
  }
  return judged
}

/** nDCG@10 and recall@100 of the lexical leg, one chunk per document (title and text). */
function quality(folder: string, split: string, language: Language): Record<string, unknown> {
  const corpus = readLines(`${folder}/corpus.jsonl`)
  const queries = new Map(readLines(`${folder}/queries.jsonl`).map((q) => [q._id!, q.text!]))
  const started = performance.now()
  const texts = corpus.map(({ title, text }) =>
    analyse(`${title ?? ''}\n${text}`, language).join(' '),
  )
  const analysed = performance.now()
  const index = new KnowledgeIndex()
  const add = texts.map((searchText, chunkId) => ({
    chunkId,
    documentKey: chunkId,
    permissionSet: 1,
    searchText,
  }))
  index.apply({ epoch: 1, add })
  const judged = relevance(`${folder}/qrels/${split}.tsv`)
  let ndcg = 0
  let recall = 0
  for (const [query, documents] of judged) {
    const hits = index.search({
      terms: analyse(queries.get(query)!, language),
      permissionSets: [1],
      k: 100,
    })
    const gains = hits.map(({ chunkId }) => documents.get(corpus[chunkId]!._id!) ?? 0)
    const ideal = [...documents.values()].sort((a, b) => b - a)
    ndcg += discounted(gains) / discounted(ideal)
    recall += gains.filter((gain) => gain > 0).length / documents.size
  }
  return {
    set: folder,
    queries: judged.size,
    ndcg_at_10: round(ndcg / judged.size, 4),
    recall_at_100: round(recall / judged.size, 4),
    analysed_per_s: Math.round((corpus.length / (analysed - started)) * 1_000),
  }
}

function discounted(gains: readonly number[]): number {
  return gains.slice(0, 10).reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0)
}

/** Numbers that look random and are the same in each run. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39)
    mixed ^= mixed >>> 15
    return (mixed >>> 0) / 2 ** 32
  }
}

const random = generator(7)

/** A word of a vocabulary of 60,000 with the frequencies of natural text (Zipf). */
function word(): string {
  return `w${Math.floor(60_000 ** random()) - 1}`
}

/** Unit vectors around 500 topics, as embeddings lie: neighbours at about .8. */
const topics = Array.from({ length: 500 }, () => unit(Array.from({ length: dimensions }, normal)))

function vector(): Float32Array {
  const topic = topics[Math.floor(random() * topics.length)]!
  return unit(Array.from(topic, (value) => value + 0.035 * normal()))
}

function normal(): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random())
}

function unit(values: number[]): Float32Array {
  const length = Math.hypot(...values)
  return Float32Array.from(values, (value) => value / length)
}

async function speed(chunks: number): Promise<Record<string, unknown>[]> {
  const workers = new SearchWorkers({ memoryBytes: 4 * 1024 ** 3 })
  const batch = 500
  let applyMs = 0
  await workers.load('bench', async function* () {})
  for (let at = 0; at < chunks; at += batch) {
    const add = Array.from({ length: Math.min(batch, chunks - at) }, (_, i) => ({
      chunkId: at + i + 1,
      documentKey: Math.floor((at + i) / 10),
      permissionSet: Math.floor((at + i) / 10) % permissionSets,
      searchText: Array.from({ length: 200 }, word).join(' '),
      vector: vector(),
      metadata: { year: 2000 + (Math.floor((at + i) / 10) % 25) },
    }))
    const started = performance.now()
    await workers.apply('bench', { epoch: at + 1, add })
    applyMs += performance.now() - started
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000 + chunks / 50))
  const all = Array.from({ length: permissionSets }, (_, i) => i)
  const few = all.slice(0, permissionSets / 100)
  const stats = (await workers.stats()).indexes.bench!
  const rows: Record<string, unknown>[] = []
  for (const [leg, sets] of [
    ['lexical', all],
    ['dense', all],
    ['hybrid', all],
    ['hybrid 1 %', few],
  ] as const) {
    const inside: number[] = []
    const outside: number[] = []
    for (let i = 0; i < 300; i++) {
      const started = performance.now()
      const answer = await workers.search('bench', {
        terms: leg === 'dense' ? [] : Array.from({ length: 8 }, word),
        ...(leg === 'lexical' ? {} : { vector: vector() }),
        permissionSets: sets,
      })
      outside.push(performance.now() - started)
      if (answer.state === 'ready') inside.push(answer.searchMs)
    }
    rows.push({
      chunks,
      leg,
      p50_ms: at(inside, 0.5),
      p95_ms: at(inside, 0.95),
      call_p50_ms: at(outside, 0.5),
      added_per_s: Math.round((chunks / applyMs) * 1_000),
      index_mb: Math.round(stats.bytes / 2 ** 20),
      segments: stats.segments,
    })
  }
  await workers.close()
  return rows
}

function at(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return round(sorted[Math.floor(sorted.length * share)] ?? 0, 3)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

const sizes = process.argv.slice(2).map(Number)
console.table([
  quality('scifact', 'train', 'en'),
  ...(['en', 'de', 'zh'] as const).map((l) => quality(`xquad/beir/${l}`, 'test', l)),
])
for (const size of sizes.length > 0 ? sizes : [10_000, 100_000]) console.table(await speed(size))
