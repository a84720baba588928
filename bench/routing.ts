/**
 * What a decision costs: `node bench/routing.ts`. One route of ten candidates for each strategy, half of them with
 * conditions, each measured before by some calls; then one whole call (choose, plan, permit, first token, end).
 */
import { modelSpec, providerSpec, type ResourceSpec, routeSpec } from '#kernel'
import { type CompiledRoute, type Permit, type RequestFacts, Router } from '#models'

const candidates = 10
const warm = 20_000
const rounds = 200_000

const strategies = [
  'ordered',
  'weighted',
  'lowest-latency',
  'least-busy',
  'lowest-cost',
  'objective',
] as const

const router = new Router({ secret: () => 'key' })

function routeOf(strategy: (typeof strategies)[number]): CompiledRoute {
  const names = Array.from({ length: candidates }, (_, i) => `m${i}`)
  const route = routeSpec.parse({
    candidates: names.map((model, i) => ({
      model,
      weight: i + 1,
      ...(i % 2 ? { when: { maxInputTokens: 100_000, projects: ['bench'] } } : {}),
    })),
    strategy,
    ...(strategy === 'objective' ? { objective: { totalMs: 5_000, maxCostUsd: 1 } } : {}),
    ...(strategy === 'ordered' ? {} : { sticky: 'conversation' }),
  })
  const resources: Record<string, (name: string) => object> = {
    Provider: () =>
      providerSpec.parse({
        protocol: 'openai',
        baseUrl: 'https://x.test/v1',
        region: 'eu-west-1',
        dataClasses: ['internal', 'confidential'],
        keys: [{ env: 'A' }, { env: 'B' }],
      }),
    Model: (name) =>
      modelSpec.parse({
        provider: `p-${name}`,
        upstreamModel: name,
        contextTokens: 200_000,
        capabilities: ['tools', 'vision', 'streaming'],
        languages: ['en', 'de'],
        price: { input: Number(name.slice(1)) + 1, output: 2 },
      }),
    Route: () => route,
  }
  const snapshot = {
    organizationId: strategy,
    resolve: <K extends 'Model' | 'Provider' | 'Route'>(kind: K, name: string) => ({
      name,
      spec: resources[kind]?.(name) as ResourceSpec<K>,
    }),
  }
  return router.routes(snapshot).route('r') as CompiledRoute
}

const facts: RequestFacts = {
  operation: 'chat',
  needs: ['tools', 'streaming'],
  inputTokens: 2_000,
  maxOutputTokens: 500,
  dataClasses: ['internal'],
  regions: ['eu'],
  project: 'bench',
  language: 'en',
  conversation: 'cnv_0123456789',
  now: Date.now(),
}

function call(route: CompiledRoute): void {
  const step = router.plan(router.choose(route, facts)).first()
  const permit = step?.candidate.deployment.acquire() as Permit
  permit.firstToken()
  permit.done({ outcome: 'ok', tokens: 100 })
}

/** Microseconds of one run, the median of nine blocks. */
function measure(run: () => void): number {
  for (let i = 0; i < warm; i++) run()
  const blocks = Array.from({ length: 9 }, () => {
    const started = performance.now()
    for (let i = 0; i < rounds / 9; i++) run()
    return ((performance.now() - started) * 1_000) / (rounds / 9)
  })
  return blocks.sort((a, b) => a - b)[4] as number
}

const rows = strategies.map((strategy) => {
  const route = routeOf(strategy)
  for (const { deployment } of route.candidates) {
    const permit = deployment.acquire() as Permit
    permit.firstToken()
    permit.done({ outcome: 'ok', tokens: 100 })
  }
  const chosen = measure(() => router.choose(route, facts))
  const whole = measure(() => call(route))
  return { strategy, choose_us: chosen.toFixed(2), whole_call_us: whole.toFixed(2) }
})
console.table(rows)
