import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meaningOf, type Outcome, outcomeOf, outcomeOfStatus } from './outcome.ts'
import type { Permit } from './permit.ts'
import { factsOf, routerAt, seeded, snapshotOf } from './routing.fixture.ts'

/** A route over `count` models, each of its own provider. */
function routeOf(
  count: number,
  provider: object = {},
  options: Parameters<typeof routerAt>[0] = {},
) {
  const at = routerAt(options)
  const indexes = Array.from({ length: count }, (_, i) => i)
  const route = at.router
    .routes(
      snapshotOf({
        providers: Object.fromEntries(indexes.map((i) => [`p${i}`, provider])),
        models: Object.fromEntries(indexes.map((i) => [`m${i}`, { provider: `p${i}` }])),
        routes: { r: { models: indexes.map((i) => `m${i}`) } },
      }),
    )
    .route('r')!
  return { ...at, route, choose: () => at.router.choose(route, factsOf()) }
}

const failing: Outcome[] = ['rate-limited', 'overloaded', 'server-error', 'timeout', 'unreachable']
const all: Outcome[] = [
  ...failing,
  ...(['ok', 'caller', 'policy', 'plinth', 'cancelled'] as const),
  ...(['unauthorized', 'forbidden', 'unsupported', 'cut', 'full'] as const),
]

