import { auc, interval } from './logistic.ts'

/** A question with the confidence that its passages answer it. */
export interface Scored {
  score: number
  label: 0 | 1
  group: string
  set: string
  /** Whether the best sentence holds the answer. */
  right: boolean
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
const round = (value: number) => Math.round(value * 1_000) / 1_000

/** Share of a label's questions that are treated rightly at this threshold. */
function rightly(scored: readonly Scored[], label: 0 | 1, threshold: number): number {
  const of = scored.filter((one) => one.label === label)
  return mean(of.map((one) => (one.score >= threshold === (label === 1) ? 1 : 0)))
}

/**
 * Shares of unanswerable questions that must be refused on the fit part, a little above what the model before refused
 * there. A wrong answer costs trust, a refusal names the closest documents.
 */
const leastRefused: Readonly<Record<string, number>> = { 'xquad-en': 0.88, 'xquad-zh': 0.905 }

/** The lowest threshold that refuses as often as it must: of those the one that answers most. */
export function leastThreshold(scored: readonly Scored[]): number {
  const enough = (at: number) =>
    Object.entries(leastRefused).every(
      ([set, least]) =>
        rightly(
          scored.filter((one) => one.set === set),
          0,
          at,
        ) >= least,
    )
  let at = 0.2
  while (at < 0.95 && !enough(at)) at += 0.005
  return Math.round(at * 1000) / 1000
}

/** Mean distance (0 to 1) between confidence and what came true, over ten equal parts of the questions. */
function calibrationError(scored: readonly Scored[]): number {
  const sorted = [...scored].sort((a, b) => a.score - b.score)
  const size = Math.max(1, Math.ceil(sorted.length / 10))
  let error = 0
  for (let i = 0; i < sorted.length; i += size) {
    const part = sorted.slice(i, i + size)
    const gap = mean(part.map((one) => one.score)) - mean(part.map((one) => one.label))
    error += (Math.abs(gap) * part.length) / sorted.length
  }
  return error
}

/** Share of wrong best sentences among the most confident part of the questions. */
function riskAt(scored: readonly Scored[], coverage: number): number {
  const sorted = [...scored].sort((a, b) => b.score - a.score)
  const top = sorted.slice(0, Math.ceil(coverage * sorted.length))
  return mean(top.map((one) => (one.right ? 0 : 1)))
}

/** One row of the fit's table. */
export function reportOf(set: string, scored: readonly Scored[], threshold: number) {
  const [low, high] = interval(scored, auc)
  const answerable = scored.filter((one) => one.label === 1)
  return {
    set,
    n: scored.length,
    n_answerable: answerable.length,
    auc: round(auc(scored)),
    auc_low: round(low),
    auc_high: round(high),
    answers_rightly: round(rightly(scored, 1, threshold)),
    abstains_rightly: round(rightly(scored, 0, threshold)),
    first_sentence_right: round(mean(answerable.map((one) => (one.right ? 1 : 0)))),
    calibration_error: round(calibrationError(scored)),
    risk_at_25: round(riskAt(scored, 0.25)),
    risk_at_50: round(riskAt(scored, 0.5)),
  }
}
