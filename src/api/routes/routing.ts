import { z } from 'zod'
import { callerFacts } from '#apps'
import { PlinthError } from '#kernel'
import type { Explanation } from '#models'
import { getResource } from '#store'
import { routeExplanation, routeQuestion } from '../contract/routing.ts'
import { route } from '../http/route.ts'
import { definedOnly } from './people.ts'

export const routingRoutes = [
  route({
    method: 'POST',
    path: '/api/v1/routes/:name/explain',
    permission: 'resources.read',
    orElse: { inProject: true },
    summary: 'Which model a route would choose for a request now, and why not the others',
    tag: 'Resources',
    params: z.object({ name: z.string().max(300) }),
    body: routeQuestion,
    response: routeExplanation,
    async handler({ context, params, body }, house) {
      const { organizationId, principal } = context
      // The store looks whether the caller may read it.
      await house.store.read(organizationId, (tx) =>
        getResource(tx, { kind: 'Route', name: params.name }, { principal }),
      )
      const { router } = house.answer.models
      const snapshot = await house.snapshots.get(organizationId)
      const compiled = router.routes(snapshot).route(params.name)
      if (!compiled) throw new PlinthError('NOT_FOUND', `There is no Route "${params.name}".`)
      const now = house.clock.now().getTime()
      const facts = { ...callerFacts(context), ...definedOnly(body), now }
      return shown(router.explain(compiled, facts))
    },
  }),
]

function shown({ route: name, strategy, reason, candidates, shadow }: Explanation) {
  return {
    route: name,
    strategy,
    reason,
    candidates: candidates.map(({ provider, place, code, forecast, live, ...rest }) => ({
      ...rest,
      provider: provider ?? null,
      place: place ?? null,
      code: code ?? null,
      forecast: forecast
        ? {
            firstTokenMs: forecast.firstTokenMs ?? null,
            totalMs: forecast.totalMs ?? null,
            costUsd: forecast.costUsd ?? null,
            answerTokens: forecast.answerTokens,
          }
        : null,
      live: live ?? null,
    })),
    shadow: shadow ?? null,
  }
}
