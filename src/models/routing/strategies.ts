import type { Rejected } from './choose.ts'
import type { Candidate, CompiledRoute } from './compile.ts'
import type { RequestFacts } from './facts.ts'
import { forecastCost, forecastMs } from './forecast.ts'
import { draw, hashOf } from './sticky.ts'

interface Arranging {
  route: CompiledRoute
  facts: RequestFacts
  /** Takes up what a strategy leaves out. */
  rejected: Rejected[]
  now: number
  random: () => number
}

type Strategy = (order: Candidate[], at: Arranging) => string

/** Puts candidates into the order of the route's strategy, in place. Returns why the first one is the first. */
export function arrange(order: Candidate[], at: Arranging): string {
  for (const one of order) {
    one.tier = 0
    one.score = 0
  }
  const reason = strategies[at.route.strategy](order, at)
  const { conversation } = at.facts
  const kept =
    at.route.sticky && conversation !== undefined && spreading.has(at.route.strategy)
      ? stick(order, conversation)
      : false
  sort(order)
  if (order.length === 0) return `no candidate of route ${at.route.name} can take the request`
  const left = at.rejected.length > 0 ? ` (${at.rejected.length} skipped)` : ''
  return `${kept ? 'keeps to the model of its conversation' : reason}${left}`
}

/** Where a conversation would wander without being kept: the order of the others does not change by itself. */
const spreading = new Set<CompiledRoute['strategy']>([
  'weighted',
  'lowest-latency',
  'least-busy',
  'objective',
])

const strategies: Record<CompiledRoute['strategy'], Strategy> = {
  ordered: (_, { route }) => `first usable model of route ${route.name}`,

  weighted: (order, { random }) => {
    // An exponential race: each is first in proportion to its weight, and so on among the rest.
    for (const one of order) one.score = race(one.weight, random())
    return 'drawn by weight'
  },

  'lowest-latency': (order, { facts, now }) => {
    for (const one of order) {
      const ms = forecastMs(one, facts, now)
      // Unmeasured: one call finds out, further ones do not wait for what it finds.
      if (ms === undefined) one.score = one.deployment.inFlight === 0 ? 0 : Number.MAX_VALUE
      else one.score = ms * (1 + one.deployment.endpoint.gate.load)
    }
    return 'lowest latency by what was measured'
  },

  'least-busy': (order) => {
    for (const one of order) {
      one.score = one.weight > 0 ? one.deployment.endpoint.gate.load / one.weight : Infinity
      one.tier = one.weight > 0 ? 0 : 1
    }
    return 'least busy'
  },

  'lowest-cost': (order, { facts, now }) => {
    for (const one of order) one.score = forecastCost(one, facts, now) ?? Number.POSITIVE_INFINITY
    return 'lowest cost by its price'
  },

  objective: (order, at) => {
    keepBudget(order, at)
    let meets = 0
    for (const one of order) if (rank(one, at) === 0) meets++
    return meets > 0
      ? 'cheapest whose forecast keeps the objective'
      : 'none keeps the objective: the fastest by forecast'
  },
}

/** Whatever costs more than the route may, or nobody knows how much, is left out. */
function keepBudget(order: Candidate[], { route, facts, rejected, now }: Arranging): void {
  const { maxCostUsd } = route.objective
  let kept = 0
  for (const one of order) {
    const cost = forecastCost(one, facts, now)
    one.score = cost ?? Number.POSITIVE_INFINITY
    if (maxCostUsd === undefined || (cost !== undefined && cost <= maxCostUsd)) {
      order[kept++] = one
      continue
    }
    const reason =
      cost === undefined
        ? `nobody knows what model ${one.name} costs, and the route may spend ${maxCostUsd} US dollars`
        : `model ${one.name} would cost about ${cost.toPrecision(3)} US dollars, and the route may spend ${maxCostUsd}`
    rejected.push({ model: one.name, code: 'over-budget', reason })
  }
  order.length = kept
}

/** Tier 0 keeps the objective, by cost; tier 1 does not, by time. What was never measured is tried, one call at once. */
function rank(one: Candidate, { route, facts, now }: Arranging): number {
  const { ttftMs = Infinity, totalMs = Infinity } = route.objective
  const total = forecastMs(one, facts, now)
  if (total === undefined) one.tier = one.deployment.inFlight === 0 ? 0 : 1
  else one.tier = one.deployment.firstTokenMs.read(now) <= ttftMs && total <= totalMs ? 0 : 1
  if (one.tier === 1) one.score = total ?? Number.MAX_VALUE
  return one.tier
}

/** Within the best tier the conversation decides. */
function stick(order: Candidate[], conversation: string): boolean {
  const hash = hashOf(conversation)
  let best = Infinity
  for (const one of order) best = Math.min(best, one.tier)
  for (const one of order) {
    if (one.tier === best) one.score = draw(hash, one.hash, one.weight)
  }
  return order.length > 0
}

function race(weight: number, random: number): number {
  return weight > 0 ? -Math.log(1 - random) / weight : Number.POSITIVE_INFINITY
}

/** By tier, score, then the order of the route. Lists are short: insertion, in place. */
function sort(order: Candidate[]): void {
  for (let i = 1; i < order.length; i++) {
    const one = order[i] as Candidate
    let at = i - 1
    while (at >= 0 && before(one, order[at] as Candidate)) {
      order[at + 1] = order[at] as Candidate
      at--
    }
    order[at + 1] = one
  }
}

function before(a: Candidate, b: Candidate): boolean {
  if (a.tier !== b.tier) return a.tier < b.tier
  return a.score !== b.score ? a.score < b.score : a.index < b.index
}
