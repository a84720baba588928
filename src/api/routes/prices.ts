import { actorOf } from '#governance'
import { holds, PlinthError } from '#kernel'
import {
  type CatalogueEntry,
  catalogueOrigin,
  type Price,
  priceTold,
  searchCatalogue,
} from '#models'
import type { RepriceInput } from '#ops'
import { enqueue, type Snapshot, type SnapshotResource } from '#store'
import { job } from '../contract/knowledge.ts'
import {
  cataloguePage,
  catalogueQuery,
  pricePage,
  priceQuery,
  repriceRequest,
} from '../contract/prices.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { route } from '../http/route.ts'
import { jobView } from '../views/jobs.ts'

const tag = 'Models'

export const priceRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/models/prices',
    permission: 'resources.read',
    orElse: { inProject: true },
    summary: 'What each Model costs now, and who says so; an unknown price is null, never zero',
    tag,
    query: priceQuery,
    response: pricePage,
    async handler({ context, query }, house) {
      const after = decodeCursor(query.cursor, 'string')?.[0] ?? ''
      const snapshot = await house.snapshots.get(context.organizationId)
      const at = house.clock.now().getTime()
      const models = snapshot
        .list('Model')
        .filter(({ name }) => (query.name === undefined ? name > after : name === query.name))
        .filter(({ project }) => holds(context.principal, 'resources.read', project))
      if (query.name !== undefined && models.length === 0) {
        throw new PlinthError('NOT_FOUND', `There is no Model "${query.name}".`)
      }
      const page = pageOf(models.slice(0, query.limit + 1), query.limit, ({ name }) => [name])
      return {
        items: page.items.map((model) => pricedOf(model, snapshot, at)),
        nextCursor: page.nextCursor,
        catalogue: catalogueOrigin,
      }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/models/catalogue',
    permission: 'models.use',
    orElse: { inProject: true, permissions: ['resources.read'] },
    summary: 'List prices of vendors, as of the catalogue’s day',
    tag,
    query: catalogueQuery,
    response: cataloguePage,
    async handler({ query }) {
      const after = decodeCursor(query.cursor, 'string')?.[0] ?? ''
      const found = searchCatalogue(query.search ?? '', { after, limit: query.limit + 1 })
      const page = pageOf(found, query.limit, ({ id }) => [id])
      return {
        items: page.items.map(entryOf),
        nextCursor: page.nextCursor,
        catalogue: catalogueOrigin,
      }
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/calls/reprice',
    permission: 'models.write',
    summary: 'Price past calls anew by what the Models say now of their day; as a job',
    tag,
    body: repriceRequest,
    response: job,
    status: 202,
    async handler({ context, body }, house) {
      const actor = actorOf(context.principal)
      const { from, to = house.clock.now().toISOString(), model } = body
      if (Date.parse(from) >= Date.parse(to)) {
        throw new PlinthError('INVALID_INPUT', {
          detail: `${from} is not before ${to}.`,
          where: 'body/from',
        })
      }
      const input: RepriceInput = { from, to, actor, ...(model === undefined ? {} : { model }) }
      // What was called before this moment is part of it.
      await house.gateway.usage.flush()
      const view = await house.store.within(context.organizationId, async (tx) => {
        const { id, created } = await enqueue(tx, {
          kind: 'reprice',
          input,
          createdBy: context.principal.id,
          dedupeKey: 'calls',
        })
        if (!created) {
          throw new PlinthError('CONFLICT', {
            detail: `Calls are priced anew already, by job ${id}.`,
            remedy: `Wait for it: plinth jobs watch ${id}`,
          })
        }
        await house.appendAudit(tx, [
          {
            kind: 'calls.repriced',
            outcome: 'intended',
            actor,
            target: { kind: 'job', id },
            requestId: context.requestId,
            details: { from, to, ...(model === undefined ? {} : { model }) },
          },
        ])
        return jobView(tx, id)
      })
      house.jobs.nudge()
      return view
    },
  }),
]

function pricedOf(model: SnapshotResource<'Model'>, snapshot: Snapshot, at: number) {
  const { name, project, spec } = model
  const provider = snapshot.resolve('Provider', spec.provider)
  const told = priceTold(spec, provider?.spec ?? nowhere, at)
  return {
    ...{ name, project, provider: spec.provider, upstreamModel: spec.upstreamModel },
    price: told.price ? priceOf(told.price) : null,
    from: told.from,
    since: told.since ?? null,
    entry: told.entry ? entryOf(told.entry) : null,
    noSuchEntry: told.noSuchEntry,
  }
}

/** In place of a provider that is gone. */
const nowhere = {}

function entryOf({ maxOutputTokens, price, ...entry }: CatalogueEntry) {
  return {
    ...entry,
    maxOutputTokens: maxOutputTokens ?? null,
    price: price ? priceOf(price) : null,
  }
}

function priceOf(price: Price) {
  return {
    input: price.input ?? null,
    output: price.output ?? null,
    cachedInput: price.cachedInput ?? null,
    cacheWrite: price.cacheWrite ?? null,
    reasoning: price.reasoning ?? null,
    batchFactor: price.batchFactor ?? null,
    perGpuHour: price.perGpuHour ?? null,
    gpus: price.gpus ?? null,
  }
}
