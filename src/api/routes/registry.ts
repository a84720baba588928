import { z } from 'zod'
import { actorNames } from '#governance'
import type { RequestContext } from '#kernel'
import {
  askPromotion,
  type Decided,
  decidePromotion,
  listPromotions,
  modelUses,
  type Promotion,
  setModelApprovers,
} from '#ops'
import { getResource, modelApprovers, type Tx } from '#store'
import { acknowledged } from '../contract/basics.ts'
import {
  approversRequest,
  modelUsesReport,
  promotion,
  promotionDecision,
  promotionPage,
  promotionQuery,
  promotionRequest,
} from '../contract/registry.ts'
import type { ApiHouse } from '../house.ts'
import { actingOf } from '../http/acting.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { route } from '../http/route.ts'

const tag = 'Models'

export const registryRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/promotions',
    permission: 'resources.read',
    summary: 'Models that were moved between stages, and those that wait for a second person',
    tag,
    query: promotionQuery,
    response: promotionPage,
    async handler({ context, query }, house) {
      const before = decodeCursor(query.cursor, 'string')?.[0]
      return house.store.read(context.organizationId, async (tx) => {
        const rows = await listPromotions(tx, query, { before, limit: query.limit + 1 })
        const page = pageOf(rows, query.limit, ({ id }) => [id])
        const items = await shownAll(tx, page.items, context)
        return { items, nextCursor: page.nextCursor, approvers: await modelApprovers(tx) }
      })
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/promotions',
    permission: 'models.write',
    summary: 'Move a Model to another stage, or propose it where that takes a second person',
    tag,
    body: promotionRequest,
    response: promotion,
    async handler({ context, body }, house) {
      return done(house, context, (tx) => askPromotion(tx, body, actingOf(house, context)))
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/promotions/:id/decide',
    permission: 'models.write',
    summary: 'Approve or refuse a proposal: not one’s own, nor of a version that one wrote',
    tag,
    params: z.object({ id: z.string().max(200) }),
    body: promotionDecision,
    response: promotion,
    async handler({ context, params, body }, house) {
      return done(house, context, (tx) =>
        decidePromotion(tx, { ...params, ...body }, actingOf(house, context)),
      )
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/models/approvers',
    permission: 'roles.write',
    summary: 'How many people it takes to let a Model into production: one or two',
    tag,
    body: approversRequest,
    response: acknowledged,
    async handler({ context, body }, house) {
      const auditSeq = await house.store.within(context.organizationId, (tx) =>
        setModelApprovers(tx, body.people, actingOf(house, context)),
      )
      return { ok: true as const, auditSeq }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/models/:name/uses',
    permission: 'models.write',
    summary: 'Who would miss a Model: routes, assistants, and who called it lately',
    tag,
    params: z.object({ name: z.string().min(1).max(253) }),
    response: modelUsesReport,
    async handler({ context, params }, house) {
      const viewer = { principal: context.principal }
      return house.store.read(context.organizationId, async (tx) => {
        await getResource(tx, { kind: 'Model', name: params.name }, viewer)
        const uses = await modelUses(tx, params.name, house.clock.now())
        const ids = uses.callers.map(({ principalId }) => principalId)
        const name = await actorNames(tx, ids, viewer)
        const callers = uses.callers.map(({ principalId: id, calls, lastAt }) => ({
          ...{ id, name: name(id), calls },
          lastAt: lastAt.toISOString(),
        }))
        return { ...uses, callers }
      })
    },
  }),
]

async function done(
  house: ApiHouse,
  context: RequestContext,
  act: (tx: Tx) => Promise<Decided>,
): Promise<z.input<typeof promotion>> {
  const { organizationId } = context
  const { shown, applied } = await house.store.within(organizationId, async (tx) => {
    const decided = await act(tx)
    const [shown] = await shownAll(tx, [decided.promotion], context)
    return { shown: shown!, applied: decided.applied }
  })
  if (applied) await house.resourcesChanged(organizationId, [applied])
  return shown
}

async function shownAll(tx: Tx, all: readonly Promotion[], { principal }: RequestContext) {
  const ids = all.flatMap(({ askedBy, decidedBy }) => [askedBy, decidedBy ?? askedBy])
  const name = await actorNames(tx, ids, { principal })
  return all.map(({ askedAt, decidedAt, ...one }) => ({
    ...one,
    askedByName: name(one.askedBy),
    askedAt: askedAt.toISOString(),
    decidedByName: one.decidedBy === null ? null : name(one.decidedBy),
    decidedAt: decidedAt?.toISOString() ?? null,
  }))
}
