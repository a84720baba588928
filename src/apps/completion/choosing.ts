import { estimateTokens } from '#data'
import { PlinthError } from '#kernel'
import { type ModelChoice, routeModels } from '#models'
import type { Snapshot } from '#store'
import { routeSources } from '../answer/routing.ts'
import type { CompletionRequest } from './complete.ts'

export interface ChosenModel {
  name: string
  digest: string
  choice: ModelChoice
}

/** The model that a direct call names, where it can be called now and the prompt fits. */
export function chooseModel(
  snapshot: Snapshot,
  { model: reference, messages }: Pick<CompletionRequest, 'model' | 'messages'>,
  secret: (env: string) => string | undefined,
): ChosenModel {
  const model = snapshot.require('Model', reference)
  const provider = snapshot.require('Provider', model.spec.provider)
  if (provider.spec.protocol === 'extractive') {
    throw new PlinthError('UNSUPPORTED', {
      detail: `The model ${model.name} quotes documents; it cannot be called without them.`,
      where: 'model',
      remedy: 'Name an assistant that uses it, or a model of another provider.',
    })
  }
  const tokens = messages.reduce((sum, { content }) => sum + estimateTokens(content) + 4, 0)
  const room = model.spec.contextTokens - model.spec.maxOutputTokens
  if (tokens > room) {
    throw new PlinthError('INVALID_INPUT', {
      detail: `The prompt of about ${tokens} tokens does not fit: model ${model.name} has room for ${room}.`,
      where: 'messages',
      remedy: 'Shorten the messages, or name a model with a larger context.',
    })
  }
  const named = { name: model.name, spec: { description: '', models: [reference] } }
  const { choices, skipped } = routeModels(named, routeSources(snapshot, secret))
  const [choice] = choices
  if (choice) return { name: model.name, digest: model.digest, choice }
  throw new PlinthError('UNAVAILABLE', {
    detail: `The model cannot be called: ${skipped[0]?.reason ?? 'its provider is missing'}.`,
    where: 'model',
    remedy: 'Mend that, or name another model.',
  })
}
