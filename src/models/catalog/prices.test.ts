import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { modelSpec, providerSpec } from '#kernel'
import { costOf, priceAt } from '../routing/price.ts'
import { catalogued, catalogueOrigin, entryOfModel, priceTold, searchCatalogue } from './prices.ts'

const model = (more: object) => modelSpec.parse({ provider: 'p', upstreamModel: 'm', ...more })
const provider = (baseUrl: string) => providerSpec.parse({ protocol: 'openai', baseUrl })
const vendor = provider('https://api.openai.com/v1')
const own = provider('https://llm.example.com/v1')
const all = searchCatalogue('', { limit: 10_000 })

describe('the price catalogue', () => {
  it('is facts of one day, of which no price is zero unless its name says so [M37.price-catalogue]', () => {
    expect(catalogueOrigin.date).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(all.length).toBeGreaterThan(3_000)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    const zero = all.filter(({ id, price }) =>
      Object.values(price ?? {}).some((value) => !(Number(value) > 0) && !id.endsWith(':free')),
    )
    expect(zero).toEqual([])
    expect(all.some(({ price }) => price === undefined)).toBe(true)
  })

  it.runIf(existsSync('../shared/data/model-prices'))(
    'is what its data say [M37.price-catalogue]',
    async () => {
      const { execFileSync } = await import('node:child_process')
      execFileSync(process.execPath, ['scripts/make-price-catalogue.ts', '--check'])
    },
  )

  it('is asked at the vendor’s own address, or by name; nowhere else [M37.price-catalogue]', () => {
    const mini = model({ upstreamModel: 'gpt-4.1-mini' })
    expect(entryOfModel(mini, vendor)?.id).toBe('openai/gpt-4.1-mini')
    expect(entryOfModel(mini, own)).toBeUndefined()
    expect(entryOfModel(mini, provider('https://api.openai.com.evil.example/v1'))).toBeUndefined()
    const named = model({ catalogue: 'openai/gpt-4.1-mini' })
    expect(entryOfModel(named, own)?.price).toMatchObject({ input: 0.4, output: 1.6 })
    expect(
      entryOfModel(model({ upstreamModel: 'gpt-4.1-mini', catalogue: 'none' }), vendor),
    ).toBeUndefined()
  })

  it('prices cached and batched tokens, and never wins over the Model’s own word [M37.price-catalogue]', () => {
    const { spec } = catalogued(
      { name: 'a', spec: model({ catalogue: 'openai/gpt-4.1-mini' }) },
      own,
    )
    const usage = { inputTokens: 1e6, cachedInputTokens: 5e5, outputTokens: 1e6 }
    const price = priceAt(spec, 0)
    expect(costOf(price, usage)).toBeCloseTo(0.2 + 0.05 + 1.6, 9)
    expect(costOf(price, { ...usage, batch: true })).toBeCloseTo((0.2 + 0.05 + 1.6) / 2, 9)

    const dated = model({
      catalogue: 'openai/gpt-4.1-mini',
      prices: [{ from: '2026-10-01', input: 9, output: 9 }],
    })
    const at = (day: string) => priceTold(dated, own, Date.parse(day))
    expect(at('2026-09-30')).toMatchObject({ from: 'catalogue', price: { input: 0.4 } })
    expect(at('2026-10-01')).toMatchObject({
      from: 'dated',
      since: '2026-10-01',
      price: { input: 9 },
    })
    const given = model({ catalogue: 'openai/gpt-4.1-mini', price: { input: 7 } })
    expect(priceTold(given, own, 0)).toMatchObject({ from: 'model', price: { input: 7 } })
    expect(priceTold(model({ catalogue: 'openai/none-such' }), own, 0)).toMatchObject({
      from: 'unknown',
      price: undefined,
      noSuchEntry: true,
    })
  })

  it('tells what a named entry is able to do, and denies nothing that it does not speak of [M37.price-catalogue]', () => {
    const able = (spec: object) =>
      catalogued({ name: 'a', spec: model(spec) }, own).spec.capabilities
    const listed = able({ catalogue: 'openai/gpt-4.1-mini' })
    expect(listed).toEqual(expect.arrayContaining(['chat', 'tools', 'vision', 'json-schema']))
    expect(listed).not.toContain('embeddings')
    expect(able({ catalogue: 'openai/gpt-4.1-mini', capabilities: ['chat'] })).toEqual(['chat'])
    expect(able({})).toBeUndefined()
  })
})
