import { choose, placeReason, type Rejected } from './choose.ts'
import type { CompiledRoute } from './compile.ts'
import type { Deployment } from './deployment.ts'
import type { RequestFacts } from './facts.ts'
import { type Forecast, forecast } from './forecast.ts'

/** What is known of a deployment at the moment. */
export interface LiveState {
  breaker: 'closed' | 'open' | 'half-open'
  down: boolean
  inFlight: number
  waiting: number
  usableKeys: number
  counts: Readonly<Deployment['counts']>
}

/** One candidate of a route, as it stands for a request. */
export interface ExplainedCandidate {
  model: string
  provider: string | undefined
  /** 1 for the first to try; undefined where it does not get the request. */
  place: number | undefined
  /** Why it stands there, or why it does not get the request. */
  reason: string
  code: Rejected['code'] | undefined
  forecast: Forecast | undefined
  live: LiveState | undefined
}

/** Why a route would answer a request with this model and not with the others. */
export interface Explanation {
  route: string
  strategy: CompiledRoute['strategy']
  reason: string
  candidates: ExplainedCandidate[]
  shadow: string | undefined
}

/** What would be decided for a request now, without sending it. */
export function explain(
  route: CompiledRoute,
  facts: RequestFacts,
  at: { now: number; random: () => number },
): Explanation {
  const choice = choose(route, facts, at)
  const known = (model: string) => route.candidates.find((one) => one.name === model)
  const described = (model: string) => {
    const candidate = known(model)
    return {
      model,
      provider: candidate?.provider.name,
      forecast: candidate && forecast(candidate, facts, at.now),
      live: candidate && liveState(candidate.deployment, at.now),
    }
  }
  return {
    route: route.name,
    strategy: route.strategy,
    reason: choice.reason,
    candidates: [
      ...choice.order.map(({ name }, i) => ({
        ...described(name),
        place: i + 1,
        reason: placeReason(choice, i),
        code: undefined,
      })),
      ...choice.rejected.map(({ model, code, reason }) => ({
        ...described(model),
        place: undefined,
        reason,
        code,
      })),
    ],
    shadow: choice.shadow?.name,
  }
}

/** A deployment's state for people and metrics. */
export function liveState(deployment: Deployment, now: number): LiveState {
  const { endpoint } = deployment
  return {
    breaker: deployment.breaker,
    down: endpoint.down(now),
    inFlight: deployment.inFlight,
    waiting: endpoint.gate.waiting,
    usableKeys: deployment.usableKeys,
    counts: { ...deployment.counts },
  }
}
