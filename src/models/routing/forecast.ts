import type { Candidate } from './compile.ts'
import type { RequestFacts } from './facts.ts'
import { byTheHour, costOf, costOfTime, priceAt } from './price.ts'

/** What a call is expected to take and cost, from live measurements and the price. Undefined: not known. */
export interface Forecast {
  firstTokenMs: number | undefined
  totalMs: number | undefined
  costUsd: number | undefined
  answerTokens: number
}

/** Tokens that an answer is expected to have: as usual, and not more than was asked for or the model gives. */
function answerTokens({ model, deployment }: Candidate, facts: RequestFacts): number {
  if (facts.operation !== 'chat') return 0
  const most = Math.min(
    facts.maxOutputTokens ?? Number.POSITIVE_INFINITY,
    model.spec.maxOutputTokens,
  )
  return deployment.answerTokens > 0 ? Math.min(most, deployment.answerTokens) : most
}

/** Milliseconds until an answer would be whole; undefined where nothing was measured. */
export function forecastMs(
  candidate: Candidate,
  facts: RequestFacts,
  now: number,
): number | undefined {
  const { firstTokenMs, perTokenMs } = candidate.deployment
  if (!firstTokenMs.known) return undefined
  return firstTokenMs.read(now) + perTokenMs.read(now) * answerTokens(candidate, facts)
}

/**
 * US dollars of a call; undefined where a price it needs is unknown. A machine of one's own costs its time, shared
 * by the calls that run on it now.
 */
export function forecastCost(
  candidate: Candidate,
  facts: RequestFacts,
  now: number,
): number | undefined {
  const price = priceAt(candidate.model.spec, facts.now)
  if (price === undefined) return candidate.provider.spec.protocol === 'extractive' ? 0 : undefined
  if (byTheHour(price)) {
    const ms = forecastMs(candidate, facts, now)
    return ms === undefined
      ? undefined
      : costOfTime(price, ms / (candidate.deployment.inFlight + 1))
  }
  const { inputTokens } = facts
  return costOf(price, { inputTokens, outputTokens: answerTokens(candidate, facts) })
}

/** All of it, for people. */
export function forecast(candidate: Candidate, facts: RequestFacts, now: number): Forecast {
  const { firstTokenMs } = candidate.deployment
  return {
    firstTokenMs: firstTokenMs.known ? firstTokenMs.read(now) : undefined,
    totalMs: forecastMs(candidate, facts, now),
    costUsd: forecastCost(candidate, facts, now),
    answerTokens: answerTokens(candidate, facts),
  }
}
