import { type BudgetRule, compileBudgets } from '#governance'
import { PlinthError, type ResourceSpec } from '#kernel'
import { type ModelChoice, routeModels, type SkippedModel } from '#models'
import type { OutboundTarget } from '#ports'
import type { Snapshot } from '#store'
import { routeSources } from '../answer/routing.ts'

/** A choice with everything that does not change from call to call. */
export interface ReadyChoice {
  choice: ModelChoice
  target: OutboundTarget
  headers: Record<string, string>
  secrets: readonly string[]
}

/** A name that an application can ask for, resolved. */
export interface ReadyModel {
  name: string
  project: string
  digest: string
  choices: readonly ModelChoice[]
  skipped: readonly SkippedModel[]
  ready: ReadonlyMap<ModelChoice, ReadyChoice>
  /** The protocol that all of them speak; undefined where there are several. */
  protocol: string | undefined
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
  secret: (env: string) => string | undefined,
): ReadyModel | undefined {
  const { models } = of(snapshot)
  if (models.has(name)) return models.get(name)
  const model = compile(snapshot, name, secret)
  if (models.size < maxNames) models.set(name, model)
  return model
}

function compile(
  snapshot: Snapshot,
  name: string,
  secret: (env: string) => string | undefined,
): ReadyModel | undefined {
  const route = snapshot.resolve('Route', name)
  const model = route ?? snapshot.resolve('Model', name)
  if (!model) return undefined
  const asked = route ?? { name, spec: { description: '', models: [name] } }
  const { choices, skipped } = routeModels(asked, routeSources(snapshot, secret))
  const ready = new Map(choices.map((choice) => [choice, readyChoice(choice, secret)]))
  const protocols = new Set(choices.map(({ provider }) => provider.spec.protocol))
  return {
    name: model.name,
    project: model.project,
    digest: model.digest,
    choices,
    skipped,
    ready,
    protocol: protocols.size === 1 ? [...protocols][0] : undefined,
    guardrail: snapshot.resolve('Guardrail', route?.spec.guardrail ?? 'default')?.spec.personalData,
  }
}

/** The paths of chat calls below `baseUrl`. */
const chatPaths: Record<string, string> = { openai: '/chat/completions' }

function readyChoice(
  choice: ModelChoice,
  secret: (env: string) => string | undefined,
): ReadyChoice {
  const { spec, name } = choice.provider
  const url = URL.parse(
    `${(spec.baseUrl ?? '').replace(/\/+$/, '')}${chatPaths[spec.protocol] ?? ''}`,
  )
  if (!url && spec.protocol !== 'extractive') {
    throw new PlinthError('INVALID_INPUT', `The provider ${name} has no valid "baseUrl".`)
  }
  const key = spec.apiKey ? secret(spec.apiKey.env) : undefined
  return {
    choice,
    target: { origin: url?.origin ?? '', path: `${url?.pathname ?? ''}${url?.search ?? ''}` },
    secrets: [...(key === undefined ? [] : [key]), ...Object.values(spec.headers)],
    headers: {
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      ...spec.headers,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
  }
}
