import { pastPrices } from '#apps'
import { type AuditActor, loadPrincipal } from '#governance'
import type { Permission } from '#kernel'
import { repriceCalls } from '#ops'
import type { JobHandler } from '#store'
import type { Foundation } from './foundation.ts'

/** Work on models in the background. */
export function modelWork(foundation: Foundation): Record<string, JobHandler> {
  const { store, snapshots, appendAudit } = foundation
  return {
    reprice: (context) =>
      repriceCalls(context, {
        store,
        appendAudit,
        prices: async (organizationId) => {
          const snapshot = await snapshots.get(organizationId)
          return { digest: snapshot.digest, of: pastPrices(snapshot) }
        },
        may: (organizationId, actor) =>
          may(foundation, organizationId, { actor, permission: 'models.write' }),
      }),
  }
}

/** Looked up at the time of the work: rights that were taken away meanwhile count. */
export async function may(
  { store }: Foundation,
  organizationId: string,
  { actor, permission }: { actor: AuditActor; permission: Permission },
): Promise<boolean> {
  if (actor.kind === 'system') return true
  const userId = actor.userId ?? actor.id
  const found = await store.read(organizationId, (tx) => loadPrincipal(tx, { userId }))
  return found?.principal.permissions.has(permission) ?? false
}
