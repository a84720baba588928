import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tx } from '#store'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse } from '../open-house.ts'

const model = (name: string, more: string) => `
kind: Model
name: ${name}
spec: { provider: one, upstreamModel: ${name}, maxOutputTokens: 100${more} }
---`
const resources = (one: FakeUpstream) => `
kind: Provider
name: one
spec: { protocol: openai, baseUrl: "${one.url}/v1" }
---${model('mine', ', price: { input: 1, output: 2 }')}${model('listed', ', catalogue: openai/gpt-4.1-mini')}${model('late', '')}${model('hourly', ', price: { perGpuHour: 3600, gpus: 2 }')}
kind: Guardrail
name: default
spec: { personalData: { input: allow, output: allow } }
---
kind: Budget
name: money
spec: { per: organization, window: month, limits: { usd: 1000 } , enforce: soft }
---
kind: Budget
name: each-model
spec: { per: model, window: month, limits: { usd: 1000 }, enforce: soft }
`
const dayMs = 86_400_000
const from = new Date(Date.now() - dayMs).toISOString()

describe('prices', () => {
  let house: OpenHouse
  let one: FakeUpstream
  beforeAll(async () => {
    one = await startFakeUpstream()
    house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: one.host } })
    await house.apply(resources(one))
    // Budgets as old as their windows: a change within one would say nothing of it.
    await within(async (tx) => {
      const { sql } = await import('kysely')
      await sql`alter table resource_version disable trigger user`.execute(tx)
      await tx
        .updateTable('resource_version')
        .set({ created_at: new Date(Date.now() - 100 * dayMs) } as never)
        .execute()
      await sql`alter table resource_version enable trigger user`.execute(tx)
    })
    for (const name of ['mine', 'listed', 'late', 'hourly', 'mine', 'late']) {
      const body = { model: name, messages: [{ role: 'user', content: 'Hello?' }] }
      const { status } = await house.owner.call('POST', '/v1/chat/completions', { body })
      expect(status).toBe(200)
      await house.house.api.gateway.usage.flush()
    }
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
  })

  const within = <T>(work: (tx: Tx) => Promise<T>) =>
    house.house.foundation.store.within(house.organizationId, work)
  const get = async (path: string) => (await house.owner.call('GET', `/api/v1${path}`)).body
  const costs = async (name: string): Promise<(number | null)[]> =>
    (await get(`/calls?model=${name}`)).items.map(({ costUsd }: never) => costUsd)
  const fsck = async () => {
    const options = { organizationIds: [house.organizationId], fsck: true }
    const { checks } = await house.house.api.upkeep.doctor(options)
    const found = checks.filter(({ name }) => name === 'calls' || name === 'budgets')
    return Object.fromEntries(found.map((check) => [check.name, check]))
  }
  const reprice = async (body: object) => {
    const { status, body: job } = await house.owner.call('POST', '/api/v1/calls/reprice', { body })
    expect(status).toBe(202)
    return house.ended(job.id)
  }
  const events = () =>
    within(async (tx) => {
      const rows = await tx
        .selectFrom('audit_event')
        .select('canonical')
        .where('kind', '=', 'calls.repriced')
        .orderBy('seq')
        .execute()
      return rows.map(({ canonical }) => JSON.parse(canonical))
    })

  it('are shown with who says so, and an unknown one is not zero [M37.price-told]', async () => {
    const { items, catalogue } = await get('/models/prices')
    const by = Object.fromEntries(items.map((item: { name: string }) => [item.name, item]))
    expect(by.mine).toMatchObject({ from: 'model', price: { input: 1, output: 2 }, since: null })
    expect(by.listed).toMatchObject({ from: 'catalogue', since: catalogue.date })
    expect(by.listed.price).toMatchObject({ input: 0.4, output: 1.6, cachedInput: 0.1 })
    expect(by.late).toMatchObject({ from: 'unknown', price: null })
    expect((await get('/models/prices?name=late')).items).toHaveLength(1)
    expect((await house.owner.call('GET', '/api/v1/models/prices?name=absent')).status).toBe(404)
    const found = await get('/models/catalogue?search=gpt-4.1-mini%20openai%2F&limit=2')
    expect(found.items).toHaveLength(2)
    const next = await get(
      `/models/catalogue?search=gpt-4.1-mini%20openai%2F&limit=2&cursor=${found.nextCursor}`,
    )
    expect(next.items[0].id > found.items[1].id).toBe(true)
  })

  it('of the catalogue price calls, and those by the hour price their time [M37.price-catalogue] [M37.price-hourly]', async () => {
    const [listed] = (await get('/calls?model=listed')).items
    const { inputTokens, outputTokens, cachedTokens } = listed
    const tokens = (inputTokens - cachedTokens) * 0.4 + cachedTokens * 0.1 + outputTokens * 1.6
    expect(listed.costUsd).toBeCloseTo(tokens / 1e6, 9)
    const [hourly] = (await get('/calls?model=hourly')).items
    // Two machines at a dollar a second each, for the time of the call, alone on them.
    expect(hourly.costUsd).toBeCloseTo((2 * Math.round(hourly.totalMs)) / 1_000, 6)
    expect(await costs('late')).toEqual([null, null])
  })

  it('that became known price past calls, in budgets and proofs alike [M37.price-recompute]', async () => {
    expect((await fsck()).calls).toMatchObject({ result: 'ok' })
    await house.apply(model('late', ', price: { input: 5, output: 5 }').replace(/---$/, ''))
    await house.apply(
      model(
        'mine',
        ', price: { input: 1, output: 2 }, prices: [{ from: 2026-01-01, input: 3, output: 3 }]',
      ).replace(/---$/, ''),
    )
    const before = await get('/usage')
    expect(await reprice({ from, model: 'late' })).toMatchObject({ state: 'succeeded' })
    expect((await costs('late')).every((cost) => cost! > 0)).toBe(true)
    expect((await costs('mine'))[0]).not.toBeNull()
    const mine = await costs('mine')
    await reprice({ from })
    expect(await costs('mine')).not.toEqual(mine)
    const after = await get('/usage')
    expect(before.total.unpricedCalls).toBe(2)
    expect(after.total.unpricedCalls).toBe(0)
    const { calls, budgets } = await fsck()
    expect([calls, budgets]).toMatchObject([{ result: 'ok' }, { result: 'ok' }])
    expect(budgets?.detail).toMatch(/^[5-9] counts/)
    const spent = (await get('/budgets')).items.find(({ name }: never) => name === 'money')
    expect(spent.counters[0].amounts[0].spent).toBeCloseTo(after.total.costUsd, 9)
  })

  it('change nothing when they are computed again, and say who asked [M37.price-recompute]', async () => {
    const known = (await events()).length
    const job = await reprice({ from })
    expect(job).toMatchObject({ state: 'succeeded' })
    const all = await events()
    expect(all.length).toBe(known + 1)
    expect(all.at(-1)).toMatchObject({ outcome: 'intended', actor: { id: house.owner.keyId } })
    const changed = all.filter(({ outcome }) => outcome === 'done')
    expect(changed[0].details).toMatchObject({ changed: 2, nanousdBefore: 0 })
    const member = await house.person('mia', { roles: ['member'] })
    const { status } = await member.call('POST', '/api/v1/calls/reprice', { body: { from } })
    expect(status).toBe(403)
    const wrong = { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }
    expect((await house.owner.call('POST', '/api/v1/calls/reprice', { body: wrong })).status).toBe(
      400,
    )
  })

  it('hide no call that was changed by hand before or after [M37.price-recompute]', async () => {
    const row = await within((tx) =>
      tx
        .selectFrom('model_call')
        .select(['id', 'cost_nanousd'])
        .where('model', '=', 'late')
        .executeTakeFirstOrThrow(),
    )
    const put = (cost_nanousd: number | null) =>
      within((tx) =>
        tx.updateTable('model_call').set({ cost_nanousd }).where('id', '=', row.id).execute(),
      )
    await put(1)
    expect((await fsck()).calls?.detail).toMatch(/booked 1 calls: they were changed$/)
    await reprice({ from, model: 'late' })
    expect((await fsck()).calls?.detail).toMatch(/they were changed before they were priced anew$/)
  })
})
