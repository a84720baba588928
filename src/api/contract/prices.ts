import { z } from 'zod'
import { pageOf, paging, timeGiven } from './basics.ts'

const dollars = z.number().nullable()

const price = z
  .object({
    input: dollars,
    output: dollars,
    cachedInput: dollars.describe('Null: that of input.'),
    cacheWrite: dollars.describe('Null: that of input.'),
    reasoning: dollars.describe('Null: that of output.'),
    batchFactor: z.number().nullable().describe('What a batch costs, as a share; null: not known.'),
    perGpuHour: dollars.describe('Of a machine of one’s own.'),
    gpus: z.number().nullable(),
  })
  .meta({ id: 'ModelPrice', description: 'US dollars per million tokens; null: not known.' })

export const catalogueEntry = z
  .object({
    id: z.string().describe('`openai/gpt-4.1-mini`.'),
    kind: z.string(),
    supports: z.array(z.string()),
    maxOutputTokens: z.number().nullable(),
    price: price.nullable(),
  })
  .meta({ id: 'CatalogueEntry' })

const origin = z
  .object({ date: z.string().describe('The day of these prices.'), source: z.string() })
  .meta({ id: 'CatalogueOrigin' })

export const pricedModel = z
  .object({
    name: z.string(),
    project: z.string(),
    provider: z.string(),
    upstreamModel: z.string(),
    price: price.nullable().describe('What holds now; null: not known, which is not zero.'),
    from: z
      .enum(['model', 'dated', 'catalogue', 'unknown'])
      .describe('Who says so: the Model, one of its periods, or the catalogue.'),
    since: z.string().nullable().describe('The first day of its period, or that of the catalogue.'),
    entry: catalogueEntry.nullable().describe('What the catalogue says of it.'),
    noSuchEntry: z.boolean().describe('It names an entry that the catalogue does not have.'),
  })
  .meta({ id: 'PricedModel' })

export const priceQuery = paging.extend({
  name: z.string().max(300).optional().describe('Of this Model only.'),
})

export const pricePage = pageOf(pricedModel).extend({ catalogue: origin })

export const catalogueQuery = paging.extend({
  search: z.string().max(200).optional().describe('Words that its id has.'),
})

export const cataloguePage = pageOf(catalogueEntry).extend({ catalogue: origin })

export const repriceRequest = z
  .object({
    from: timeGiven,
    to: timeGiven.optional().describe('Not given: now.'),
    model: z.string().max(253).optional().describe('Calls of this Model only.'),
  })
  .meta({ id: 'RepriceRequest' })
