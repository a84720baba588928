import type { ResourceSpec } from '#kernel'
import { splitReference, type Tx } from '#store'

/** Days of calls that count as recent. */
const recentDays = 30
const most = 100

/** Who would miss a Model. */
export interface ModelUses {
  model: string
  /** `only`: nothing else is left in it. `shadow`: it is only compared with. */
  routes: { name: string; only: boolean; shadow: boolean }[]
  /** That answer through these routes. */
  assistants: string[]
  /** Of the last 30 days, those with the most calls first. */
  callers: { principalId: string; calls: number; lastAt: Date }[]
  /** There are more callers than are named. */
  more: boolean
}

/** Finds the current Routes and Assistants that a Model answers for, and who called it lately. */
export async function modelUses(tx: Tx, model: string, now = new Date()): Promise<ModelUses> {
  const stored = await currentSpecs(tx)
  const routes = stored
    .filter(({ kind }) => kind === 'Route')
    .flatMap(({ name, spec }) => useIn(name, spec as ResourceSpec<'Route'>, model) ?? [])
  const names = new Set(routes.map(({ name }) => name))
  const assistants = stored
    .filter(({ kind }) => kind === 'Assistant')
    .filter(({ spec }) => {
      const { route } = spec as { route?: string }
      return route !== undefined && names.has(splitReference(route).name)
    })
    .map(({ name }) => name)
  const callers = await callersOf(tx, model, now)
  return {
    model,
    routes,
    assistants,
    callers: callers.slice(0, most),
    more: callers.length > most,
  }
}

function useIn(name: string, spec: ResourceSpec<'Route'>, model: string) {
  const isIt = (reference: string) => splitReference(reference).name === model
  const all = spec.candidates?.map((candidate) => candidate.model) ?? spec.models
  const shadow = spec.shadow !== undefined && isIt(spec.shadow.model)
  if (!all.some(isIt)) return shadow ? { name, only: false, shadow: true } : undefined
  return { name, only: all.every(isIt), shadow: false }
}

async function currentSpecs(tx: Tx) {
  return tx
    .selectFrom('resource as r')
    .innerJoin('resource_version as v', (on) =>
      on
        .onRef('v.kind', '=', 'r.kind')
        .onRef('v.name', '=', 'r.name')
        .onRef('v.revision', '=', 'r.revision'),
    )
    .select(['r.kind', 'r.name', 'v.spec'])
    .where('r.kind', 'in', ['Route', 'Assistant'])
    .where('r.deleted_at', 'is', null)
    .orderBy('r.name')
    .execute()
}

async function callersOf(tx: Tx, model: string, now: Date) {
  const since = new Date(now.getTime() - recentDays * 86_400_000)
  const rows = await tx
    .selectFrom('model_call')
    .select((eb) => [
      'principal_id as principalId',
      eb.fn.countAll<number>().as('calls'),
      eb.fn.max('at').as('lastAt'),
    ])
    .where('at', '>=', since)
    .where((eb) => eb.or([eb('model', '=', model), eb('asked', '=', model)]))
    .groupBy('principal_id')
    .orderBy('calls', 'desc')
    .orderBy('principal_id')
    .limit(most + 1)
    .execute()
  return rows.map(({ principalId, calls, lastAt }) => ({
    principalId,
    calls: Number(calls),
    lastAt: new Date(lastAt),
  }))
}
