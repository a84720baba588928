import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tx } from '#store'
import { Housekeeping } from '#wiring'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse } from '../open-house.ts'

const dayMs = 86_400_000
const resources = (one: FakeUpstream) => `
kind: Provider
name: one
spec: { protocol: openai, baseUrl: "${one.url}/v1" }
---
kind: Model
name: first
spec: { provider: one, upstreamModel: m-1, maxOutputTokens: 100, price: { input: 1, output: 2 } }
---
kind: Guardrail
name: default
spec: { personalData: { input: allow, output: allow } }
---
kind: Budget
name: each-key
spec: { per: key, window: month, limits: { tokens: 100000, usd: 1 } }
---
kind: Budget
name: models
spec: { per: model, window: month, limits: { requests: 1000 } }
`

const messages = [{ role: 'user' as const, content: 'How long is the notice period?' }]

describe('calls that are kept', () => {
  let house: OpenHouse
  let one: FakeUpstream
  beforeAll(async () => {
    one = await startFakeUpstream()
    house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: one.host } })
    await house.apply(resources(one))
    // Budgets as old as their windows: a change within one would say nothing of it.
    await within(async (tx) => {
      await sql`alter table resource_version disable trigger user`.execute(tx)
      await tx
        .updateTable('resource_version')
        .set({ created_at: new Date(Date.now() - 100 * dayMs) } as never)
        .execute()
      await sql`alter table resource_version enable trigger user`.execute(tx)
    })
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) await ask()
      await house.house.api.gateway.usage.flush()
    }
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
  })

  const within = <T>(work: (tx: Tx) => Promise<T>) =>
    house.house.foundation.store.within(house.organizationId, work)
  const ask = async () => {
    const body = { model: 'first', messages }
    expect((await house.owner.call('POST', '/v1/chat/completions', { body })).status).toBe(200)
  }
  const fsck = async () => {
    const options = { organizationIds: [house.organizationId], fsck: true }
    const { checks } = await house.house.api.upkeep.doctor(options)
    const found = checks.filter(({ name }) => name === 'calls' || name === 'budgets')
    return Object.fromEntries(found.map((check) => [check.name, check]))
  }

  it('are those that were booked, and budgets are their sums [M26.calls-provable]', async () => {
    const { calls, budgets } = await fsck()
    expect(calls).toMatchObject({ result: 'ok', detail: '12 calls as they were booked' })
    expect(budgets).toMatchObject({ result: 'ok' })
    expect(budgets?.detail).toMatch(/^2 counts/)
  })

  it('are missed where one is changed, taken away or added [M26.calls-provable]', async () => {
    const row = await within((tx) =>
      tx.selectFrom('model_call').selectAll().orderBy('id').limit(1).executeTakeFirstOrThrow(),
    )
    const { organization_id: _, ...values } = row
    const put = (part: object) =>
      within((tx) =>
        tx
          .insertInto('model_call')
          .values({ ...values, detail: null, ...part } as never)
          .execute(),
      )
    const remove = (id: string) =>
      within((tx) => tx.deleteFrom('model_call').where('id', '=', id).execute())

    await within((tx) =>
      tx.updateTable('model_call').set({ output_tokens: 1 }).where('id', '=', row.id).execute(),
    )
    let { calls, budgets } = await fsck()
    expect(calls?.detail).toMatch(/^event \d+ booked \d+ calls: they were changed$/)
    expect(budgets?.detail).toMatch(/each-key of key_\w+ since .* counts 228 tokens, its calls add/)

    await remove(row.id)
    ;({ calls, budgets } = await fsck())
    expect(calls?.detail).toContain('1 are missing')
    expect(budgets?.detail).toMatch(
      /models of first since .* counts 324000 nanousd, its calls add up to 297000$/,
    )

    await put({})
    await put({ id: `${row.id.slice(0, -1)}${row.id.endsWith('0') ? '1' : '0'}` })
    ;({ calls } = await fsck())
    expect(calls?.detail).toContain('1 were added')
    await remove(`${row.id.slice(0, -1)}${row.id.endsWith('0') ? '1' : '0'}`)
    ;({ calls, budgets } = await fsck())
    expect([calls?.result, budgets?.result]).toEqual(['ok', 'ok'])
  })

  it('stay as long as the setting says, leave an event, and are not missed then [M26.calls-kept]', async () => {
    const clear = (days: number) => {
      const clock = { now: () => new Date(Date.now() + days * dayMs) }
      const config = { callsKeptDays: 400 }
      return new Housekeeping({ ...house.house.api, clock }, config, () => undefined).clear()
    }
    const counted = () => within((tx) => tx.selectFrom('budget_counter').select('budget').execute())
    expect((await clear(399)).calls).toBe(0)
    expect(await counted()).toHaveLength(2)
    expect((await clear(402)).calls).toBe(12)
    expect((await clear(402)).calls).toBe(0)
    expect(await counted()).toHaveLength(2)
    expect((await fsck()).calls).toMatchObject({
      result: 'ok',
      detail: '0 calls as they were booked',
    })
    await clear(470)
    expect(await counted()).toEqual([])
    const events = await within((tx) =>
      tx
        .selectFrom('audit_event')
        .select('canonical')
        .where('kind', '=', 'calls.expired')
        .execute(),
    )
    expect(events).toHaveLength(1)
    expect(JSON.parse(events[0]!.canonical).details.before).toMatch(/T00:00:00\.000Z$/)
  })
})
