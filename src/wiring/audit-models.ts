import { modelKey } from '#data'
import { systemActor, targetText } from '#governance'
import type { Embedders } from './embedders.ts'
import type { Foundation } from './foundation.ts'

/** Recorded before the hub is asked for a model. */
export async function notePull(foundation: Foundation, name: string): Promise<void> {
  const { store, organizationId, appendAudit } = foundation
  await store.within(organizationId, (tx) =>
    appendAudit(tx, [
      {
        kind: 'model.pulled',
        actor: systemActor,
        target: { kind: 'model', id: name },
        outcome: 'intended',
      },
    ]),
  )
}

/**
 * Records each local model once per content, before its first vector: whether this server fetched it, or a person did by
 * the command line, which works on files alone.
 */
export async function noteModels(foundation: Foundation, embedders: Embedders): Promise<void> {
  const { store, organizationId, appendAudit } = foundation
  const here = [...embedders.byName.values()].map((embedder) => ({
    target: { kind: 'model', id: modelKey(embedder) },
    details: { digest: embedder.digest, dimensions: embedder.dimensions },
  }))
  if (here.length === 0) return
  await store.within(organizationId, async (tx) => {
    const rows = await tx
      .selectFrom('audit_event')
      .select('target')
      .where('kind', '=', 'model.pulled')
      .where(
        'target',
        'in',
        here.map(({ target }) => targetText(target)),
      )
      .execute()
    const known = new Set(rows.map((row) => row.target))
    const fresh = here.filter(({ target }) => !known.has(targetText(target)))
    if (fresh.length === 0) return
    await appendAudit(
      tx,
      fresh.map((one) => ({ kind: 'model.pulled' as const, actor: systemActor, ...one })),
    )
  })
}
