import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { budgetSpec } from '#kernel'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import { BudgetLedger } from './ledger.ts'
import { type BudgetRule, compileBudgets, type Spender } from './rules.ts'

let test: TestStore
let org: string
let now = Date.UTC(2026, 4, 4, 12, 0, 30)
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(async () => {
  org = await addOrganization(test.store)
  now = Date.UTC(2026, 4, 4, 12, 0, 30)
})

const rulesOf = (...specs: object[]): BudgetRule[] =>
  compileBudgets(specs.map((spec, i) => ({ name: `b${i}`, spec: budgetSpec.parse(spec) })))
const spender: Spender = { project: 'p', userId: 'usr_1', keyId: 'key_1', model: 'm' }
const one = { nanousd: 1_000, tokens: 10, requests: 1 }

class Server {
  readonly ledger: BudgetLedger

  constructor(holder: string) {
    this.ledger = new BudgetLedger(test.store, { holder, now: () => now })
  }

  async call(rules: readonly BudgetRule[], actual = one, who = spender): Promise<boolean> {
    try {
      const held = await this.ledger.reserve(org, { rules, spender: who, estimate: one })
      held.settle(actual)
      return true
    } catch (error) {
      expect(error).toMatchObject({
        code: expect.stringMatching(/BUDGET_EXCEEDED|TOO_MANY_REQUESTS/),
      })
      return false
    }
  }

  async report(): Promise<void> {
    const reports = this.ledger.due(org)
    const booked = await test.store.within(org, (tx) => this.ledger.book(tx, reports))
    this.ledger.committed(reports, booked)
  }
}

async function counters() {
  return test.store.within(org, (tx) => tx.selectFrom('budget_counter').selectAll().execute())
}