describe('the plan of tries', () => {
  it('goes through the candidates in order without a wait, then rounds with a random one [M36.retries]', () => {
    const { router, choose } = routeOf(3, { retry: { max: 1, baseMs: 100, maxMs: 1_000 } })
    const plan = router.plan(choose())
    const steps = [plan.first()]
    while (steps.at(-1) !== undefined) steps.push(plan.next('server-error'))
    expect(steps.slice(0, -1).map((one) => [one!.candidate.name, one!.delayMs])).toEqual([
      ['m0', 0],
      ['m1', 0],
      ['m2', 0],
      ['m0', 50],
      ['m1', 0],
      ['m2', 0],
    ])
    expect(steps[0]!.reason).toBe('first usable model of route r')
    expect(steps[1]!.reason).toContain('number 2 of route r')
  })

  it('ends, stays within its bounds, and tries nothing that cannot help [M36.retries]', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.record({
          max: fc.nat(4),
          baseMs: fc.nat(2_000),
          maxMs: fc.nat(4_000),
        }),
        fc.array(fc.constantFrom(...all), { minLength: 40, maxLength: 40 }),
        fc.nat(),
        (count, retry, ends, seed) => {
          const { router, choose, clock } = routeOf(count, { retry }, { random: seeded(seed) })
          const choice = choose()
          const deadline = clock.ms + 5_000
          const plan = router.plan(choice, { withinMs: 5_000 })
          const hopeless = new Set<string>()
          const fresh: string[] = []
          let tries = 0
          let step = plan.first()
          for (const end of ends) {
            if (!step) break
            tries++
            const { candidate, delayMs } = step
            expect(hopeless.has(candidate.name)).toBe(false)
            expect(delayMs).toBeLessThanOrEqual(retry.maxMs + 1)
            expect(clock.ms + delayMs).toBeLessThanOrEqual(deadline)
            if (!fresh.includes(candidate.name)) {
              fresh.push(candidate.name)
              expect(delayMs).toBe(0)
            }
            clock.ms += delayMs + 1
            const permit = candidate.deployment.acquire() as Permit
            if (permit.granted) permit.done({ outcome: end })
            const { next, again } = meaningOf(end)
            if (!again) hopeless.add(candidate.name)
            step = plan.next(end)
            if (!next && !again) expect(step).toBeUndefined()
          }
          expect(tries).toBeLessThanOrEqual(Math.min(24, count * (1 + retry.max)))
          expect(fresh).toEqual(choice.order.slice(0, fresh.length).map(({ name }) => name))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('spends on further tries at most a fifth of the requests [M36.retry-budget]', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<Outcome>('server-error', 'timeout', 'ok'), {
          minLength: 1,
          maxLength: 400,
        }),
        (ends) => {
          const provider = {
            retry: { max: 5, baseMs: 0 },
            breaker: { failures: 10_000 },
          }
          const { router, choose } = routeOf(1, provider)
          let requests = 0
          let further = 0
          let at = 0
          while (at < ends.length) {
            const plan = router.plan(choose())
            let step = plan.first()
            requests++
            while (step && at < ends.length) {
              const end = ends[at++]!
              const permit = step.candidate.deployment.acquire() as Permit
              permit.done({ outcome: end })
              step = end === 'ok' ? undefined : plan.next(end)
              if (step) further++
            }
            expect(further).toBeLessThanOrEqual(10 + 0.2 * requests + 1e-9)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('waits as long as the provider asks, and not at all where that is too long [M36.retry-after]', () => {
    const provider = { apiKey: { env: 'K' }, retry: { max: 2, baseMs: 10, maxMs: 3_000 } }
    const { router, choose } = routeOf(1, provider, { secrets: { K: 'k' } })
    const fail = (retryAfterMs: number) => {
      const plan = router.plan(choose())
      const permit = plan.first()!.candidate.deployment.acquire() as Permit
      permit.done({ outcome: 'rate-limited', retryAfterMs })
      return plan.next('rate-limited')
    }
    expect(fail(2_500)?.delayMs).toBe(2_501)
    const resting = choose()
    expect(resting.order).toEqual([])
    expect(resting.rejected[0]).toMatchObject({ code: 'unavailable', retryAfterMs: 2_500 })
    const late = routeOf(1, provider, { secrets: { K: 'k' } })
    const plan = late.router.plan(late.choose())
    const permit = plan.first()!.candidate.deployment.acquire() as Permit
    permit.done({ outcome: 'rate-limited', retryAfterMs: 3_001 })
    expect(plan.next('rate-limited')).toBeUndefined()
  })

  it('takes another key before another model, as long as one works [M36.keys]', () => {
    const provider = { keys: [{ env: 'A' }, { env: 'B' }, { env: 'C' }], retry: { max: 0 } }
    const { router, choose } = routeOf(2, provider, { secrets: { A: 'a', B: 'b', C: 'c' } })
    const plan = router.plan(choose())
    const used: string[] = []
    let step = plan.first()
    while (step && used.length < 10) {
      const permit = step.candidate.deployment.acquire() as Permit
      used.push(`${step.candidate.name} ${permit.key?.env}`)
      permit.done({ outcome: 'unauthorized' })
      step = plan.next('unauthorized')
    }
    expect(used).toEqual(['m0 A', 'm0 B', 'm0 C', 'm1 A', 'm1 B', 'm1 C'])
  })

  it('asks as a hedge only others that were not asked, and within the budget [M36.hedge]', () => {
    const { router, choose } = routeOf(3)
    const plan = router.plan(choose())
    expect(plan.first()?.candidate.name).toBe('m0')
    expect([plan.hedge()?.name, plan.hedge()?.name, plan.hedge()]).toEqual(['m1', 'm2', undefined])
    let hedges = 0
    for (let i = 0; i < 100; i++) {
      const next = router.plan(choose())
      next.first()
      if (next.hedge()) hedges++
    }
    expect(hedges).toBeLessThan(40)
  })

  it('blames whoever failed, not whoever it was asked beside [M36.hedge]', () => {
    const { router, choose } = routeOf(2, { retry: { max: 1, baseMs: 0 } })
    const plan = router.plan(choose())
    const first = plan.first()!.candidate
    const beside = plan.hedge()!
    expect([first.name, beside.name]).toEqual(['m0', 'm1'])
    // The one beside cannot do it; the first fails later and is tried again, the other never.
    plan.note('unsupported', beside)
    expect(plan.next('timeout', first)?.candidate.name).toBe('m0')
    expect(plan.next('timeout')).toBeUndefined()
  })

  it('knows what each status and error of an upstream means [M9.fault]', async () => {
    const { PlinthError } = await import('#kernel')
    expect(
      [200, 204, 301, 400, 401, 402, 403, 404, 408, 413, 422, 429].map(outcomeOfStatus),
    ).toEqual([
      ...(['ok', 'ok', 'unsupported', 'caller', 'unauthorized', 'forbidden', 'forbidden'] as const),
      ...(['unsupported', 'timeout', 'caller', 'caller', 'rate-limited'] as const),
    ])
    expect([500, 501, 502, 503, 504, 529].map(outcomeOfStatus)).toEqual([
      ...(['server-error', 'unsupported', 'server-error', 'overloaded', 'timeout'] as const),
      'overloaded',
    ])
    const error = (code: 'UPSTREAM_FAILED' | 'INTERNAL', status?: number) =>
      outcomeOf(
        new PlinthError(code, {
          detail: 'x',
          ...(status === undefined ? {} : { upstreamStatus: status }),
        }),
      )
    expect([
      error('UPSTREAM_FAILED'),
      error('UPSTREAM_FAILED', 401),
      error('UPSTREAM_FAILED', 400),
    ]).toEqual(['server-error', 'unauthorized', 'unsupported'])
    expect([error('UPSTREAM_FAILED', 200), error('INTERNAL')]).toEqual(['server-error', 'plinth'])
  })
})
