import { basesToEmbed, modelKey, requestBackfill, requestSync } from '#data'
import { systemActor } from '#governance'
import type { Applied } from '#store'
import type { Foundation } from './foundation.ts'
import type { House } from './house.ts'
import type { Pipelines } from './pipelines.ts'

/** Asks for the vectors that bases lack: a model was added, or another one chosen. Returns how many bases. */
export async function fillInVectors(
  house: Pick<House, 'foundation' | 'pipelines'>,
): Promise<number> {
  const { store, organizationId, snapshots } = house.foundation
  const snapshot = await snapshots.get(organizationId)
  const wanted = new Map<string, string>()
  for (const base of snapshot.list('KnowledgeBase')) {
    const embedder = house.pipelines.ingest.embedder(base)
    if (embedder) wanted.set(base.name, modelKey(embedder))
  }
  const missing = await store.within(organizationId, async (tx) => {
    const bases = await basesToEmbed(tx, wanted)
    for (const one of bases) await requestBackfill(tx, one, systemActor.id)
    return bases.length
  })
  if (missing > 0) house.pipelines.jobs.nudge()
  return missing
}

/** After a change of resources: a source that is new or changed is scanned, and so are those of a changed base. */
export async function syncAfter(
  { store, snapshots }: Foundation,
  { jobs }: Pipelines,
  change: { organizationId: string; applied: readonly Applied[] },
): Promise<void> {
  const snapshot = await snapshots.get(change.organizationId)
  const touched = change.applied.filter((one) => one.outcome !== 'unchanged')
  const named = (kind: string) =>
    new Set(touched.filter((one) => one.kind === kind).map((one) => one.name))
  const [sources, bases] = [named('Source'), named('KnowledgeBase')]
  const stale = snapshot
    .list('Source')
    .filter((source) => sources.has(source.name) || bases.has(source.spec.knowledgeBase))
  if (stale.length === 0) return
  await store.within(change.organizationId, async (tx) => {
    for (const { name } of stale) {
      await requestSync(tx, { source: name, actor: systemActor }, systemActor.id)
    }
  })
  jobs.nudge()
}
