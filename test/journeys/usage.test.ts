import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CallRow } from '#ops'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const resources = (one: FakeUpstream, two: FakeUpstream) => `
kind: Provider
name: one
spec: { protocol: openai, baseUrl: "${one.url}/v1" }
---
kind: Provider
name: two
spec: { protocol: openai, baseUrl: "${two.url}/v1" }
---
kind: Model
name: first
spec: { provider: one, upstreamModel: m-1, maxOutputTokens: 100, price: { input: 1, output: 2 } }
---
kind: Model
name: unpriced
spec: { provider: two, upstreamModel: m-2, maxOutputTokens: 100 }
---
kind: Route
name: both
spec: { models: [unpriced, first] }
---
kind: Guardrail
name: default
spec: { personalData: { input: allow, output: allow } }
---
kind: Budget
name: each-key
spec: { per: key, window: month, limits: { tokens: 100000, requests: 50 } }
---
kind: Budget
name: company
spec: { per: organization, window: month, limits: { usd: 10 }, enforce: soft }
`

const messages = [{ role: 'user' as const, content: 'How long is the notice period?' }]

describe('usage', () => {
  let house: OpenHouse
  let ada: Person
  let ben: Person
  let one: FakeUpstream
  let two: FakeUpstream
  beforeAll(async () => {
    one = await startFakeUpstream()
    two = await startFakeUpstream()
    house = await openHouse({
      env: { PLINTH_ALLOWED_PRIVATE_HOSTS: `${one.host},${two.host}` },
    })
    await house.apply(resources(one, two))
    ada = await house.person('ada', { roles: ['member'] })
    ben = await house.person('ben', { roles: ['member'] })
    const ask = (who: Person, model: string, useCase?: string) =>
      who.call('POST', '/v1/chat/completions', {
        body: { model, messages },
        headers: useCase ? { 'x-plinth-use-case': useCase } : {},
      })
    for (let i = 0; i < 3; i++) expect((await ask(ada, 'first', 'letters')).status).toBe(200)
    expect((await ask(ben, 'unpriced')).status).toBe(200)
    two.mode = { status: 500 }
    expect((await ask(ben, 'both')).status).toBe(200)
    expect((await ask(ben, 'unpriced')).status).toBeGreaterThanOrEqual(500)
    two.mode = 'normal'
    await house.house.api.gateway.usage.flush()
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
    await two?.close()
  })

  const get = async (who: Person, path: string, headers: Record<string, string> = {}) => {
    const reply = await who.call('GET', `/api/v1/${path}`, { headers })
    expect([path, reply.status, reply.status === 200 ? '' : reply.text]).toEqual([path, 200, ''])
    return reply
  }
  const note = async (calls: Partial<CallRow>[]) => {
    const { usage } = house.house.api.gateway
    for (const [i, call] of calls.entries())
      usage.note(house.organizationId, { ...blank(i), ...call })
    await usage.flush()
  }

  it('is listed in pages, newest first, by filter [M26.calls-list]', async () => {
    const all = (await get(house.owner, 'calls')).body.items
    expect(all.map((call: { asked: string }) => call.asked)).toEqual([
      ...['unpriced', 'both', 'unpriced', 'first', 'first', 'first'],
    ])
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const page = (await get(house.owner, `calls?limit=2${cursor && `&cursor=${cursor}`}`)).body
      seen.push(...page.items.map((call: { id: string }) => call.id))
      if (page.nextCursor === null) break
      cursor = page.nextCursor
    }
    expect(seen).toEqual(all.map((call: { id: string }) => call.id))
    const found = async (query: string) =>
      (await get(house.owner, `calls?${query}`)).body.items.length
    expect(await found('model=first')).toBe(4)
    expect(await found('model=')).toBe(1)
    expect(await found('provider=two')).toBe(1)
    expect(await found(`user=${ada.id}`)).toBe(3)
    expect(await found(`key=${ben.keyId}&outcome=answered`)).toBe(2)
    expect(await found('key=')).toBe(0)
    expect(await found('useCase=letters')).toBe(3)
    expect(await found('useCase=')).toBe(3)
    expect(await found('fault=provider')).toBe(1)
    expect(await found('unpriced=true')).toBe(1)
    expect(await found('door=openai.chat&project=default')).toBe(6)
    expect(await found(`from=${new Date(Date.now() + 60_000).toISOString()}`)).toBe(0)
    const [, both] = all
    expect(both).toMatchObject({ userName: 'ben', keyName: 'ben (key “test”)', attempts: 2 })
  })

  it('shows a call whole: attempts, and why this model [M26.call-detail]', async () => {
    const [failed, both, plain] = (await get(house.owner, 'calls')).body.items
    const detail = (await get(house.owner, `calls/${both.id}`)).body
    expect(detail).toMatchObject({
      model: 'first',
      costUsd: 27e-6,
      unpriced: false,
      tries: [
        { model: 'unpriced', provider: 'two', code: expect.stringMatching(/^UPSTREAM_/) },
        { model: 'first', provider: 'one', code: null },
      ],
      snapshotDigest: expect.stringMatching(/^sha256:/),
    })
    expect(detail.choices.map((one: { model: string }) => one.model)).toEqual(['unpriced', 'first'])
    expect((await get(house.owner, `calls/${plain.id}`)).body).toMatchObject({
      costUsd: null,
      unpriced: true,
      tries: [{ model: 'unpriced', provider: 'two' }],
    })
    expect((await get(house.owner, `calls/${failed.id}`)).body).toMatchObject({
      outcome: 'failed',
      fault: 'provider',
      costUsd: null,
      unpriced: false,
    })
  })

  it('of others is seen with traces.read only [M26.calls-own]', async () => {
    const own = (await get(ada, 'calls')).body.items
    expect(own).toHaveLength(3)
    expect(own[0]).toMatchObject({ userId: ada.id, userName: 'ada' })
    expect((await get(ada, `calls?user=${ben.id}`)).body.items).toEqual([])
    const [foreign] = (await get(ben, 'calls')).body.items
    const reply = await ada.call('GET', `/api/v1/calls/${foreign.id}`)
    expect(reply.status).toBe(404)
    expect((await get(ada, 'usage')).body).toMatchObject({ own: true, total: { calls: 3 } })
    expect((await get(house.owner, 'usage')).body).toMatchObject({
      own: false,
      total: { calls: 6 },
    })
    const stranger = await house.stranger('Elsewhere')
    expect((await stranger.call('GET', `/api/v1/calls/${foreign.id}`)).status).toBe(404)
    expect((await get(stranger, 'usage')).body.total.calls).toBe(0)
    const budgets = (await get(ada, 'budgets')).body.items
    expect(budgets).toHaveLength(1)
    expect(budgets[0].counters).toMatchObject([{ subject: ada.keyId }])
    const outsider = await house.person('outsider', { roles: ['viewer'] })
    for (const path of ['calls', 'usage', 'budgets']) {
      expect((await outsider.call('GET', `/api/v1/${path}`)).status).toBe(403)
    }
  })

  it('sums what calls say, and never counts an unknown price as zero [M26.usage-sums]', async () => {
    const { total, groups, by } = (await get(house.owner, 'usage?by=model')).body
    expect(by).toEqual(['model'])
    expect(total).toMatchObject({
      calls: 6,
      answered: 5,
      inputTokens: 55,
      outputTokens: 40,
      unpricedCalls: 1,
      errors: { caller: 0, policy: 0, provider: 1, plinth: 0 },
      totalMs: { calls: 5 },
    })
    expect(total.costUsd).toBeCloseTo(4 * 27e-6, 12)
    const of = (value: string | null) =>
      groups.find((one: { keys: [{ value: string | null }] }) => one.keys[0].value === value)
    expect(of('first')).toMatchObject({ calls: 4, unpricedCalls: 0 })
    expect(of('unpriced')).toMatchObject({ calls: 1, unpricedCalls: 1, costUsd: null })
    expect(of(null)).toMatchObject({ calls: 1, costUsd: 0, totalMs: null })
    const two = (await get(house.owner, 'usage?by=user,day')).body.groups
    const today = new Date().toISOString().slice(0, 10)
    expect(two).toHaveLength(2)
    expect(two[0].keys).toEqual([
      { value: expect.stringMatching(/^usr_/), name: expect.stringMatching(/ada|ben/) },
      { value: today, name: null },
    ])
    for (const bad of ['by=', 'by=model,user,day', 'by=colour', 'from=2020-01-01T00:00:00Z']) {
      expect([bad, (await house.owner.call('GET', `/api/v1/usage?${bad}`)).status]).toEqual([
        bad,
        400,
      ])
    }
    const hours = `usage?by=hour&from=${new Date(Date.now() - 40 * 86_400_000).toISOString()}`
    expect((await house.owner.call('GET', `/api/v1/${hours}`)).body.detail).toContain('31 days')
  })

  it('is CSV for who asks for it, with nothing that a spreadsheet runs [M26.usage-csv]', async () => {
    const at = new Date('2026-01-05T10:00:00Z')
    await note([{ at, useCase: '=HYPERLINK("x")', costNanousd: null }])
    const range = 'from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z'
    const reply = await get(house.owner, `usage?by=useCase,day&${range}`, { accept: 'text/csv' })
    expect(reply.headers.get('content-type')).toContain('text/csv')
    expect(reply.headers.get('content-disposition')).toContain('usage-useCase-day-2026-01-01')
    const [head, row, end] = reply.text.split('\r\n')
    expect(head).toMatch(/^useCase,day,calls,answered,.*costUsd,unpricedCalls,.*totalP95Ms$/)
    expect(row).toMatch(/^"'=HYPERLINK\(""x""\)",2026-01-05,1,1,/)
    expect(row!.split(',')[head!.split(',').indexOf('costUsd')]).toBe('')
    expect(end).toBe('')
  })

  it('has the percentiles of a reference over many calls [M26.usage-percentiles]', async () => {
    const times = Array.from({ length: 500 }, (_, i) => ((i * 7919) % 500) + 0.5)
    await note(
      times.map((totalMs, i) => ({
        at: new Date(Date.UTC(2025, 11, 1 + (i % 20), 12)),
        totalMs,
        firstTokenMs: i % 2 === 0 ? totalMs / 2 : null,
        model: `m${i % 3}`,
      })),
    )
    const range = 'from=2025-12-01T00:00:00Z&to=2026-01-01T00:00:00Z'
    const { total, groups } = (await get(house.owner, `usage?by=model,day&${range}`)).body
    const at = (values: number[], p: number) =>
      values.sort((a, b) => a - b)[Math.ceil(p * values.length) - 1]
    expect(total.totalMs).toEqual({ p50: at(times, 0.5), p95: at(times, 0.95), calls: 500 })
    expect(total.firstTokenMs.calls).toBe(250)
    expect(groups).toHaveLength(60)
    const days = groups.map((one: { keys: { value: string }[] }) => one.keys[1]!.value)
    expect(days).toEqual([...days].sort())
    const sum = groups.reduce((n: number, one: { calls: number }) => n + one.calls, 0)
    expect(sum).toBe(500)
  })

  it('shows how each budget stands: spent, window, pace [M26.budget-status]', async () => {
    const { items } = (await get(house.owner, 'budgets')).body
    const [company, each] = items
    expect(company).toMatchObject({
      name: 'company',
      enforce: 'soft',
      window: 'month',
      more: false,
    })
    expect(company.counters).toMatchObject([{ subject: '*', subjectName: 'The organization' }])
    const [money] = company.counters[0].amounts
    expect(money).toMatchObject({ unit: 'usd', limit: 10 })
    expect(money.spent).toBeCloseTo(4 * 27e-6, 12)
    expect(each.counters.map((one: { subjectName: string }) => one.subjectName).sort()).toEqual([
      'ada (key “test”)',
      'ben (key “test”)',
    ])
    const mine = each.counters.find((one: { subject: string }) => one.subject === ada.keyId)
    expect(mine.amounts).toMatchObject([
      { unit: 'tokens', spent: 57, limit: 100_000 },
      { unit: 'requests', spent: 3, limit: 50, share: 0.06 },
    ])
    expect(Date.parse(each.windowEnd)).toBeGreaterThan(Date.now())
  })
})

/** A call that was answered, with nothing special about it. */
function blank(i: number): CallRow {
  return {
    id: `cal_${String(i).padStart(10, '0')}${Math.random().toString(36).slice(2, 18).padEnd(16, '0')}`,
    at: new Date(),
    door: 'openai.chat',
    principalId: 'usr_somebody',
    userId: 'usr_somebody',
    project: 'default',
    useCase: null,
    asked: 'm0',
    model: 'm0',
    provider: 'p0',
    upstreamModel: 'u0',
    streamed: false,
    outcome: 'answered',
    errorCode: null,
    fault: null,
    cache: null,
    inputTokens: 10,
    cachedTokens: 0,
    outputTokens: 5,
    reasoningTokens: 0,
    estimated: false,
    costNanousd: 1_000,
    firstTokenMs: null,
    totalMs: 10,
    attempts: 1,
    snapshotDigest: null,
    detail: null,
  }
}
