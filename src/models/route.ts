import type { ResourceSpec } from '#kernel'
import type { Named } from './named.ts'

/** Where routing looks references up (`name`, `name@label`, `name@sha256:…`) and whether a secret is set. */
export interface RouteSources {
  model(reference: string): Named<ResourceSpec<'Model'>> | undefined
  provider(reference: string): Named<ResourceSpec<'Provider'>> | undefined
  /** Value of an environment variable, undefined or empty where it is not set. */
  secret(env: string): string | undefined
}

/** A model that can be called, and why it stands at this place. */
export interface ModelChoice {
  model: Named<ResourceSpec<'Model'>>
  provider: Named<ResourceSpec<'Provider'>>
  reason: string
}

/** A model of the route that cannot be used now, and why. */
export interface SkippedModel {
  model: string
  reason: string
}

export interface Routed {
  /** In the order to try; empty where none is usable. */
  choices: ModelChoice[]
  skipped: SkippedModel[]
}

/** Orders the models of a route and leaves out what cannot answer: unknown, without its key, too small for the prompt. */
export function routeModels(
  route: Named<ResourceSpec<'Route'>>,
  sources: RouteSources,
  needs: { inputTokens?: number } = {},
): Routed {
  const choices: ModelChoice[] = []
  const skipped: SkippedModel[] = []
  for (const reference of route.spec.models) {
    const found = usable(reference, sources, needs.inputTokens ?? 0)
    if (typeof found === 'string') {
      skipped.push({ model: reference, reason: found })
      continue
    }
    const order =
      choices.length === 0
        ? `first usable model of route ${route.name}`
        : `number ${choices.length + 1} of route ${route.name}, if those before it fail`
    const passed = choices.length === 0 && skipped.length > 0 ? ` (${skipped.length} skipped)` : ''
    choices.push({ ...found, reason: order + passed })
  }
  return { choices, skipped }
}

function usable(
  reference: string,
  sources: RouteSources,
  inputTokens: number,
): Pick<ModelChoice, 'model' | 'provider'> | string {
  const model = sources.model(reference)
  if (!model) return `there is no model ${reference}`
  const provider = sources.provider(model.spec.provider)
  if (!provider)
    return `model ${model.name} names provider ${model.spec.provider}, which does not exist`
  const key = provider.spec.apiKey?.env
  if (key !== undefined && !sources.secret(key)) {
    return `provider ${provider.name} needs the environment variable ${key}, which is not set`
  }
  const room = model.spec.contextTokens - model.spec.maxOutputTokens
  if (provider.spec.protocol !== 'extractive' && inputTokens > room) {
    return `the prompt of about ${inputTokens} tokens does not fit: model ${model.name} has room for ${room}`
  }
  return { model, provider }
}
