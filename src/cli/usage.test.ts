import { describe, expect, it } from 'vitest'
import { fakeIo, json } from './io.fixture.ts'

const sums = {
  calls: 3,
  answered: 2,
  inputTokens: 500,
  cachedTokens: 0,
  outputTokens: 20,
  reasoningTokens: 0,
  estimatedCalls: 0,
  costUsd: null,
  unpricedCalls: 2,
  errors: { caller: 0, policy: 0, provider: 1, plinth: 0 },
  firstTokenMs: null,
  totalMs: { p50: 12.4, p95: 99.6, calls: 2 },
}
const report = {
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-02-01T00:00:00.000Z',
  by: ['user', 'model'],
  total: { ...sums, costUsd: 1.5 },
  groups: [
    {
      ...sums,
      keys: [
        { value: 'usr_1', name: 'Ada' },
        { value: null, name: null },
      ],
    },
  ],
  truncated: false,
  own: true,
}
const budget = {
  name: 'each-key',
  enforce: 'soft',
  window: 'day',
  windowEnd: '2026-01-02T00:00:00.000Z',
  counters: [
    {
      subject: 'key_1',
      subjectName: 'Ada (key “ci”)',
      amounts: [{ unit: 'usd', limit: 5, spent: 2, leased: 0, share: 0.4, forecast: null }],
    },
  ],
  more: true,
}

describe('the usage verbs', () => {
  it('say an unknown price as unknown, and what is not there as no data [M26.cli-usage]', async () => {
    const cli = fakeIo(() => json(report))
    expect(await cli.run('usage', '--by', 'user,model', '--from', '2026-01-01')).toBe(0)
    expect(cli.sent[0]?.query).toEqual({ by: 'user,model', from: '2026-01-01T00:00:00Z' })
    const [head, row, total] = cli.text.out.split('\n')
    expect(head).toMatch(/^USER +MODEL +CALLS +TOKENS IN +OUT +COST +ERRORS/)
    expect(row).toMatch(/^Ada +\(none\) +3 +500 +20 +unknown +provider 1 +no data +12\/100 ms$/)
    expect(total).toBe(
      '3 calls of your own, 500 tokens in, 20 out, $1.50 + 2 unpriced, from 2026-01-01 00:00 UTC to 2026-02-01 00:00 UTC',
    )
  })

  it('print the CSV and the JSON of the server as they are [M26.cli-usage]', async () => {
    const csv = fakeIo(() => new Response('model,calls\r\nfirst,3\r\n'))
    expect(await csv.run('usage', '--csv', '--unpriced')).toBe(0)
    expect(csv.text.out).toBe('model,calls\r\nfirst,3\r\n')
    expect(csv.sent[0]?.query).toEqual({ by: 'model', unpriced: 'true' })
    const plain = fakeIo(() => json(report))
    expect(await plain.run('usage', '--json')).toBe(0)
    expect(JSON.parse(plain.text.out)).toEqual(report)
  })

  it('show budgets with their pace, and say where there are more [M26.cli-usage]', async () => {
    const cli = fakeIo(() => json({ items: [budget], nextCursor: null }))
    expect(await cli.run('budgets')).toBe(0)
    expect(cli.text.out).toMatch(
      /each-key \(soft\) +Ada \(key “ci”\) +day +\$2\.00 +\$5\.00 +40\.0 % +no data/,
    )
    expect(cli.text.err).toContain('each-key counts more subjects')
  })
})
