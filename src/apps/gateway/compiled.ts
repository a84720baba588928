import { type BudgetRule, compileBudgets } from '#governance'
import { digestOf, type ResourceSpec } from '#kernel'
import type { Candidate, CompiledRoute, ProviderKey } from '#models'
import type {
  Addressed,
  Dialect,
  DialectEndpoint,
  OutboundDispatcher,
  OutboundTarget,
} from '#ports'
import type { Snapshot } from '#store'
import type { GatewayHouse } from './house.ts'

/** A candidate with one of its keys: where it is, and as whom it is spoken to. */
export interface Place {
  dialect: Dialect
  endpoint: DialectEndpoint
  /** Where its headers are the same for every call: where chat calls go. */
  fixed?: { target: OutboundTarget; headers: Record<string, string> }
  /** Of a model within this process: the way to it. */
  outbound?: OutboundDispatcher
}

/** A name that an application can ask for, resolved. */
export interface ReadyModel {
  name: string
  project: string
  digest: string
  route: CompiledRoute
  /** By candidate and key, kept as long as the snapshot. */
  places: Map<string, Place>
  /** A candidate can be called: all but what only quotes documents. */
  callable: boolean
  guardrail: ResourceSpec<'Guardrail'>['personalData'] | undefined
  /** Where answers are kept: for how long, and a digest of all that they depend on here. */
  cache: { ttlMs: number; version: string; personal: boolean } | undefined
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
  const named = snapshot.resolve('Route', name)
  const model = named ?? snapshot.resolve('Model', name)
  if (!model) return undefined
  const routes = house.router.routes(snapshot)
  const route = (named && routes.route(name)) ?? routes.model(name)
  // Where nothing is left, routing says why.
  const callable =
    route.candidates.length === 0 ||
    route.candidates.some(
      (one) => house.inProcess(one) ?? house.dialect(one.provider.spec.protocol),
    )
  const guardrail = snapshot.resolve('Guardrail', route.guardrail ?? 'default')
  const exact = (named ?? snapshot.resolve('Model', name))?.spec.cache?.exact
  return {
    name: model.name,
    project: model.project,
    digest: model.digest,
    route,
    places: new Map(),
    callable,
    guardrail: guardrail?.spec.personalData,
    cache: exact && {
      ttlMs: exact.ttlSeconds * 1_000,
      personal:
        route.candidates.some(({ fitness }) => fitness.unapproved) ||
        (named?.spec.candidates?.some(({ when }) => when?.principals) ?? false),
      version: digestOf([
        model.digest,
        guardrail?.digest ?? null,
        ...route.candidates.map(({ model, provider }) => [
          model.digest ?? null,
          provider.digest ?? null,
        ]),
      ]),
    },
  }
}

/** Where a candidate is called with a key; undefined where it only quotes documents. */
export function placeOf(
  model: ReadyModel,
  { candidate, key }: { candidate: Candidate; key: ProviderKey | undefined },
  house: GatewayHouse,
): Place | undefined {
  const name = `${candidate.index} ${key?.env ?? ''}`
  const known = model.places.get(name)
  if (known) return known
  const { spec } = candidate.provider
  const outbound = house.inProcess(candidate)
  const dialect = house.dialect(outbound ? 'openai' : spec.protocol)
  if (!dialect) return undefined
  const endpoint = dialect.endpoint({
    baseUrl: outbound ? 'http://in-process.invalid' : (spec.baseUrl ?? ''),
    headers: spec.headers,
    outbound: house.outbound,
    ...(key?.value ? { apiKey: key.value.reveal() } : {}),
  })
  const place: Place = { dialect, endpoint, ...(outbound ? { outbound } : {}) }
  model.places.set(name, place)
  return place
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
