import { detectLanguage, estimateTokens, type Ground } from '#data'
import type { Principal, RequestContext, Span } from '#kernel'
import {
  type Choice,
  type CompiledRoute,
  type Price,
  placeReason,
  priceAt,
  type RequestFacts,
} from '#models'
import type { AnswerAccess } from './authorizing.ts'
import type { AskedText } from './masking.ts'
import type { Run } from './run.ts'

/** Ordered models, with the reason for each. */
export interface Choices {
  choice: Choice
  /** Names of the models that may answer, first to last. */
  models: readonly string[]
  /** Today's price of a model, where known. */
  priceOf(model: string | null): Price | undefined
  /** Every model of the route and why it was used, held in reserve or skipped. */
  explained(used: string | null): { model: string; reason: string; used: boolean }[]
}

/** Decides which models of the assistant's route may answer, in which order. */
export function chooseModels(
  run: Run,
  what: { access: AnswerAccess; asked: AskedText; ground: Ground; maxOutputTokens: number },
  span: Span,
): Choices {
  const { access } = what
  const { router } = run.house.models
  const reference = access.assistant.spec.route
  access.snapshot.require('Route', reference)
  const routes = router.routes(access.snapshot)
  const { model: named } = run.question
  const route =
    named === undefined ? (routes.route(reference) as CompiledRoute) : routes.model(named)
  const choice = router.choose(route, factsOf(run, what))
  const models = choice.order.map(({ name }) => name)
  span.attributes.models = models
  span.attributes.reason = choice.reason
  return {
    choice,
    models,
    priceOf: (model) => {
      const spec = choice.order.find((one) => one.name === model)?.model.spec
      return spec && priceAt(spec, run.house.clock.now().getTime())
    },
    explained: (used) => [
      ...models.map((model, i) => ({
        model,
        reason: placeReason(choice, i),
        used: model === used,
      })),
      ...choice.rejected.map(({ model, reason }) => ({ model, reason, used: false })),
    ],
  }
}

function factsOf(
  run: Run,
  {
    access,
    asked,
    ground,
    maxOutputTokens,
  }: { access: AnswerAccess; asked: AskedText; ground: Ground; maxOutputTokens: number },
): RequestFacts {
  const { conversationId } = access.history
  const said = [
    asked.text,
    access.prompt.spec.system,
    ...access.history.messages.map(({ content }) => content),
  ]
  return {
    ...callerFacts(run.context),
    ...run.context.labels,
    operation: 'chat',
    needs: [],
    inputTokens: said.reduce((sum, text) => sum + estimateTokens(text) + 4, ground.tokens),
    maxOutputTokens,
    language: detectLanguage(asked.text),
    project: access.assistant.project,
    ...(conversationId ? { conversation: conversationId } : {}),
    now: run.house.clock.now().getTime(),
  }
}

const groupToken = 'group:'

type CallerFacts = Pick<RequestFacts, 'principals' | 'groups' | 'unapproved'>

/** A principal is one object for many requests, and never changed. */
const factsOfCallers = new WeakMap<Principal, CallerFacts>()

/** What routing may know of who asks. */
export function callerFacts({ principal }: Pick<RequestContext, 'principal'>): CallerFacts {
  let facts = factsOfCallers.get(principal)
  if (!facts) {
    const groups = principal.readerTokens
      .filter((token) => token.startsWith(groupToken))
      .map((token) => token.slice(groupToken.length))
    facts = { principals: [principal.id, principal.userId], groups }
    if (principal.permissions.has('models.write')) facts.unapproved = true
    factsOfCallers.set(principal, facts)
  }
  return facts
}
