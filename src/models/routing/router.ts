import type { ResourceSpec } from '#kernel'
import type { Named } from '../named.ts'
import { type Choice, choose } from './choose.ts'
import { type CompiledRoute, compileRoute, type RoutingSnapshot } from './compile.ts'
import { Deployment } from './deployment.ts'
import { Endpoint } from './endpoint.ts'
import { type Explanation, explain } from './explain.ts'
import type { RequestFacts } from './facts.ts'
import { RetryPlan } from './retry-plan.ts'

type Provider = Named<ResourceSpec<'Provider'>>

/** Asks an endpoint whether it is there: whether it answered at all, below status 500. */
export type HealthProbe = (url: string, provider: Provider) => Promise<boolean>

/** A breaker that opened for so many milliseconds, or closed (0), as other processes of one server are told. */
export interface BreakerNews {
  deployment: string
  openMs: number
}

const maxEndpoints = 10_000
const maxDeployments = 20_000
const maxRoutesPerSnapshot = 20_000
/** How often due health checks are looked for, and how many run at once. */
const sweepMs = 1_000
const checksAtOnce = 16

/** Routes of one snapshot, each compiled when it is first asked for. */
export interface Routes {
  /** By reference (`name`, `name@label`, …). */
  route(reference: string): CompiledRoute | undefined
  /** One model by reference, as a route of its own: the same limits, keys and health. */
  model(reference: string): CompiledRoute
}

/**
 * Decides where requests go, and keeps what is known about the places. One per process. Compiled routes belong to a
 * snapshot; live state belongs to the process, per organization, provider and upstream model, and outlives snapshots.
 *
 * A request: `routes(snapshot)` once per snapshot, `choose` for the order, `plan` for what to try; for each try
 * `candidate.deployment.acquire(signal)`, then `permit.firstToken()` and `permit.done(…)`, then `plan.next(outcome)`.
 */
export class Router {
  readonly #secret: (env: string) => string | undefined
  readonly #now: () => number
  readonly #random: () => number
  readonly #tell: ((news: BreakerNews) => void) | undefined
  readonly #processes: number
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #deployments = new Map<string, Deployment>()
  readonly #routes = new WeakMap<RoutingSnapshot, Routes>()
  #sweep: NodeJS.Timeout | undefined
  #checking = 0

  constructor(options: {
    /** Value of an environment variable, undefined or empty where it is not set. */
    secret(env: string): string | undefined
    /** Milliseconds that never go back. */
    now?: () => number
    random?: () => number
    /** Tells the other processes of this server. */
    tell?: (news: BreakerNews) => void
    /** How many processes share what a provider may be asked at once. */
    processes?: number
  }) {
    this.#secret = options.secret
    this.#now = options.now ?? (() => performance.now())
    this.#random = options.random ?? Math.random
    this.#tell = options.tell
    this.#processes = options.processes ?? 1
  }

  /** The routes of a snapshot; the same object for the same snapshot. */
  routes(snapshot: RoutingSnapshot): Routes {
    let routes = this.#routes.get(snapshot)
    if (!routes) {
      routes = this.#compile(snapshot)
      this.#routes.set(snapshot, routes)
    }
    return routes
  }

  /** Which candidates may have a request, in which order, and why not the others. */
  choose(route: CompiledRoute, facts: RequestFacts): Choice {
    return choose(route, facts, { now: this.#now(), random: this.#random })
  }

  /** What to try for a choice; nothing is begun after `withinMs`. */
  plan(choice: Choice, options: { withinMs?: number } = {}): RetryPlan {
    const deadline = options.withinMs === undefined ? undefined : this.#now() + options.withinMs
    return new RetryPlan(choice, { now: this.#now, random: this.#random, deadline })
  }

  /** The same as `choose`, told for people; nothing is sent. */
  explain(route: CompiledRoute, facts: RequestFacts): Explanation {
    return explain(route, facts, { now: this.#now(), random: this.#random })
  }

  /** Live state of an organization's deployments. */
  *deployments(organizationId: string): Generator<Deployment> {
    for (const [key, deployment] of this.#deployments) {
      if (key.startsWith(`${organizationId}\n`)) yield deployment
    }
  }

  /** Begins active health checks, by one timer for all. */
  watch(probe: HealthProbe): void {
    this.#sweep ??= setInterval(() => this.#check(probe), sweepMs).unref()
  }

  /** What another process of this server tells. */
  hear({ deployment, openMs }: BreakerNews): void {
    this.#deployments.get(deployment)?.hear(openMs)
  }

  stop(): void {
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  #check(probe: HealthProbe): void {
    const now = this.#now()
    for (const endpoint of this.#endpoints.values()) {
      if (this.#checking >= checksAtOnce) return
      const url = endpoint.dueCheck(now)
      if (url === undefined) continue
      this.#checking++
      probe(url, endpoint.provider)
        .catch(() => false)
        .then((ok) => endpoint.checked(ok))
        .finally(() => {
          this.#checking--
        })
    }
  }

  #compile(snapshot: RoutingSnapshot): Routes {
    const compiled = new Map<string, CompiledRoute>()
    const deploymentOf = (provider: Provider, upstreamModel: string) =>
      this.#deployment(snapshot.organizationId, provider, upstreamModel)
    const make = (key: string, route: Named<ResourceSpec<'Route'>> | undefined) => {
      const known = compiled.get(key)
      if (known || !route) return known
      const made = compileRoute(route, snapshot, deploymentOf)
      if (compiled.size < maxRoutesPerSnapshot) compiled.set(key, made)
      return made
    }
    return {
      route: (reference) => make(`Route/${reference}`, snapshot.resolve('Route', reference)),
      model: (reference) => {
        const spec = { description: '', models: [reference] }
        return make(`Model/${reference}`, { name: reference, spec }) as CompiledRoute
      },
    }
  }

  #telling(deployment: string): { tell?: (openMs: number) => void } {
    const tell = this.#tell
    return tell ? { tell: (openMs) => tell({ deployment, openMs }) } : {}
  }

  #deployment(organizationId: string, provider: Provider, upstreamModel: string): Deployment {
    const place = `${organizationId}\n${provider.name}`
    let endpoint = this.#endpoints.get(place)
    endpoint ??= bounded(this.#endpoints, maxEndpoints)
      .set(place, new Endpoint(provider, { now: this.#now, processes: this.#processes }))
      .get(place) as Endpoint
    endpoint.configure(provider, this.#secret)
    const key = `${place}\n${upstreamModel}`
    let deployment = this.#deployments.get(key)
    deployment ??= bounded(this.#deployments, maxDeployments)
      .set(key, new Deployment(endpoint, upstreamModel, { now: this.#now, ...this.#telling(key) }))
      .get(key) as Deployment
    deployment.follow()
    return deployment
  }
}

/** Makes room: what was met first is forgotten first, and is measured anew where it is still used. */
function bounded<T>(map: Map<string, T>, most: number): Map<string, T> {
  if (map.size >= most) {
    const first = map.keys().next().value
    if (first !== undefined) map.delete(first)
  }
  return map
}
