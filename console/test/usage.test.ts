import type { UsageReport } from '@plinth/sdk'
import { describe, expect, it } from 'vitest'
import { moneyText, shortNumber } from '../src/screens/models/figures.ts'
import { beginOf, stepsOf } from '../src/screens/models/periods.ts'
import * as search from '../src/search-params.ts'

const now = Date.parse('2026-03-31T10:20:00Z')

describe('usage through time', () => {
  it('begins with a whole step and ends with the one that runs [M40.console-models]', () => {
    expect(beginOf('24h', now)).toBe('2026-03-30T11:00:00.000Z')
    expect(beginOf('30d', now)).toBe('2026-03-02T00:00:00.000Z')
    const report = (by: 'hour' | 'day', from: string) =>
      ({ by: [by], from, to: new Date(now).toISOString(), groups: [] }) as unknown as UsageReport
    expect(stepsOf(report('hour', beginOf('24h', now)))).toHaveLength(24)
    expect(stepsOf(report('day', beginOf('90d', now)))).toHaveLength(90)
  })

  it('has a step for each, also where nobody called [M40.console-models]', () => {
    const groups = [{ keys: [{ value: '2026-03-30', name: null }], calls: 3 }]
    const report = { by: ['day'], from: '2026-03-29T00:00:00Z', to: '2026-03-31T10:00:00Z', groups }
    const steps = stepsOf(report as unknown as UsageReport)
    expect(steps.map(({ sums }) => sums?.calls)).toEqual([undefined, 3, undefined])
    expect(steps[0]?.at).toBe(Date.parse('2026-03-29T00:00:00Z') / 1_000)
  })
})

describe('figures of usage', () => {
  it('never show an unknown cost as zero [M40.console-models]', () => {
    expect(moneyText({ costUsd: null, unpricedCalls: 2 })).toBe('unknown')
    expect(moneyText({ costUsd: 1.5, unpricedCalls: 2 })).toBe('≥ $1.500')
    expect(moneyText({ costUsd: 0, unpricedCalls: 0 })).toBe('$0')
    expect([0, 999, 1_500, 2_340_000].map(shortNumber)).toEqual(['0', '999', '1.5k', '2.34M'])
  })

  it('are filtered by what the address says, an empty name too [M40.console-models]', () => {
    expect(search.usage({ period: '1y', by: 'model', model: '', colour: 'red' })).toEqual({
      by: 'model',
      model: '',
    })
    expect(search.calls({ unpriced: 'true', key: 7 })).toEqual({ unpriced: true, key: '7' })
  })
})
