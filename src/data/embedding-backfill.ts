import { PlinthError } from '#kernel'
import { enqueue, type JobContext, type JobOutcome, type Tx } from '#store'
import { nextEpoch } from './documents/epoch.ts'
import { embeddingText, modelKey } from './ingest/embedding.ts'
import type { IngestHouse } from './ingest/house.ts'
import { vectorBytes } from './ingest/indexing.ts'

/** Chunks embedded before their vectors are committed and become searchable. */
const batch = 32

interface BackfillInput {
  knowledgeBase: string
  model: string
}

/** Asks for the missing vectors of a base; one job per base and model lives at a time. */
export function requestBackfill(tx: Tx, input: BackfillInput, createdBy: string) {
  return enqueue(tx, {
    kind: 'embed',
    input,
    createdBy,
    dedupeKey: `${input.knowledgeBase}:${input.model}`,
    // Behind documents that wait to be read.
    priority: 200,
  })
}

/** Bases that hold chunks without a vector of their model. */
export async function basesToEmbed(
  tx: Tx,
  wanted: ReadonlyMap<string, string>,
): Promise<BackfillInput[]> {
  const missing: BackfillInput[] = []
  for (const [knowledgeBase, model] of wanted) {
    const row = await withoutVector(tx, { knowledgeBase, model }, { after: 0, limit: 1 })
    if (row.length > 0) missing.push({ knowledgeBase, model })
  }
  return missing
}

/**
 * Job `embed`: fills in the vectors of a model that came later, from the stored chunks, beside what is there. Each
 * batch is one transaction in an epoch of its own; what a killed worker committed is not done again.
 */
export async function embedMissing(
  context: JobContext,
  house: IngestHouse & {
    base(
      organizationId: string,
      name: string,
    ): Promise<Parameters<IngestHouse['embedder']>[0] | undefined>
  },
): Promise<JobOutcome> {
  const input = context.job.input as BackfillInput
  const { organizationId } = context.job
  const base = await house.base(organizationId, input.knowledgeBase)
  const embedder = base && house.embedder(base)
  if (!embedder || modelKey(embedder) !== input.model) {
    throw new PlinthError('NOT_FOUND', `The embedder ${input.model} is not there any more.`)
  }
  let done = 0
  for (let after = 0; ; ) {
    context.signal.throwIfAborted()
    const rows = await house.store.read(organizationId, (tx) =>
      withoutVector(tx, input, { after, limit: batch }),
    )
    if (rows.length === 0) return { done: { chunks: done } }
    const vectors = await embedder.embedPassages(rows.map(embeddingText), context.signal)
    await house.store.within(organizationId, (tx) => keep(tx, input, { rows, vectors }))
    done += rows.length
    after = rows.at(-1)?.id ?? after
    context.progress({ chunks: done, current: `Embedding ${input.knowledgeBase}` })
  }
}

interface ChunkRow {
  id: number
  context: string
  text: string
}

function withoutVector(
  tx: Tx,
  { knowledgeBase, model }: BackfillInput,
  page: { after: number; limit: number },
): Promise<ChunkRow[]> {
  return tx
    .selectFrom('chunk as c')
    .leftJoin('embedding as e', (join) =>
      join.onRef('e.chunk_id', '=', 'c.id').on('e.model', '=', model),
    )
    .select(['c.id', 'c.context', 'c.text'])
    .where('c.knowledge_base', '=', knowledgeBase)
    .where('e.chunk_id', 'is', null)
    .where('c.id', '>', page.after)
    .orderBy('c.id')
    .limit(page.limit)
    .execute()
}

/** Chunks that were replaced meanwhile are left out: their rows are locked or gone. */
async function keep(
  tx: Tx,
  { knowledgeBase, model }: BackfillInput,
  { rows, vectors }: { rows: readonly ChunkRow[]; vectors: readonly Float32Array[] },
): Promise<void> {
  const live = await tx
    .selectFrom('chunk')
    .select('id')
    .where(
      'id',
      'in',
      rows.map((row) => row.id),
    )
    .forShare()
    .execute()
  const alive = new Set(live.map((row) => row.id))
  if (alive.size === 0) return
  const epoch = await nextEpoch(tx, knowledgeBase)
  const values = rows.flatMap((row, i) =>
    alive.has(row.id)
      ? [
          {
            chunk_id: row.id,
            model,
            knowledge_base: knowledgeBase,
            epoch,
            vector: vectorBytes(vectors[i]),
          },
        ]
      : [],
  )
  await tx
    .insertInto('embedding')
    .values(values)
    .onConflict((oc) => oc.doNothing())
    .execute()
}
