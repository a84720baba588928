import { type AnswerHouse, compareModels, pastPrices } from '#apps'
import { type AuditActor, loadPrincipal } from '#governance'
import type { Permission, Principal } from '#kernel'
import { repriceCalls } from '#ops'
import type { JobHandler } from '#store'
import type { Foundation } from './foundation.ts'

/** Work on models in the background. */
export function modelWork(
  foundation: Foundation,
  answers: () => AnswerHouse,
): Record<string, JobHandler> {
  const { store, snapshots, appendAudit } = foundation
  return {
    compare: (context) =>
      compareModels(context, {
        house: answers(),
        asker: async (organizationId, actor) => {
          const principal = await principalOf(foundation, organizationId, actor)
          const may = principal?.permissions
          return may?.has('models.write') && may.has('answers.ask') ? principal : undefined
        },
      }),
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
  foundation: Foundation,
  organizationId: string,
  { actor, permission }: { actor: AuditActor; permission: Permission },
): Promise<boolean> {
  if (actor.kind === 'system') return true
  const found = await principalOf(foundation, organizationId, actor)
  return found?.permissions.has(permission) ?? false
}

async function principalOf(
  { store }: Foundation,
  organizationId: string,
  actor: AuditActor,
): Promise<Principal | undefined> {
  const userId = actor.userId ?? actor.id
  return (await store.read(organizationId, (tx) => loadPrincipal(tx, { userId })))?.principal
}
