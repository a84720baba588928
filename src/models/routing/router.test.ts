import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CompiledRoute } from './compile.ts'
import { noneLeft } from './none-left.ts'
import { Router } from './router.ts'
import { factsOf, routerAt, snapshotOf, type World } from './routing.fixture.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const world: World = {
  providers: { a: { health: { everyMs: 5_000 } }, b: { health: { path: '/up', everyMs: 5_000 } } },
  models: { a: { provider: 'a' }, b: { provider: 'b' }, c: {} },
  routes: { r: { models: ['a', 'b'] } },
}

describe('the router', () => {
  it('asks endpoints in their interval, by one timer, and takes out the one that stays silent [M35.health]', async () => {
    const router = new Router({ secret: () => undefined, now: () => Date.now() })
    const route = router.routes(snapshotOf(world)).route('r') as CompiledRoute
    const asked: string[] = []
    let up = false
    router.watch(async (url, { name }) => {
      asked.push(`${name} ${url}`)
      if (name === 'a' && !up) throw new Error('refused')
      return true
    })
    const order = () => router.choose(route, factsOf()).order.map(({ name }) => name)
    await vi.advanceTimersByTimeAsync(1_000)
    // Nobody has asked for it yet.
    expect([asked, order()]).toEqual([[], ['a', 'b']])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(asked).toEqual(['a https://x.test/v1/models', 'b https://x.test/v1/up'])
    expect([order(), vi.getTimerCount()]).toEqual([['a', 'b'], 1])
    await vi.advanceTimersByTimeAsync(4_000)
    expect(asked).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(order()).toEqual(['b'])
    const { rejected } = router.choose(route, factsOf())
    expect(rejected).toMatchObject([{ model: 'a', reason: expect.stringContaining('health') }])
    up = true
    await vi.advanceTimersByTimeAsync(5_000)
    expect(order()).toEqual(['a', 'b'])
    // What nobody uses any more is not asked for ever.
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(asked.length).toBeLessThan(300)
    const before = asked.length
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toHaveLength(before)
    router.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('compiles a snapshot once, and keeps what it knows from one to the next [M6.compiled]', () => {
    const { router } = routerAt()
    const snapshot = snapshotOf(world)
    const routes = router.routes(snapshot)
    expect(router.routes(snapshot)).toBe(routes)
    expect(routes.route('r')).toBe(routes.route('r'))
    expect(routes.route('none')).toBeUndefined()
    const next = router.routes(snapshotOf(world))
    const deployments = (one: typeof routes) => one.route('r')?.candidates.map((c) => c.deployment)
    expect(next).not.toBe(routes)
    expect(deployments(next)).toEqual(deployments(routes))
    expect(next.model('a').candidates[0]?.deployment).toBe(deployments(routes)?.[0])
    const elsewhere = router.routes({ ...snapshotOf(world), organizationId: 'org_2' })
    expect(elsewhere.route('r')?.candidates[0]?.deployment).not.toBe(deployments(routes)?.[0])
    expect([...router.deployments('org_1')]).toHaveLength(2)
  })

  it('says by the code of its error whether the caller, a rule or an outage is in the way [M9.none-left]', () => {
    const { router } = routerAt()
    const codeOf = (model: object, provider: object, facts: object = {}) => {
      const routes = router.routes(
        snapshotOf({ providers: { p: provider }, models: { m: model }, routes: {} }),
      )
      return noneLeft(router.choose(routes.model('m'), factsOf(facts)))
    }
    expect(codeOf({}, {}, { inputTokens: 1e6 })).toMatchObject({
      code: 'INVALID_INPUT',
      where: 'messages',
    })
    expect(codeOf({ capabilities: [] }, {}, { needs: ['tools'] }).code).toBe('INVALID_INPUT')
    expect(codeOf({}, {}, { dataClasses: ['secret'] }).code).toBe('FORBIDDEN')
    expect(codeOf({}, {}, { regions: ['eu'] }).code).toBe('FORBIDDEN')
    expect(codeOf({}, { apiKey: { env: 'NONE' } }).code).toBe('UNAVAILABLE')
    expect(codeOf({ stage: 'retired' }, {}).code).toBe('UNAVAILABLE')
    const { deployment } = router
      .routes(snapshotOf({ providers: { p: {} }, models: { m: {} } }))
      .model('m').candidates[0]!
    const permit = deployment.acquire()
    if ('done' in permit) permit.done({ outcome: 'rate-limited', retryAfterMs: 2_500 })
    expect(codeOf({}, {})).toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 3 })
  })
})
