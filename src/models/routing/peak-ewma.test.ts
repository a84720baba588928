import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PeakEwma } from './peak-ewma.ts'

const samples = fc.array(
  fc.record({ ms: fc.double({ min: 0, max: 60_000, noNaN: true }), after: fc.nat(30_000) }),
  { minLength: 1, maxLength: 40 },
)

describe('the peak average', () => {
  it('stays between what was measured and nothing, and decays while nothing is [M37.peak-ewma]', () => {
    fc.assert(
      fc.property(samples, fc.nat(600_000), fc.nat(600_000), (list, a, b) => {
        const average = new PeakEwma()
        expect([average.known, average.read(0)]).toEqual([false, 0])
        let now = 1_000
        let most = 0
        for (const { ms, after } of list) {
          now += after
          const before = average.read(now)
          average.observe(ms, now)
          most = Math.max(most, ms)
          // Bad news at once, good news slowly.
          expect(average.read(now)).toBeGreaterThanOrEqual(ms * (1 - 1e-12))
          expect(average.read(now)).toBeLessThanOrEqual(Math.max(before, ms) * (1 + 1e-12))
        }
        const [soon, later] = a < b ? [a, b] : [b, a]
        expect(average.read(now + later)).toBeLessThanOrEqual(average.read(now + soon))
        expect(average.read(now + soon)).toBeLessThanOrEqual(most)
        expect(average.known).toBe(true)
      }),
    )
  })

  it('forgets within minutes what it does not see again [M37.peak-ewma]', () => {
    const average = new PeakEwma()
    average.observe(10_000, 0)
    expect(average.read(0)).toBe(10_000)
    expect(average.read(120_000)).toBeCloseTo(10_000 / Math.E, 6)
    expect(average.read(1_200_000)).toBeLessThan(1)
    average.observe(100, 10_000)
    expect(average.read(10_000)).toBeGreaterThan(3_000)
    for (let at = 10_000; at <= 120_000; at += 100) average.observe(100, at)
    expect(average.read(120_000)).toBeCloseTo(100, 0)
  })
})
