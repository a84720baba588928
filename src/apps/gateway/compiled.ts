import { type BudgetRule, compileBudgets } from '#governance'
import type { ResourceSpec } from '#kernel'
import { type ModelChoice, routeModels, type SkippedModel } from '#models'
import type { Addressed, Dialect, DialectEndpoint, OutboundTarget } from '#ports'
import type { Snapshot } from '#store'
import { routeSources } from '../answer/routing.ts'
import type { GatewayHouse } from './house.ts'

/** A choice with everything that does not change from call to call. */
export interface ReadyChoice {
  choice: ModelChoice
  dialect: Dialect
  endpoint: DialectEndpoint
  /** Where its headers are the same for every call: where chat calls go. */
  fixed?: { target: OutboundTarget; headers: Record<string, string> }
}

/** A name that an application can ask for, resolved. */
export interface ReadyModel {
  name: string
  project: string
  digest: string
  choices: readonly ModelChoice[]
  skipped: readonly SkippedModel[]
  ready: ReadonlyMap<ModelChoice, ReadyChoice>
  /** Every one of them is called over HTTP. */
  remote: boolean
  guardrail: ResourceSpec<'Guardrail'>['personalData'] | undefined
}

interface Compiled {
  budgets: BudgetRule[]
  models: Map<string, ReadyModel | undefined>
}

/** By snapshot, so that a publish swaps all of it at once and nothing of an older one is used. */
const compiled = new WeakMap<Snapshot, Compiled>()
const maxNames = 10_000

function of(snapshot: Snapshot): Compiled {
  let found = compiled.get(snapshot)
  if (!found) {
    found = { budgets: compileBudgets(snapshot.list('Budget')), models: new Map() }
    compiled.set(snapshot, found)
  }
  return found
}

export function budgetsOf(snapshot: Snapshot): readonly BudgetRule[] {
  return of(snapshot).budgets
}

/** A Route or Model by the name that an application sent; undefined where there is none. Compiled once. */
export function modelNamed(
  snapshot: Snapshot,
  name: string,
  house: GatewayHouse,
): ReadyModel | undefined {
  const { models } = of(snapshot)
  if (models.has(name)) return models.get(name)
  const model = compile(snapshot, name, house)
  if (models.size < maxNames) models.set(name, model)
  return model
}

function compile(snapshot: Snapshot, name: string, house: GatewayHouse): ReadyModel | undefined {
  const route = snapshot.resolve('Route', name)
  const model = route ?? snapshot.resolve('Model', name)
  if (!model) return undefined
  const asked = route ?? { name, spec: { description: '', models: [name] } }
  const { choices, skipped } = routeModels(asked, routeSources(snapshot, house.secret))
  const ready = new Map<ModelChoice, ReadyChoice>()
  for (const choice of choices) {
    const one = readyChoice(choice, house)
    if (one) ready.set(choice, one)
  }
  return {
    name: model.name,
    project: model.project,
    digest: model.digest,
    choices,
    skipped,
    ready,
    remote: ready.size === choices.length,
    guardrail: snapshot.resolve('Guardrail', route?.spec.guardrail ?? 'default')?.spec.personalData,
  }
}

function readyChoice(choice: ModelChoice, house: GatewayHouse): ReadyChoice | undefined {
  const { spec } = choice.provider
  const dialect = house.dialect(spec.protocol)
  if (!dialect) return undefined
  const apiKey = spec.apiKey ? house.secret(spec.apiKey.env) : undefined
  const endpoint = dialect.endpoint({
    baseUrl: spec.baseUrl ?? '',
    headers: spec.headers,
    outbound: house.outbound,
    ...(apiKey === undefined ? {} : { apiKey }),
  })
  return { choice, dialect, endpoint }
}

/** An address as the outbound client takes it. */
export function addressed({ url, headers }: Addressed): {
  target: OutboundTarget
  headers: Record<string, string>
} {
  const { origin, pathname, search } = new URL(url)
  return {
    target: { origin, path: pathname + search },
    headers: { 'accept-encoding': 'identity', ...headers },
  }
}
