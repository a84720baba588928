import { describe, expect, it } from 'vitest'
import type { Deployment, NotGranted } from './deployment.ts'
import type { Outcome } from './outcome.ts'
import type { Permit } from './permit.ts'
import { routerAt, snapshotOf } from './routing.fixture.ts'

type Given = Parameters<typeof routerAt>[0]

function deploymentOf(provider: object, given: Given = {}) {
  const at = routerAt(given)
  const configure = (spec: object): Deployment =>
    at.router.routes(snapshotOf({ providers: { p: spec }, models: { m: {}, n: {} } })).model('m')
      .candidates[0]!.deployment
  return { ...at, deployment: configure(provider), configure }
}

/** One call from beginning to end; the key it was made with. */
function call(deployment: Deployment, outcome: Outcome = 'ok', retryAfterMs?: number): string {
  const permit = deployment.acquire() as Permit | NotGranted
  if (!permit.granted) return permit.why
  permit.done({ outcome, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
  return permit.key?.env ?? 'none'
}

const keys = { apiKey: { env: 'A' }, keys: [{ env: 'B' }, { env: 'C', weight: 2 }] }
const secrets = { A: 'a', B: 'b', C: 'c' }

describe('a deployment', () => {
  it('takes its keys in turn by weight, and rests the one that is limited [M36.keys]', () => {
    const { deployment, clock } = deploymentOf(keys, { secrets })
    const count = (n: number) => {
      const used: Record<string, number> = {}
      for (let i = 0; i < n; i++) {
        const key = call(deployment)
        used[key] = (used[key] ?? 0) + 1
      }
      return used
    }
    expect(count(40)).toEqual({ A: 10, B: 10, C: 20 })
    const limited = call(deployment, 'rate-limited', 30_000)
    expect(count(40)[limited]).toBeUndefined()
    while (deployment.usableKeys > 0) call(deployment, 'rate-limited', 10_000)
    expect(deployment.acquire()).toEqual({ granted: false, why: 'resting', retryAfterMs: 10_000 })
    clock.ms += 10_000
    expect(deployment.usableKeys).toBe(2)
    expect(count(40)[limited]).toBeUndefined()
    clock.ms += 20_000
    expect(deployment.usableKeys).toBe(3)
    // A provider that names no time gets a second.
    call(deployment, 'rate-limited')
    expect(deployment.usableKeys).toBe(2)
    clock.ms += 1_000
    expect(deployment.usableKeys).toBe(3)
  })

  it('rests without a key, too, and takes it no offence that it has none [M36.keys]', () => {
    const { deployment, clock } = deploymentOf({})
    expect(call(deployment, 'rate-limited', 7_000)).toBe('none')
    expect(deployment.acquire()).toMatchObject({ why: 'resting', retryAfterMs: 7_000 })
    clock.ms += 7_000
    expect([call(deployment, 'unauthorized'), call(deployment)]).toEqual(['none', 'none'])
  })

  it('uses a key that is not accepted no more until provider or key change [M36.keys]', () => {
    const {
      deployment,
      configure,
      secrets: env,
    } = deploymentOf({ apiKey: { env: 'A' } }, { secrets: { A: 'wrong' } })
    expect(call(deployment, 'unauthorized')).toBe('A')
    expect(call(deployment)).toBe('no-key')
    expect(deployment.keyTrouble).toContain('does not accept the key in A')
    // The same configuration again changes nothing.
    expect(call(configure({ apiKey: { env: 'A' } }))).toBe('no-key')
    env.A = 'right'
    expect(configure({ apiKey: { env: 'A' } })).toBe(deployment)
    expect(call(deployment)).toBe('A')
    expect(call(deployment, 'unauthorized')).toBe('A')
    configure({ apiKey: { env: 'A' }, timeouts: { totalMs: 5_000 } })
    expect(call(deployment)).toBe('A')
  })

  it('tells a key that is wrong from one that may not use this model [M36.keys]', () => {
    const at = routerAt({ secrets: { A: 'a' } })
    const routes = at.router.routes(
      snapshotOf({ providers: { p: { apiKey: { env: 'A' } } }, models: { m: {}, n: {} } }),
    )
    const [m, n] = ['m', 'n'].map((name) => routes.model(name).candidates[0]!.deployment) as [
      Deployment,
      Deployment,
    ]
    call(m, 'forbidden')
    expect([call(m), call(n)]).toEqual(['resting', 'A'])
    at.clock.ms += 60_000
    expect(call(m)).toBe('A')
    call(n, 'rate-limited', 1_000)
    expect(n.acquire()).toMatchObject({ why: 'resting', retryAfterMs: 1_000 })
    at.clock.ms += 1_000
    call(n, 'unauthorized')
    expect(call(n)).toBe('no-key')
  })

  it('says at once that it is full, and shares its places among its models [M35.full]', async () => {
    const at = routerAt()
    const routes = at.router.routes(
      snapshotOf({
        providers: { p: { concurrency: { max: 2, queue: 1 } } },
        models: { m: {}, n: {} },
      }),
    )
    const [m, n] = ['m', 'n'].map((name) => routes.model(name).candidates[0]!.deployment) as [
      Deployment,
      Deployment,
    ]
    const first = m.acquire() as Permit
    const second = n.acquire() as Permit
    const left = new AbortController()
    const waiting = m.acquire(left.signal)
    expect(waiting).toBeInstanceOf(Promise)
    expect(n.acquire()).toMatchObject({ granted: false, why: 'full' })
    expect(m.refusal(at.clock.ms)).toBe('full')
    left.abort()
    expect(await waiting).toMatchObject({ granted: false, why: 'left' })
    const next = n.acquire()
    first.done({ outcome: 'ok' })
    first.done({ outcome: 'ok' })
    expect((await next).granted).toBe(true)
    expect([m.inFlight, n.inFlight, m.endpoint.gate.inside]).toEqual([0, 2, 2])
    second.done({ outcome: 'cancelled' })
    ;((await next) as Permit).done({ outcome: 'ok' })
    expect([n.inFlight, m.endpoint.gate.inside]).toEqual([0, 0])
    expect(n.counts).toMatchObject({ ok: 1, caller: 1 })
  })

  it('gives a place back that came to somebody who had left [M35.queue]', async () => {
    const { deployment } = deploymentOf({ concurrency: { max: 1, queue: 2 } })
    const first = deployment.acquire() as Permit
    const left = new AbortController()
    const late = deployment.acquire(left.signal)
    const patient = deployment.acquire()
    first.done({ outcome: 'ok' })
    // The place is given, and before anybody can say so its owner leaves.
    left.abort()
    expect(await late).toMatchObject({ why: 'left' })
    const permit = await patient
    expect(permit.granted).toBe(true)
    expect([deployment.inFlight, deployment.endpoint.gate.inside]).toEqual([1, 1])
  })

  it('lets one probe pass after its breaker opened, also out of a line [M35.probe]', async () => {
    const breaker = { failures: 2, ratio: 0.5, windowMs: 1_000, openMs: 500 }
    const { deployment, clock } = deploymentOf({ breaker, concurrency: { max: 1, queue: 9 } })
    const first = deployment.acquire() as Permit
    const line = Array.from({ length: 4 }, () => deployment.acquire())
    first.done({ outcome: 'timeout' })
    ;((await line[0]) as Permit).done({ outcome: 'unreachable' })
    expect(await Promise.all(line.slice(1))).toMatchObject(Array(3).fill({ why: 'breaker' }))
    expect(deployment.acquire()).toEqual({ granted: false, why: 'breaker', retryAfterMs: 500 })
    clock.ms += 500
    const probe = deployment.acquire() as Permit
    expect(probe.granted).toBe(true)
    expect(deployment.acquire()).toMatchObject({ why: 'breaker', retryAfterMs: undefined })
    // A caller who leaves says nothing about the provider: another probe may pass.
    probe.done({ outcome: 'cancelled' })
    const second = deployment.acquire() as Permit
    second.done({ outcome: 'caller' })
    expect(deployment.breaker).toBe('closed')
  })

  it('counts whose fault it was, and opens its breaker for the provider’s only [M9.fault]', () => {
    const { deployment } = deploymentOf(keys, { secrets })
    const ends: Outcome[] = ['caller', 'policy', 'plinth', 'cancelled', 'unsupported', 'ok', 'cut']
    for (const end of ends) for (let i = 0; i < 3; i++) call(deployment, end)
    expect(deployment.counts).toEqual({ ok: 3, caller: 6, policy: 3, provider: 3, plinth: 6 })
    expect(deployment.breaker).toBe('closed')
    for (let i = 0; i < 40; i++) call(deployment, 'server-error')
    expect(deployment.breaker).toBe('open')
  })

  it('measures whole answers without counting their tokens twice [M37.latency]', () => {
    const { deployment, clock } = deploymentOf({})
    const whole = (ms: number, tokens: number) => {
      const permit = deployment.acquire() as Permit
      clock.ms += ms
      permit.done({ outcome: 'ok', tokens })
    }
    whole(1_000, 100)
    expect(deployment.firstTokenMs.read(clock.ms)).toBe(1_000)
    const streamed = deployment.acquire() as Permit
    clock.ms += 2_000
    streamed.firstToken()
    streamed.firstToken()
    clock.ms += 990
    streamed.done({ outcome: 'ok', tokens: 100 })
    expect(deployment.perTokenMs.read(clock.ms)).toBe(10)
    clock.ms += 1_000_000
    whole(1_090, 100)
    expect(deployment.firstTokenMs.read(clock.ms)).toBeGreaterThan(80)
    expect(deployment.firstTokenMs.read(clock.ms)).toBeLessThan(1_090)
  })

  it('keeps secrets out of whatever is written about it [M36.keys]', async () => {
    const { inspect } = await import('node:util')
    const canary = { A: 'sk-canary', B: 'sk-canary', C: 'sk-canary' }
    const { deployment, router } = deploymentOf(keys, { secrets: canary })
    const permit = deployment.acquire() as Permit
    const written = [permit, deployment, deployment.endpoint.keys, router].flatMap((one) => [
      inspect(one, { depth: 9, showHidden: true }),
      JSON.stringify(one),
    ])
    expect(written.join()).not.toContain('sk-canary')
    expect(permit.key?.value?.reveal()).toBe('sk-canary')
  })
})
