import { z } from 'zod'
import { type RequestContext, type ResourceKind, systemPrincipal } from '#kernel'
import { listResources, type ResourceSummary, type Tx } from '#store'
import type { ApiHouse } from '../../house.ts'
import { route } from '../../http/route.ts'
import { noModel } from './chat.ts'
import { model, modelList } from './contract.ts'

const tag = 'OpenAI-compatible'
type Model = z.output<typeof model>

export const modelRoutes = [
  route({
    method: 'GET',
    path: '/v1/models',
    permission: 'signed-in',
    summary: 'Assistants, models and embedders that the caller may use, as with OpenAI',
    tag,
    response: modelList,
    async handler({ context }, house) {
      return { object: 'list' as const, data: await usableModels(house, context) }
    },
  }),
  route({
    method: 'GET',
    path: '/v1/models/:id',
    permission: 'signed-in',
    summary: 'One of them',
    tag,
    params: z.object({ id: z.string().max(300) }),
    response: model,
    async handler({ context, params }, house) {
      const all = await usableModels(house, context)
      const found = all.find(({ id }) => id === params.id)
      if (!found) throw noModel(params.id)
      return found
    },
  }),
]

/** What may stand as `model` in a request of this caller. Models that only quote documents cannot be called alone. */
async function usableModels(house: ApiHouse, context: RequestContext): Promise<Model[]> {
  const { organizationId, principal } = context
  const may = (permission: 'answers.ask' | 'models.use') => principal.permissions.has(permission)
  const snapshot = await house.snapshots.get(organizationId)
  const stored = await house.store.read(organizationId, async (tx) => ({
    assistants: may('answers.ask') ? await allOf(tx, 'Assistant') : [],
    models: may('models.use') ? await allOf(tx, 'Model') : [],
  }))
  const callable = stored.models.filter(({ name }) => {
    const provider = snapshot.resolve('Model', name)?.spec.provider
    return provider && snapshot.resolve('Provider', provider)?.spec.protocol !== 'extractive'
  })
  const taken = new Set(stored.assistants.map(({ name }) => name))
  const embedders = may('models.use') ? [...house.embedders().keys()] : []
  const started = house.facts().startedAt.toISOString()
  return [
    ...stored.assistants.map((one) => shown(one.name, one.updatedAt, 'plinth-assistant')),
    ...callable
      .filter(({ name }) => !taken.has(name))
      .map((one) => shown(one.name, one.updatedAt, 'plinth-model')),
    ...embedders.map((name) => shown(name, started, 'plinth-embedder')),
  ]
}

function shown(id: string, at: string, owner: string): Model {
  const created = Math.floor(Date.parse(at) / 1_000)
  return { id, object: 'model', created, owned_by: owner }
}

/** Pages of the listing; an organization's resources are limited. */
async function allOf(tx: Tx, kind: ResourceKind): Promise<ResourceSummary[]> {
  const all: ResourceSummary[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof listResources>> = await listResources(tx, {
      kind,
      principal: systemPrincipal,
      limit: 500,
      ...(cursor === null ? {} : { cursor }),
    })
    all.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return all
}
