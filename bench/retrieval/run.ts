import { join } from 'node:path'
import { retrieve } from '#data'
import type { Snapshot } from '#store'
import { type BenchHouse, openBenchHouse } from '../harness/house.ts'
import { MemoryWatch } from '../harness/memory.ts'
import { folderOption, readOptions, wholeNumber } from '../harness/options.ts'
import { Progress, quantile, report, round } from '../harness/report.ts'
import { type Relevance, readQueries, readRelevance, splitOf } from './beir.ts'
import { type Loaded, loadCorpus } from './load.ts'
import { ndcgAt10, recallAt } from './measures.ts'

/**
 * Ranking quality and speed on a set in BEIR's format: each document of `corpus.jsonl` is ingested as a text document,
 * each query of the split is asked through `retrieve`. A document's score is that of its best chunk.
 */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args, {
    data: undefined,
    split: undefined,
    embedder: undefined,
    'limit-queries': undefined,
  })
  const folder = folderOption('data', options.data)
  const split = splitOf(folder, options.split)
  const judged = readRelevance(folder, split)
  const queries = await readQueries(folder)
  const limit = options['limit-queries']
  const asked = [...judged.keys()].slice(0, limit ? wholeNumber('limit-queries', limit) : undefined)
  const bench = await openBenchHouse({ embedder: options.embedder })
  const memory = new MemoryWatch(process.pid)
  try {
    console.log(
      `${folder}, ${split}: ${asked.length} queries; embedder ${bench.embedder ?? 'none'}`,
    )
    const loaded = await loadCorpus(bench, join(folder, 'corpus.jsonl'))
    const quality = await askAll(bench, { asked, queries, judged, loaded })
    const restMb = memory.look()
    report(
      {
        split,
        embedder: bench.embedder ?? 'none',
        documents_count: loaded.documents,
        documents_failed_count: loaded.failed,
        chunks_count: loaded.chunks,
        queries_count: asked.length,
        ...quality,
        documents_per_s: round(loaded.documents / loaded.seconds, 1),
        chunks_per_s: round(loaded.chunks / loaded.seconds, 1),
        load_s: round(loaded.seconds, 1),
        peak_rss_mb: round(memory.peakMb, 0),
        end_rss_mb: round(restMb, 0),
      },
      options.json,
    )
  } finally {
    memory.stop()
    await bench.close()
  }
}

interface Asking {
  asked: readonly string[]
  queries: ReadonlyMap<string, string>
  judged: Relevance
  loaded: Loaded
}

async function askAll(bench: BenchHouse, what: Asking) {
  const ask = await asker(bench)
  const progress = new Progress()
  const sums = { ndcg: 0, recall: 0, allGold: 0 }
  for (const [i, id] of what.asked.entries()) {
    const judged = what.judged.get(id) as ReadonlyMap<string, number>
    const found = await ask(what.queries.get(id) ?? '', { topK: 100, merge: false })
    const ids = found.candidates.map((one) => what.loaded.idOf.get(one.externalId) as string)
    const ranked = [...new Set(ids)]
    sums.ndcg += ndcgAt10(ranked, judged)
    sums.recall += recallAt(100, ranked, judged)
    sums.allGold += recallAt(8, ranked, judged) === 1 ? 1 : 0
    progress.show(`asked ${i + 1} of ${what.asked.length}`)
  }
  progress.done()
  const n = what.asked.length
  return {
    ndcg_at_10: round(sums.ndcg / n, 4),
    recall_at_100: round(sums.recall / n, 4),
    all_gold_in_8: round(sums.allGold / n, 4),
    ...(await timeAll(ask, what)),
  }
}

/** Times queries as an answer asks them: the best 8 passages, neighbours merged. */
async function timeAll(ask: Asker, { asked, queries }: Asking) {
  const whole: number[] = []
  const embedding: number[] = []
  const searching: number[] = []
  for (const id of asked) {
    const began = performance.now()
    const { took } = await ask(queries.get(id) ?? '', {})
    whole.push(performance.now() - began)
    embedding.push(took.embed)
    searching.push(took.search)
  }
  const withoutEmbedding = whole.map((ms, i) => ms - (embedding[i] ?? 0))
  return {
    p50_ms: round(quantile(whole, 0.5)),
    p95_ms: round(quantile(whole, 0.95)),
    without_embedding_p50_ms: round(quantile(withoutEmbedding, 0.5)),
    without_embedding_p95_ms: round(quantile(withoutEmbedding, 0.95)),
    search_p50_ms: round(quantile(searching, 0.5)),
  }
}

type Asker = Awaited<ReturnType<typeof asker>>

async function asker(bench: BenchHouse) {
  const { house, organizationId } = bench
  const snapshot: Snapshot = await house.foundation.snapshots.get(organizationId)
  const bases = [snapshot.require('KnowledgeBase', 'bench')]
  const sets = await house.foundation.store.read(organizationId, (tx) =>
    tx.selectFrom('permission_set').select('id').execute(),
  )
  const constraint = { permissionSetIds: sets.map((row) => row.id) }
  return (text: string, how: { topK?: number; merge?: boolean }) =>
    retrieve({ organizationId, text, bases, constraint, ...how }, house.pipelines.answer)
}
