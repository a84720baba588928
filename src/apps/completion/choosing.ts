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

/** Protocols of models within this process; all others are the hub's to call, within budgets. */
const within: ReadonlySet<string> = new Set(['extractive', 'scripted'])

/** The Route or Model that a direct call names, where all of it is within this process and the prompt fits. */
export function chooseModel(
  request: CompletionRequest,
  at: { snapshot: Snapshot; router: Router; context: RequestContext; now: number },
): ChosenModel {
  const { snapshot, router, context, now } = at
  const { model: reference, messages, maxOutputTokens } = request
  const named = snapshot.resolve('Route', reference)
  const model = named ?? snapshot.require('Model', reference)
  const routes = router.routes(snapshot)
  const route = (named && routes.route(reference)) ?? routes.model(reference)
  for (const { provider } of route.candidates) requireWithin(model.name, provider.spec.protocol)
  const choice = router.choose(route, {
    ...callerFacts(context),
    ...context.labels,
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

function requireWithin(name: string, protocol: string): void {
  if (protocol === 'extractive') {
    throw new PlinthError('UNSUPPORTED', {
      detail: `The model ${name} quotes documents; it cannot be called without them.`,
      where: 'model',
      remedy: 'Name an assistant that uses it, or a model of another provider.',
    })
  }
  if (within.has(protocol)) return
  // A body that the hub could not read as JSON, and this door could.
  throw new PlinthError('INVALID_INPUT', {
    detail: `The request cannot be passed on to ${name}.`,
    where: 'body',
    remedy: 'Send JSON in UTF-8, without a byte order mark.',
  })
}
