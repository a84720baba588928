import { describe, expect, it } from 'vitest'
import { samplesOf } from '../../../test/metrics.fixture.ts'
import type { CallRow } from '../usage/call-row.ts'
import { CallMetrics, maxCallSeries } from './calls.ts'
import { exposition } from './exposition.ts'

const call: CallRow = {
  id: 'cal_1',
  at: new Date(0),
  door: 'openai.chat',
  principalId: 'key_1',
  userId: 'usr_1',
  project: 'default',
  useCase: null,
  asked: 'both',
  model: 'first',
  provider: 'one',
  upstreamModel: 'm-1',
  streamed: true,
  outcome: 'answered',
  errorCode: null,
  fault: null,
  cache: null,
  inputTokens: 10,
  cachedTokens: 4,
  outputTokens: 5,
  reasoningTokens: 0,
  estimated: false,
  costNanousd: 1_500,
  firstTokenMs: 20,
  totalMs: 300,
  attempts: 1,
  snapshotDigest: null,
  detail: null,
}

describe('metrics of calls', () => {
  it('are read by another parser as they were written, whatever the names hold [M9.metrics-format]', () => {
    const asked = 'a "quoted" \\ name'
    const counted = new CallMetrics()
    for (const totalMs of [5, 300, 300_000]) counted.count('org', { ...call, asked, totalMs })
    const text = exposition(counted.families('org'))
    expect(text).toContain('# TYPE plinth_call_duration_seconds histogram')
    const samples = samplesOf(text)
    expect(samples.get('plinth_calls_total')).toMatchObject([
      { value: '3', labels: { asked, model: 'first', outcome: 'answered' } },
    ])
    const took = (suffix: string) => samples.get(`plinth_call_duration_seconds_${suffix}`)!
    const buckets = took('bucket').map(({ labels, value }) => [labels?.le, value])
    expect(new Map(buckets as [string, string][])).toEqual(
      new Map([
        ...['0.01', '0.025', '0.05', '0.1', '0.25'].map((le) => [le, '1'] as const),
        ...['0.5', '1', '2.5', '5', '10', '30', '60', '120'].map((le) => [le, '2'] as const),
        ['+Inf', '3'] as const,
      ]),
    )
    expect([took('count')[0]?.value, took('sum')[0]?.value]).toEqual(['3', '300.305'])
    const [cost] = samples.get('plinth_call_cost_usd_total')!
    expect(Number(cost?.value)).toBeCloseTo(4.5e-6, 12)
  })

  it('stay bounded however many names there are, and lose no call [M9.metrics-bounded]', () => {
    const counted = new CallMetrics()
    const calls = maxCallSeries + 500
    for (let i = 0; i < calls; i++) {
      counted.count('org', { ...call, asked: `route-${i}`, model: `m-${i}`, errorCode: `odd-${i}` })
    }
    const samples = counted.families('org').flatMap((family) => family.samples)
    const total = counted.families('org').find(({ name }) => name === 'plinth_calls_total')!
    expect(total.samples.reduce((sum, { value }) => sum + value, 0)).toBe(calls)
    expect(total.samples.filter(({ labels }) => labels?.asked !== 'other')).toHaveLength(
      maxCallSeries,
    )
    expect(JSON.stringify(samples)).not.toContain('odd-')
  })
})
