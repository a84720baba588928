import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import { SignInAttempts } from './attempts.ts'

let test: TestStore
let organizationId: string
let time = Date.parse('2026-01-01T00:00:00Z')
const clock = { now: () => new Date(time) }
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(async () => {
  organizationId = await addOrganization(test.store)
})

const at = (address: string, account = 'ada@example.org') => ({ organizationId, account, address })
const kept = () =>
  test.store.within(organizationId, (tx) => tx.selectFrom('sign_in_attempt').selectAll().execute())

describe('attempts to sign in', () => {
  it('are counted once for all servers on a database, and forgotten when they no longer matter [M27.sign-in-replicas]', async () => {
    const servers = [1, 2, 3].map(() => new SignInAttempts(test.store, clock))
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, i) => servers[i % servers.length]!.begin(at('10.0.0.1'))),
    )
    expect(all.filter((wait) => wait === 0)).toHaveLength(10)
    expect(Math.max(...all)).toBe(60)
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        servers[i % 3]!.begin(at('10.0.0.1', `other${i}@example.org`)),
      ),
    )
    expect((await kept()).length).toBe(3 + 16)
    expect(JSON.stringify(await kept())).not.toMatch(/example|10\.0\.0/)
    time += 16 * 60_000
    expect(await servers[0]!.begin(at('::1'))).toBe(0)
    expect((await kept()).length).toBe(3)
  })

  it('never refuse an address its first one, however many strangers fail elsewhere [M27.sign-in-strangers]', async () => {
    const attempts = new SignInAttempts(test.store, clock)
    for (let i = 0; i < 60; i++) expect(await attempts.begin(at(`10.1.0.${i}`))).toBe(0)
    const wait = await attempts.begin(at('10.1.0.1'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(15)
    expect(await attempts.begin(at('10.2.0.1'))).toBe(0)
    await attempts.succeeded(at('10.2.0.1'))
    expect(await attempts.begin(at('10.2.0.1'))).toBe(0)
    // A whole IPv6 network is one address, and one in two spellings too.
    const waits = []
    for (let i = 0; i < 11; i++) {
      waits.push(await attempts.begin(at(`2001:db8:0:7:${i}::${i}`, 'bob@example.org')))
    }
    expect(waits.map((seconds) => seconds > 0)).toEqual([...Array(10).fill(false), true])
    const spelled = at('2001:DB8::7:1:2:3:4', 'bob@example.org')
    expect(await attempts.begin(spelled)).toBeGreaterThan(0)
    expect(await attempts.begin(at('::ffff:10.1.0.1'))).toBeGreaterThan(0)
  })
})
