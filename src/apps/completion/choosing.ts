import { estimateTokens } from '#data'
import { PlinthError, type RequestContext } from '#kernel'
import { type Choice, noneLeft, type Router } from '#models'
import type { Snapshot } from '#store'
import { callerFacts } from '../answer/routing.ts'
import type { CompletionRequest } from './complete.ts'

export interface ChosenModel {
  name: string
  digest: string
  choice: Choice
}

/** The model that a direct call names, where it can be called now and the prompt fits. */
export function chooseModel(
  request: CompletionRequest,
  at: { snapshot: Snapshot; router: Router; context: RequestContext; now: number },
): ChosenModel {
  const { snapshot, router, context, now } = at
  const { model: reference, messages, maxOutputTokens } = request
  const model = snapshot.require('Model', reference)
  const provider = snapshot.require('Provider', model.spec.provider)
  if (provider.spec.protocol === 'extractive') {
    throw new PlinthError('UNSUPPORTED', {
      detail: `The model ${model.name} quotes documents; it cannot be called without them.`,
      where: 'model',
      remedy: 'Name an assistant that uses it, or a model of another provider.',
    })
  }
  const choice = router.choose(router.routes(snapshot).model(reference), {
    ...callerFacts(context),
    operation: 'chat',
    needs: [],
    inputTokens: messages.reduce((sum, { content }) => sum + estimateTokens(content) + 4, 0),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    project: model.project,
    now,
  })
  if (choice.order.length > 0) return { name: model.name, digest: model.digest, choice }
  throw noneLeft(choice)
}
