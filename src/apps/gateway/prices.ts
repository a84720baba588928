import type { Amounts, BudgetRule } from '#governance'
import { PlinthError } from '#kernel'
import {
  byTheHour,
  type Candidate,
  catalogued,
  costOf,
  costOfTime,
  type Observed,
  priceAt,
} from '#models'
import type { CallRow } from '#ops'
import type { Snapshot } from '#store'

/** Bytes of a JSON body for each token of its texts: on the low side, so that an estimate is rather too high. */
export const bytesPerToken = 3.5

/** What a call may cost at most, as far as it can be known before. `at`: milliseconds since 1970. */
export function estimateOf(
  candidates: readonly Candidate[],
  call: { bytes: number; maxTokens: number | undefined; answers: number },
  at: number,
): Amounts {
  const inputTokens = Math.ceil(call.bytes / bytesPerToken)
  let nanousd = 0
  let tokens = 0
  for (const { model: candidate, timeouts } of candidates) {
    const { maxOutputTokens } = candidate.spec
    const outputTokens = Math.min(call.maxTokens ?? maxOutputTokens, maxOutputTokens) * call.answers
    const price = priceAt(candidate.spec, at)
    const cost = byTheHour(price)
      ? costOfTime(price, timeouts.totalMs)
      : costOf(price, { inputTokens, outputTokens })
    tokens = Math.max(tokens, inputTokens + outputTokens)
    nanousd = Math.max(nanousd, nanousdOf(cost) ?? 0)
  }
  return { nanousd, tokens, requests: 1 }
}

/** Billionths of a US dollar that an answer did cost; null where its price is not known. */
export function costOfAnswer(
  candidate: Candidate | undefined,
  { seen, gpuMs = 0 }: { seen: Observed; gpuMs?: number | undefined },
  at: number,
): number | null {
  if (!candidate) return null
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens } = seen
  const price = priceAt(candidate.model.spec, at)
  if (byTheHour(price)) return Math.round(costOfTime(price, gpuMs) * 1e9)
  const cost = costOf(price, {
    inputTokens,
    outputTokens,
    cachedInputTokens: cachedTokens,
    reasoningTokens,
  })
  return nanousdOf(cost) ?? null
}

/**
 * Milliseconds of the machine that a call took: its time, shared with those that run there as it ends. Undefined where
 * the model is not billed by the hour.
 */
export function gpuTimeOf(
  candidate: Candidate | undefined,
  totalMs: number,
  at: number,
): number | undefined {
  if (!candidate || !byTheHour(priceAt(candidate.model.spec, at))) return undefined
  return Math.round(totalMs / (candidate.deployment.inFlight + 1))
}

/** A call as it was stored, as far as its price goes. */
type PastCall = Pick<
  CallRow,
  'at' | 'model' | 'inputTokens' | 'outputTokens' | 'cachedTokens' | 'reasoningTokens' | 'detail'
>

/**
 * Prices past calls by what a snapshot's Models say of their day; undefined where they do not know it, and where there
 * is no such Model any more.
 */
export function pastPrices(snapshot: Snapshot): (call: PastCall) => number | undefined {
  const models = new Map(
    snapshot.list('Model').map((model) => {
      const provider = snapshot.resolve('Provider', model.spec.provider)
      return [model.name, provider ? catalogued(model, provider.spec).spec : model.spec]
    }),
  )
  return (call) => {
    const spec = models.get(call.model ?? '')
    const price = spec && priceAt(spec, call.at.getTime())
    if (byTheHour(price)) {
      const gpuMs = call.detail?.gpuMs
      return typeof gpuMs === 'number' ? nanousdOf(costOfTime(price, gpuMs)) : undefined
    }
    const { inputTokens, outputTokens, cachedTokens, reasoningTokens } = call
    const used = { inputTokens, outputTokens, cachedInputTokens: cachedTokens, reasoningTokens }
    return nanousdOf(costOf(price, used))
  }
}

function nanousdOf(dollars: number | undefined): number | undefined {
  return dollars === undefined ? undefined : Math.round(dollars * 1e9)
}

/** Money cannot be counted where no price is known: a hard budget of money then refuses the call. */
export function requirePrices(
  candidates: readonly Candidate[],
  rules: readonly BudgetRule[],
  at: number,
): void {
  const money = rules.find((rule) => rule.hard && rule.limits.nanousd !== Number.POSITIVE_INFINITY)
  if (!money) return
  const one = { inputTokens: 1, outputTokens: 1 }
  const unpriced = candidates.find(({ model: { spec } }) => {
    const price = priceAt(spec, at)
    return !byTheHour(price) && costOf(price, one) === undefined
  })
  if (!unpriced) return
  throw new PlinthError('UNAVAILABLE', {
    detail: `The budget ${money.name} counts money, and the price of model ${unpriced.model.name} is not known.`,
    where: 'model',
    remedy: 'Give the Model a price, or make the budget count tokens or requests.',
  })
}
