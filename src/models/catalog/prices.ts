import type { Capability, ResourceSpec } from '#kernel'
import type { Named } from '../named.ts'
import { type Price, priceAt } from '../routing/price.ts'
import { catalogueDate, catalogueLines, catalogueSource } from './generated/prices.ts'

type Model = ResourceSpec<'Model'>
/** Where a model is called. */
type Provider = Pick<ResourceSpec<'Provider'>, 'baseUrl'>

/** What the catalogue says of a model of a provider. What it does not say is not known. */
export interface CatalogueEntry {
  /** `openai/gpt-4.1-mini`. */
  id: string
  kind: string
  supports: string[]
  maxOutputTokens: number | undefined
  /** Undefined where none of its prices is known. */
  price: Price | undefined
}

/** Of which day the catalogue's prices are, and whose. */
export const catalogueOrigin = { date: catalogueDate, source: catalogueSource } as const

let entries: ReadonlyMap<string, CatalogueEntry> | undefined

/** Read once, when somebody first asks. */
function catalogue(): ReadonlyMap<string, CatalogueEntry> {
  entries ??= new Map(catalogueLines.split('\n').map((line) => entryOf(line.split(','))))
  return entries
}

function entryOf(cells: string[]): [string, CatalogueEntry] {
  const [provider, model, kind = '', supports, most, ...prices] = cells
  const names = ['input', 'output', 'cachedInput', 'cacheWrite', 'batchFactor'] as const
  const known = names.flatMap((name, i) => (prices[i] ? [[name, Number(prices[i])]] : []))
  const id = `${provider}/${model}`
  const entry: CatalogueEntry = {
    id,
    kind,
    supports: supports ? supports.split('|') : [],
    maxOutputTokens: most ? Number(most) : undefined,
    price: known.length > 0 ? (Object.fromEntries(known) as Price) : undefined,
  }
  return [id, entry]
}

function catalogueEntry(id: string): CatalogueEntry | undefined {
  return catalogue().get(id)
}

/** Entries in whose names all words stand, by name. `after`: the last one shown. */
export function searchCatalogue(
  words: string,
  { after = '', limit }: { after?: string; limit: number },
): CatalogueEntry[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  const found: CatalogueEntry[] = []
  for (const id of [...catalogue().keys()].sort()) {
    if (found.length >= limit) break
    const lower = id.toLowerCase()
    if (id > after && wanted.every((word) => lower.includes(word))) {
      found.push(catalogue().get(id) as CatalogueEntry)
    }
  }
  return found
}

/** The vendors' own addresses: whoever answers there bills by the vendor's list. */
const vendors: readonly (readonly [RegExp, string])[] = [
  [/^api\.openai\.com$/, 'openai'],
  [/^api\.anthropic\.com$/, 'anthropic'],
  [/^generativelanguage\.googleapis\.com$/, 'google'],
  [/^([a-z0-9-]+-)?aiplatform\.googleapis\.com$/, 'vertex-ai'],
  [/^bedrock-runtime\.[a-z0-9-]+\.amazonaws\.com$/, 'bedrock'],
  [/^api\.mistral\.ai$/, 'mistral-ai'],
  [/^api\.cohere\.(com|ai)$/, 'cohere'],
  [/^openrouter\.ai$/, 'openrouter'],
  [/^api\.groq\.com$/, 'groq'],
  [/^api\.together\.(xyz|ai)$/, 'together-ai'],
  [/^api\.fireworks\.ai$/, 'fireworks-ai'],
  [/^api\.deepinfra\.com$/, 'deepinfra'],
  [/^api\.deepseek\.com$/, 'deepseek'],
  [/^api\.x\.ai$/, 'x-ai'],
  [/^api\.perplexity\.ai$/, 'perplexity-ai'],
  [/^api\.cerebras\.ai$/, 'cerebras'],
]

/**
 * The entry that stands for a model: the one that it names, else its own at the vendor's address. Elsewhere a name says
 * nothing of what is billed.
 */
export function entryOfModel(model: Model, provider: Provider): CatalogueEntry | undefined {
  if (model.catalogue === 'none') return undefined
  if (model.catalogue !== undefined) return catalogueEntry(model.catalogue)
  const host = provider.baseUrl === undefined ? '' : (URL.parse(provider.baseUrl)?.hostname ?? '')
  const vendor = vendors.find(([pattern]) => pattern.test(host))?.[1]
  return vendor === undefined ? undefined : catalogueEntry(`${vendor}/${model.upstreamModel}`)
}

/**
 * A model with what the catalogue adds: its price where the model has none, and what it is able to do where the model
 * names its entry. Own words always win.
 */
export function catalogued<T extends Named<Model>>(model: T, provider: Provider): T {
  const entry = entryOfModel(model.spec, provider)
  if (!entry) return model
  const { price = entry.price, capabilities = ableBy(model.spec, entry) } = model.spec
  if (price === model.spec.price && capabilities === model.spec.capabilities) return model
  return {
    ...model,
    spec: {
      ...model.spec,
      ...(price === undefined ? {} : { price }),
      ...(capabilities === undefined ? {} : { capabilities }),
    },
  }
}

const operations: Readonly<Record<string, Capability>> = {
  chat: 'chat',
  text: 'chat',
  responses: 'chat',
  embedding: 'embeddings',
  rerank: 'rerank',
  moderation: 'moderation',
  image: 'images',
  image_generation: 'images',
}
/** What the catalogue does not speak about, and so cannot deny. */
const unsaid: readonly Capability[] = ['audio', 'json-schema', 'reasoning', 'logprobs', 'streaming']

/** Only of an entry that lists something: an empty list is nobody's word. */
function ableBy({ catalogue: named }: Model, entry: CatalogueEntry): Capability[] | undefined {
  const operation = operations[entry.kind]
  if (named === undefined || operation === undefined || entry.supports.length === 0)
    return undefined
  const tools: Capability[] = entry.supports.includes('tools') ? ['tools'] : []
  const vision: Capability[] = entry.supports.some((one) => one === 'image' || one === 'vision')
    ? ['vision']
    : []
  return [operation, ...tools, ...vision, ...unsaid]
}

/** The price of a model at a moment, and who says so. */
export interface PriceTold {
  price: Price | undefined
  /** `dated`: one of its periods; `catalogue`: nobody else said; `unknown`: nobody does. */
  from: 'model' | 'dated' | 'catalogue' | 'unknown'
  /** The day from which a dated price holds, or of which the catalogue is. */
  since: string | undefined
  entry: CatalogueEntry | undefined
  /** The model names an entry that the catalogue does not have. */
  noSuchEntry: boolean
}

/** Tells the price of a model at a moment (milliseconds since 1970) with its origin. */
export function priceTold(model: Model, provider: Provider, at: number): PriceTold {
  const entry = entryOfModel(model, provider)
  const named = model.catalogue !== undefined && model.catalogue !== 'none'
  const rest = { entry, noSuchEntry: named && !entry }
  const own = priceAt(model, at)
  const dated = model.prices?.find((price) => price === own)
  if (dated) return { price: own, from: 'dated', since: dated.from, ...rest }
  if (own) return { price: own, from: 'model', since: undefined, ...rest }
  if (entry?.price) return { price: entry.price, from: 'catalogue', since: catalogueDate, ...rest }
  return { price: undefined, from: 'unknown', since: undefined, ...rest }
}
