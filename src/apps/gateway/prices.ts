import type { Amounts, BudgetRule } from '#governance'
import { PlinthError } from '#kernel'
import { type Candidate, costOf, type Observed, priceAt } from '#models'

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
  for (const { model: candidate } of candidates) {
    const { maxOutputTokens } = candidate.spec
    const outputTokens = Math.min(call.maxTokens ?? maxOutputTokens, maxOutputTokens) * call.answers
    const cost = costOf(priceAt(candidate.spec, at), { inputTokens, outputTokens })
    tokens = Math.max(tokens, inputTokens + outputTokens)
    nanousd = Math.max(nanousd, nanousdOf(cost) ?? 0)
  }
  return { nanousd, tokens, requests: 1 }
}

/** Billionths of a US dollar that an answer did cost; null where its price is not known. */
export function costOfAnswer(
  candidate: Candidate | undefined,
  seen: Observed,
  at: number,
): number | null {
  if (!candidate) return null
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens } = seen
  const cost = costOf(priceAt(candidate.model.spec, at), {
    inputTokens,
    outputTokens,
    cachedInputTokens: cachedTokens,
    reasoningTokens,
  })
  return nanousdOf(cost) ?? null
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
  const unpriced = candidates.find(
    ({ model: { spec } }) => costOf(priceAt(spec, at), one) === undefined,
  )
  if (!unpriced) return
  throw new PlinthError('UNAVAILABLE', {
    detail: `The budget ${money.name} counts money, and the price of model ${unpriced.model.name} is not known.`,
    where: 'model',
    remedy: 'Give the Model a price, or make the budget count tokens or requests.',
  })
}
