import { modelSpec, providerSpec, type ResourceSpec, routeSpec } from '#kernel'
import type { RoutingSnapshot } from './compile.ts'
import type { RequestFacts } from './facts.ts'
import { Router } from './router.ts'

/** Resources by name, as people write them. */
export interface World {
  providers?: Record<string, object>
  models?: Record<string, object>
  routes?: Record<string, object>
}

/** A snapshot of these resources, each through its schema. */
export function snapshotOf(world: World): RoutingSnapshot {
  const kinds = {
    Provider: new Map(
      Object.entries(world.providers ?? {}).map(([name, spec]) => [
        name,
        {
          name,
          spec: providerSpec.parse({ protocol: 'openai', baseUrl: 'https://x.test/v1', ...spec }),
        },
      ]),
    ),
    Model: new Map(
      Object.entries(world.models ?? {}).map(([name, spec]) => [
        name,
        { name, spec: modelSpec.parse({ provider: 'p', upstreamModel: name, ...spec }) },
      ]),
    ),
    Route: new Map(
      Object.entries(world.routes ?? {}).map(([name, spec]) => [
        name,
        { name, spec: routeSpec.parse(spec) },
      ]),
    ),
  }
  return {
    organizationId: 'org_1',
    resolve: <K extends keyof typeof kinds>(kind: K, reference: string) =>
      kinds[kind].get(reference) as { name: string; spec: ResourceSpec<K> } | undefined,
  }
}

/** A router whose time and chance stand in the test's hands. */
export function routerAt(
  options: { secrets?: Record<string, string>; random?: () => number } = {},
) {
  const clock = { ms: 1_000 }
  const secrets = options.secrets ?? {}
  const router = new Router({
    secret: (env) => secrets[env],
    now: () => clock.ms,
    random: options.random ?? (() => 0.5),
  })
  return { router, clock, secrets }
}

/** A plain chat request; anything may be said about it. */
export function factsOf(more: Partial<RequestFacts> = {}): RequestFacts {
  return { operation: 'chat', needs: [], inputTokens: 100, now: Date.UTC(2026, 0, 5, 12), ...more }
}

/** The same numbers for the same seed, evenly spread between 0 and 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000
  }
}