describe('budgets', () => {
  it('let pass what is left and no more, whoever asks at once on two servers [M26.budget-race]', async () => {
    const rules = rulesOf({ per: 'organization', window: 'day', limits: { requests: 500 } })
    const servers = [new Server('a'), new Server('b')]
    const passed = await Promise.all(
      Array.from({ length: 2_000 }, (_, i) => servers[i % 2]!.call(rules)),
    )
    for (const server of servers) await server.report()
    const [counter] = await counters()
    const count = passed.filter(Boolean).length
    expect(count).toBeLessThanOrEqual(500)
    // What is not passed lies in the other server's lease: at most one of fifty.
    expect(count).toBeGreaterThanOrEqual(500 - 20)
    expect(counter!.spent_requests).toBe(count)
    expect(counter!.leased_requests).toBeGreaterThanOrEqual(0)
    expect(counter!.spent_requests + counter!.leased_requests).toBeLessThanOrEqual(500)
  })

  it('count money, tokens and calls by subject, each for itself', async () => {
    const rules = rulesOf(
      { per: 'key', window: 'hour', limits: { tokens: 100 } },
      { per: 'user', only: ['usr_2'], window: 'hour', limits: { requests: 1 } },
    )
    const server = new Server('a')
    const of = (userId: string, keyId: string) => ({ ...spender, userId, keyId })
    for (let i = 0; i < 10; i++) expect(await server.call(rules, one, of('usr_1', 'k1'))).toBe(true)
    expect(await server.call(rules, one, of('usr_1', 'k1'))).toBe(false)
    expect(await server.call(rules, one, of('usr_2', 'k2'))).toBe(true)
    expect(await server.call(rules, one, of('usr_2', 'k2'))).toBe(false)
    expect(await server.call(rules, one, of('usr_3', 'k2'))).toBe(true)
    await server.report()
    const rows = await counters()
    expect(rows.map((r) => [r.subject, r.spent_tokens, r.spent_requests]).sort()).toEqual([
      ['k1', 100, 10],
      ['k2', 20, 2],
      ['usr_2', 10, 1],
    ])
  })

  it('refuse what one of several budgets does not cover, and take nothing from the others', async () => {
    const rules = rulesOf(
      { per: 'organization', window: 'day', limits: { requests: 100 } },
      { per: 'key', window: 'day', limits: { requests: 1 } },
    )
    const server = new Server('a')
    expect(await server.call(rules)).toBe(true)
    for (let i = 0; i < 5; i++) expect(await server.call(rules)).toBe(false)
    await server.report()
    expect((await counters()).map((c) => c.spent_requests)).toEqual([1, 1])
  })

  it('begin anew with each window, and say how long to wait [M26.budget-window]', async () => {
    const rules = rulesOf({ per: 'key', window: 'minute', limits: { requests: 2 } })
    const server = new Server('a')
    expect([await server.call(rules), await server.call(rules)]).toEqual([true, true])
    const refused = Promise.resolve(server.ledger.reserve(org, { rules, spender, estimate: one }))
    await expect(refused).rejects.toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      message: expect.stringContaining('b0 of key key_1'),
      remedy: expect.stringContaining('Wait 30 s'),
    })
    now += 30_000
    expect(await server.call(rules)).toBe(true)
  })

  it('get back what a server held that is gone [M26.budget-crash]', async () => {
    const rules = rulesOf({ per: 'organization', window: 'day', limits: { requests: 50 } })
    const dead = new Server('dead')
    for (let i = 0; i < 10; i++) await dead.call(rules)
    await dead.report()
    for (let i = 0; i < 5; i++) await dead.ledger.reserve(org, { rules, spender, estimate: one })
    const alive = new Server('alive')
    let passed = 0
    while (await alive.call(rules)) passed++
    expect(passed).toBeLessThanOrEqual(35)
    await alive.report()
    await test.store.within(org, (tx) =>
      tx
        .updateTable('budget_lease')
        .set({ expires_at: sql<Date>`now() - interval '1 second'` as never })
        .where('holder', '=', 'dead')
        .execute(),
    )
    while (await alive.call(rules)) passed++
    expect(passed).toBe(40)
  })

  it('book what was spent under a lease that had ended meanwhile', async () => {
    const rules = rulesOf({ per: 'organization', window: 'day', limits: { requests: 50 } })
    const slow = new Server('slow')
    await slow.call(rules)
    await test.store.within(org, (tx) => tx.deleteFrom('budget_lease').execute())
    await slow.report()
    const [counter] = await counters()
    expect(counter!.spent_requests).toBe(1)
    expect(await slow.call(rules)).toBe(true)
  })

  it('release what a failed call had reserved, once', async () => {
    const rules = rulesOf({ per: 'organization', window: 'day', limits: { requests: 1 } })
    const server = new Server('a')
    const held = await server.ledger.reserve(org, { rules, spender, estimate: one })
    expect(await server.call(rules)).toBe(false)
    held.release()
    held.settle(one)
    expect(await server.call(rules)).toBe(true)
    expect(await server.call(rules)).toBe(false)
  })

  it('that are soft refuse nothing, and tell when a share is reached [M26.budget-alerts]', async () => {
    const rules = rulesOf({
      per: 'organization',
      window: 'day',
      limits: { requests: 10 },
      enforce: 'soft',
      alerts: [0.5, 1],
    })
    const server = new Server('a')
    const told: number[] = []
    for (let i = 0; i < 14; i++) {
      expect(await server.call(rules)).toBe(true)
      const reports = server.ledger.due(org)
      const booked = await test.store.within(org, (tx) => server.ledger.book(tx, reports))
      server.ledger.committed(reports, booked)
      told.push(...booked.flatMap((b) => b.alerts.map((a) => a.share)))
    }
    expect(told).toEqual([0.5, 1])
  })

  it('need no database while a lease lasts', async () => {
    const rules = rulesOf({ per: 'organization', window: 'day', limits: { requests: 1_000_000 } })
    const server = new Server('a')
    await server.call(rules)
    for (let i = 0; i < 1_000; i++) {
      const held = server.ledger.reserve(org, { rules, spender, estimate: one })
      expect(held).not.toBeInstanceOf(Promise)
      ;(held as { release(): void }).release()
    }
  })
})
