import { type Candidate, type CompiledRoute, needsOf } from './compile.ts'
import type { Unfit } from './conditions.ts'
import type { Refusal } from './deployment.ts'
import type { RequestFacts } from './facts.ts'
import { arrange } from './strategies.ts'

/** A candidate that does not get the request, and why. */
export interface Rejected extends Unfit {
  model: string
  /** Milliseconds after which this may have changed, where that is known. */
  retryAfterMs?: number
}

/** What was decided for one request. */
export interface Choice {
  readonly route: CompiledRoute
  /** In the order to try; empty where nothing may or can take the request. All are cleared for it. */
  readonly order: readonly Candidate[]
  readonly rejected: readonly Rejected[]
  /** Why the first one is the first. */
  readonly reason: string
  /** Whom the request is meant for too, for comparison; cleared like the others. */
  readonly shadow: Candidate | undefined
}

/**
 * Decides which candidates of a route may have a request and in which order. Whatever is in `order` or `shadow` is
 * cleared for it; whoever falls back, hedges or tries again stays within. Changes nothing, waits for nothing.
 */
export function choose(
  route: CompiledRoute,
  facts: RequestFacts,
  at: { now: number; random: () => number },
): Choice {
  const needs = needsOf(facts)
  const order: Candidate[] = []
  const rejected: Rejected[] = []
  for (const { model, unfit } of route.missing) rejected.push({ model, ...unfit })
  for (const candidate of route.candidates) {
    const why = unfit(candidate, facts, needs) ?? unavailable(candidate, at.now)
    if (why) rejected.push(why)
    else order.push(candidate)
  }
  const reason = arrange(order, { route, facts, rejected, ...at })
  const shadow = route.shadow && shadowOf(route.shadow, { facts, needs, ...at })
  return { route, order, rejected, reason, shadow }
}

/** Why an ordered candidate stands where it does. */
export function placeReason(choice: Choice, index: number): string {
  if (index === 0) return choice.reason
  return `number ${index + 1} of route ${choice.route.name}, if those before it fail`
}

function unfit(candidate: Candidate, facts: RequestFacts, needs: number): Rejected | undefined {
  const found = candidate.fitness.judge(facts, needs)
  if (found) return { model: candidate.name, ...found }
  const unmet = candidate.when?.(facts, needs)
  if (unmet === undefined) return undefined
  const reason = `the request does not meet its condition "${unmet}"`
  return { model: candidate.name, code: 'condition', reason }
}

function unavailable(candidate: Candidate, now: number): Rejected | undefined {
  const { deployment, provider, name } = candidate
  const why = deployment.refusal(now)
  if (why === undefined) return undefined
  const code = why === 'no-key' ? 'no-key' : 'unavailable'
  const words =
    why === 'no-key' || why === 'resting'
      ? `provider ${provider.name} ${deployment.keyTrouble}`
      : `provider ${provider.name} ${troubles[why]}`
  const retryAfterMs = deployment.waitMs(now)
  const rejection: Rejected = { model: name, code, reason: words }
  if (retryAfterMs !== undefined) rejection.retryAfterMs = Math.ceil(retryAfterMs)
  return rejection
}

const troubles: Record<Exclude<Refusal, 'no-key' | 'resting'>, string> = {
  full: 'has as many calls in flight and waiting as it may',
  late: 'had no place in time',
  left: 'was left by the caller',
  breaker: 'failed too often and is left alone for a while',
  down: 'does not answer its health checks',
}

function shadowOf(
  { candidate, share }: NonNullable<CompiledRoute['shadow']>,
  at: { facts: RequestFacts; needs: number; now: number; random: () => number },
): Candidate | undefined {
  if (at.random() >= share) return undefined
  if (candidate.fitness.judge(at.facts, at.needs)) return undefined
  return candidate.deployment.refusal(at.now) === undefined ? candidate : undefined
}
