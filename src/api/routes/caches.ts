import { actorOf } from '#governance'
import { forgetCaches } from '#store'
import { cachePurge, cacheState } from '../contract/caches.ts'
import { route } from '../http/route.ts'

const tag = 'Usage'

export const cacheRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/caches',
    permission: 'resources.read',
    summary: 'What is kept of answers',
    tag,
    response: cacheState,
    async handler({ context: { organizationId } }, house) {
      const { caches: generation } = await house.store.epochs(organizationId)
      const partition = { organizationId, generation }
      return {
        generation,
        answers: house.gateway.answers.held(partition),
        recalled: house.answer.recalled.held(partition),
      }
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/caches/purge',
    permission: 'resources.write',
    summary: 'Forget all answers that are kept for the organization, on every server',
    tag,
    response: cachePurge,
    async handler({ context }, house) {
      const { organizationId, principal, requestId } = context
      const generation = await house.store.within(organizationId, async (tx) => {
        const begins = await forgetCaches(tx)
        const details = { generation: begins }
        const actor = actorOf(principal)
        await house.appendAudit(tx, [{ kind: 'caches.purged', actor, requestId, details }])
        return begins
      })
      return { generation }
    },
  }),
]
