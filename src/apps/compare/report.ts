import { byTheHour, type Candidate, type Price, priceAt, type RequestFacts } from '#models'
import { type Share, wilson } from '#ops'

/** What one question came to with one model. */
export interface Tried {
  outcome: string
  /** As it should be: every expected fact is in the answer, or the unanswerable was not answered. Null: not scored. */
  right: boolean | null
  answerable: boolean
  tookMs: number
  firstTokenMs: number | null
  inputTokens: number
  outputTokens: number
  costUsd: number | null
  traceId: string
}

/** One candidate's questions so far, and how long they took altogether. */
export interface Measured {
  tried: Tried[]
  seconds: number
}

/** A candidate's line of the table. What is null is not known, and not zero. */
export interface Compared {
  model: string
  provider: string
  stage: string | null
  licence: string | null
  regions: string[]
  questions: number
  /** Questions that ended in an error: counted as wrong. */
  failed: number
  /** With 95 % Wilson intervals. */
  right: Share
  expectedFacts: Share
  abstained: Share
  latencyMs: { p50: number; p95: number } | null
  firstTokenMs: { p50: number; p95: number } | null
  /** At the concurrency of the comparison. */
  answersPerSecond: number | null
  inputTokens: number | null
  outputTokens: number | null
  costPerAnswerUsd: number | null
  /** At the volume that was asked about. */
  monthlyUsd: number | null
  /** `machines`: of one's own, as many as the volume takes at the measured rate. */
  monthlyFrom: 'tokens' | 'machines' | null
  /** Why it would not do, in words; empty: nothing speaks against it. */
  unfit: string[]
}

/** What a comparison is held to. */
export interface Demands {
  /** Answers a month. */
  volume: number
  dataClasses: string[]
  regions: string[]
}

const hoursOfMonth = 730

/** The line of a candidate, from what was measured and what the registry says. */
export function comparedOf(
  candidate: Candidate,
  { tried, seconds }: Measured,
  demands: Demands & { at: number },
): Compared {
  const { spec } = candidate.model
  const price = priceAt(spec, demands.at)
  const answered = tried.filter(({ outcome }) => outcome === 'answered' || outcome === 'ungrounded')
  const rate = seconds > 0 && answered.length > 0 ? answered.length / seconds : null
  const share = (some: readonly Tried[]) => {
    const scored = some.filter(({ right }) => right !== null)
    return wilson(scored.filter(({ right }) => right).length, scored.length)
  }
  const regions = [candidate.provider.spec.region, ...(spec.regions ?? [])]
  return {
    model: candidate.name,
    provider: candidate.provider.name,
    stage: spec.stage ?? null,
    licence: spec.licence ?? null,
    regions: regions.filter((one) => one !== undefined),
    questions: tried.length,
    failed: tried.length - answered.length,
    right: share(tried),
    expectedFacts: share(tried.filter(({ answerable }) => answerable)),
    abstained: share(tried.filter(({ answerable }) => !answerable)),
    latencyMs: spread(answered.map(({ tookMs }) => tookMs)),
    firstTokenMs: spread(answered.flatMap(({ firstTokenMs }) => firstTokenMs ?? [])),
    answersPerSecond: rate,
    inputTokens: mean(answered.map(({ inputTokens }) => inputTokens)),
    outputTokens: mean(answered.map(({ outputTokens }) => outputTokens)),
    ...costsOf(price, { answered, rate, volume: demands.volume }),
    unfit: unfitOf(candidate, demands),
  }
}

function costsOf(
  price: Price | undefined,
  { answered, rate, volume }: { answered: readonly Tried[]; rate: number | null; volume: number },
): Pick<Compared, 'costPerAnswerUsd' | 'monthlyUsd' | 'monthlyFrom'> {
  const none = { costPerAnswerUsd: null, monthlyUsd: null, monthlyFrom: null }
  if (byTheHour(price)) {
    if (rate === null) return none
    const machines = Math.max(1, Math.ceil(volume / (rate * 3_600 * hoursOfMonth)))
    const monthlyUsd = machines * (price.gpus ?? 1) * price.perGpuHour * hoursOfMonth
    return { costPerAnswerUsd: monthlyUsd / volume, monthlyUsd, monthlyFrom: 'machines' }
  }
  const known = answered.flatMap(({ costUsd }) => costUsd ?? [])
  // Of some only would flatter, or not: then it is not known.
  const each = known.length === answered.length ? mean(known) : null
  if (each === null) return none
  return { costPerAnswerUsd: each, monthlyUsd: each * volume, monthlyFrom: 'tokens' }
}

function unfitOf(candidate: Candidate, { dataClasses, regions }: Demands): string[] {
  const base: RequestFacts = { operation: 'chat', needs: [], inputTokens: 0, now: 0 }
  const asked: RequestFacts[] = [
    base,
    ...(dataClasses.length > 0 ? [{ ...base, unapproved: true, dataClasses }] : []),
    ...(regions.length > 0 ? [{ ...base, unapproved: true, regions }] : []),
  ]
  const reasons = asked.flatMap((facts) => candidate.fitness.judge(facts, 0)?.reason ?? [])
  const { licence } = candidate.model.spec
  if (licence === undefined) reasons.push(`nobody says under which licence ${candidate.name} is`)
  return [...new Set(reasons)]
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length
}

function spread(values: readonly number[]): { p50: number; p95: number } | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] as number
  return { p50: at(0.5), p95: at(0.95) }
}
