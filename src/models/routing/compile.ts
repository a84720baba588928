import type { ResourceSpec } from '#kernel'
import { catalogued } from '../catalog/prices.ts'
import type { Named } from '../named.ts'
import { compileWhen, Fitness, maskOf, type Unfit } from './conditions.ts'
import type { Deployment } from './deployment.ts'
import type { RequestFacts } from './facts.ts'
import { type CallTimeouts, type RetrySettings, retrySettings, timeoutsOf } from './settings.ts'
import { hashOf } from './sticky.ts'

type Route = ResourceSpec<'Route'>

/** A model of a route that can be looked up, with everything that deciding and calling need. */
export interface Candidate {
  /** Name of the Model resource, and the reference that the route has for it. */
  readonly name: string
  readonly reference: string
  readonly index: number
  readonly model: Named<ResourceSpec<'Model'>>
  /** With the time-outs that hold on this route. */
  readonly provider: Named<ResourceSpec<'Provider'>>
  readonly weight: number
  readonly deployment: Deployment
  readonly timeouts: CallTimeouts
  readonly retry: RetrySettings
  /** For rendezvous hashing. */
  readonly hash: number
  readonly fitness: Fitness
  readonly when: ((facts: RequestFacts, needs: number) => string | undefined) | undefined
  /** Scratch of one decision, which nothing interrupts. */
  score: number
  tier: number
}

/** A reference of a route that leads to nothing callable. */
export interface Missing {
  readonly model: string
  readonly unfit: Unfit
}

/** A route of one snapshot, compiled once. */
export interface CompiledRoute {
  readonly name: string
  readonly candidates: readonly Candidate[]
  readonly missing: readonly Missing[]
  readonly strategy: NonNullable<Route['strategy']>
  readonly objective: NonNullable<Route['objective']>
  readonly sticky: boolean
  readonly hedge: Route['hedge']
  readonly shadow: { readonly candidate: Candidate; readonly share: number } | undefined
  readonly guardrail: string | undefined
}

/** What routes are compiled from: a snapshot of an organization's resources. */
export interface RoutingSnapshot {
  readonly organizationId: string
  resolve<K extends 'Model' | 'Provider' | 'Route'>(
    kind: K,
    reference: string,
  ): Named<ResourceSpec<K>> | undefined
}

/** Gives the live state of an upstream model of a provider. */
export type DeploymentOf = (
  provider: Named<ResourceSpec<'Provider'>>,
  upstreamModel: string,
) => Deployment

/** Compiles a route; references that lead nowhere are kept with the reason. */
export function compileRoute(
  route: Named<Route>,
  snapshot: RoutingSnapshot,
  deploymentOf: DeploymentOf,
): CompiledRoute {
  const { spec } = route
  const given = spec.candidates ?? spec.models.map((model) => ({ model, weight: 1 }))
  const candidates: Candidate[] = []
  const missing: Missing[] = []
  for (const one of given) {
    const made = compileCandidate({ ...one, index: candidates.length }, spec, {
      snapshot,
      deploymentOf,
    })
    if ('unfit' in made) missing.push(made)
    else candidates.push(made)
  }
  const shadow =
    spec.shadow &&
    compileCandidate({ model: spec.shadow.model, weight: 1, index: -1 }, spec, {
      snapshot,
      deploymentOf,
    })
  return {
    name: route.name,
    candidates,
    missing,
    strategy: spec.strategy ?? 'ordered',
    objective: spec.objective ?? {},
    sticky: spec.sticky !== undefined,
    hedge: spec.hedge,
    shadow:
      spec.shadow && shadow && !('unfit' in shadow)
        ? { candidate: shadow, share: spec.shadow.share }
        : undefined,
    guardrail: spec.guardrail,
  }
}

function compileCandidate(
  given: NonNullable<Route['candidates']>[number] & { index: number },
  route: Route,
  at: { snapshot: RoutingSnapshot; deploymentOf: DeploymentOf },
): Candidate | Missing {
  const { model: reference, weight, when, index } = given
  const gone = (code: Unfit['code'], reason: string): Missing => ({
    model: reference,
    unfit: { code, reason },
  })
  const written = at.snapshot.resolve('Model', reference)
  if (!written) return gone('missing', `there is no model ${reference}`)
  const provider = at.snapshot.resolve('Provider', written.spec.provider)
  if (!provider) {
    const words = `model ${written.name} names provider ${written.spec.provider}, which does not exist`
    return gone('missing', words)
  }
  const model = catalogued(written, provider.spec)
  const timeouts = timeoutsOf(provider.spec, route.timeouts)
  // A pinned version of before does not outlive the model.
  const current = at.snapshot.resolve('Model', reference.split('@', 1)[0] as string)
  if ([written, current].some((one) => one?.spec.stage === 'retired'))
    return gone('retired', `model ${model.name} is retired`)
  return {
    name: model.name,
    reference,
    index,
    model,
    provider: route.timeouts ? { ...provider, spec: { ...provider.spec, timeouts } } : provider,
    weight,
    deployment: at.deploymentOf(provider, model.spec.upstreamModel),
    timeouts,
    retry: retrySettings(provider.spec, route.retries),
    hash: hashOf(`${provider.name}/${model.name}`),
    fitness: new Fitness(model, provider.spec),
    when: when && compileWhen(when),
    score: 0,
    tier: 0,
  }
}

/** Bits of what a request needs: the operation and the rest. */
export function needsOf(facts: RequestFacts): number {
  return maskOf(facts.needs) | maskOf([facts.operation])
}
