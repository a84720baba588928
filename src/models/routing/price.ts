import type { ResourceSpec } from '#kernel'

/** US dollars per million tokens, and per GPU hour. What is not given is unknown. */
export type Price = NonNullable<ResourceSpec<'Model'>['price']>

/** What a call used. Cached, written and reasoning tokens are parts of the input and of the output, not beside them. */
export interface PricedUsage {
  inputTokens: number
  outputTokens: number
  cachedInputTokens?: number
  cacheWriteTokens?: number
  reasoningTokens?: number
  batch?: boolean
}

/** The price of a model at a time (milliseconds since 1970): of its dated ones the last that holds, else `price`. */
export function priceAt(
  spec: Pick<ResourceSpec<'Model'>, 'price' | 'prices'>,
  at: number,
): Price | undefined {
  if (spec.prices === undefined) return spec.price
  let found = spec.price
  for (const price of spec.prices) {
    if (Date.parse(price.from) > at) continue
    if (price.until === undefined || at < Date.parse(price.until)) found = price
  }
  return found
}

/** What a usage costs in US dollars; undefined where a price that it needs is unknown. */
export function costOf(price: Price | undefined, usage: PricedUsage): number | undefined {
  if (price === undefined) return undefined
  const cached = usage.cachedInputTokens ?? 0
  const written = usage.cacheWriteTokens ?? 0
  const reasoned = usage.reasoningTokens ?? 0
  const { input, output } = price
  const cost =
    part(Math.max(0, usage.inputTokens - cached - written), input) +
    part(cached, price.cachedInput ?? input) +
    part(written, price.cacheWrite ?? input) +
    part(Math.max(0, usage.outputTokens - reasoned), output) +
    part(reasoned, price.reasoning ?? output)
  const factor = usage.batch ? price.batchFactor : 1
  if (factor === undefined || Number.isNaN(cost)) return undefined
  return (cost * factor) / 1_000_000
}

/** Billed by the time that it runs, not by tokens. */
export function byTheHour(price: Price | undefined): price is Price & { perGpuHour: number } {
  return price?.perGpuHour !== undefined && price.input === undefined && price.output === undefined
}

/** US dollars of so many milliseconds of a machine of one's own. */
export function costOfTime(price: Price & { perGpuHour: number }, ms: number): number {
  return (ms * price.perGpuHour * (price.gpus ?? 1)) / 3_600_000
}

/** Nothing costs nothing, at an unknown price too; anything else of an unknown price is not a number. */
function part(tokens: number, price: number | undefined): number {
  return tokens === 0 ? 0 : price === undefined ? Number.NaN : tokens * price
}
