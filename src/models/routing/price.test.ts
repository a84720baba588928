import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { modelSpec } from '#kernel'
import { costOf, priceAt } from './price.ts'

const spec = (more: object) => modelSpec.parse({ provider: 'p', upstreamModel: 'm', ...more })

describe('the price of a model', () => {
  it('is the one of the day, and unknown where nobody knows it [M37.price]', () => {
    const model = spec({
      price: { input: 1, output: 2 },
      prices: [
        { from: '2026-01-01', input: 3, output: 4 },
        { from: '2026-06-01', until: '2026-07-01', input: 0.5 },
      ],
    })
    const at = (day: string) => priceAt(model, Date.parse(day))
    expect(at('2025-12-31T23:59:59Z')).toEqual({ input: 1, output: 2 })
    expect(at('2026-01-01T00:00:00Z')).toMatchObject({ input: 3, output: 4 })
    expect(at('2026-06-30T23:59:59Z')).toMatchObject({ input: 0.5 })
    expect(at('2026-07-01T00:00:00Z')).toMatchObject({ input: 3 })
    expect(priceAt(spec({}), 0)).toBeUndefined()
    expect(costOf(undefined, { inputTokens: 0, outputTokens: 0 })).toBeUndefined()
    expect(costOf({ input: 1 }, { inputTokens: 10, outputTokens: 1 })).toBeUndefined()
    expect(costOf({ input: 1 }, { inputTokens: 1_000_000, outputTokens: 0 })).toBe(1)
    expect(costOf({ perGpuHour: 2 }, { inputTokens: 1, outputTokens: 1 })).toBeUndefined()
  })

  it('counts cached, written, reasoning and batched tokens each at its own [M37.price]', () => {
    const price = { input: 10, output: 40, cachedInput: 1, cacheWrite: 12.5, reasoning: 20 }
    const usage = {
      inputTokens: 1_000,
      cachedInputTokens: 400,
      cacheWriteTokens: 100,
      outputTokens: 500,
      reasoningTokens: 200,
    }
    const dollars = (500 * 10 + 400 * 1 + 100 * 12.5 + 300 * 40 + 200 * 20) / 1e6
    expect(costOf(price, usage)).toBeCloseTo(dollars, 12)
    expect(costOf({ ...price, batchFactor: 0.5 }, { ...usage, batch: true })).toBeCloseTo(
      dollars / 2,
      12,
    )
    expect(costOf(price, { ...usage, batch: true })).toBeUndefined()
    const plain = (500 * 10 + 500 * 10 + 500 * 40) / 1e6
    expect(costOf({ input: 10, output: 40 }, usage)).toBeCloseTo(plain, 12)
  })

  it('never falls when more is used [M37.price]', () => {
    const dollars = fc.double({ min: 0, max: 100, noNaN: true })
    const tokens = fc.nat(100_000)
    fc.assert(
      fc.property(dollars, dollars, tokens, tokens, tokens, (input, output, a, b, more) => {
        const price = { input, output }
        const less = costOf(price, { inputTokens: a, outputTokens: b }) as number
        expect(costOf(price, { inputTokens: a + more, outputTokens: b })).toBeGreaterThanOrEqual(
          less,
        )
      }),
    )
  })
})
