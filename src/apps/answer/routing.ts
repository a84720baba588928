import type { Span } from '#kernel'
import { type ModelChoice, type Price, priceAt, routeModels, type SkippedModel } from '#models'
import type { Snapshot } from '#store'
import type { AnswerAccess } from './authorizing.ts'
import type { Run } from './run.ts'

/** Ordered model choices, with the reason for each. */
export interface Choices {
  usable: { model: string; choice: ModelChoice }[]
  skipped: SkippedModel[]
  /** Today's price of a model, where known. */
  priceOf(model: string | null): Price | undefined
  /** Every model of the route and why it was used, held in reserve or skipped. */
  explained(used: string | null): { model: string; reason: string; used: boolean }[]
}

/** Resolves the assistant's route to models that can be called now. */
export function chooseModels(run: Run, access: AnswerAccess, span: Span): Choices {
  const { snapshot } = access
  const route = snapshot.require('Route', access.assistant.spec.route)
  const routed = routeModels(route, routeSources(snapshot, run.house.models.secret))
  span.attributes.models = routed.choices.map((choice) => choice.model.name)
  const usable = routed.choices.map((choice) => ({ model: choice.model.name, choice }))
  return {
    usable,
    skipped: routed.skipped,
    priceOf: (model) => {
      const spec = usable.find((one) => one.model === model)?.choice.model.spec
      return spec && priceAt(spec, run.house.clock.now().getTime())
    },
    explained: (used) => [
      ...usable.map(({ model, choice }) => ({
        model,
        reason: choice.reason,
        used: model === used,
      })),
      ...routed.skipped.map((skip) => ({ ...skip, used: false })),
    ],
  }
}

/** Looks models and providers up in a snapshot. */
export function routeSources(snapshot: Snapshot, secret: (env: string) => string | undefined) {
  return {
    model: (reference: string) => snapshot.resolve('Model', reference),
    provider: (reference: string) => snapshot.resolve('Provider', reference),
    secret,
  }
}
