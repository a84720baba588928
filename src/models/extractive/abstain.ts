import { abstention } from './generated/coefficients.ts'
import type { Asked } from './question.ts'
import { type Candidate, coverOf, type ReadPassage } from './score.ts'

/** What each number of `evidence()` is; the fit prints them by these names. */
export const abstainFeatures = [
  'bestCover',
  'bestContextCover',
  'passageCover',
  'topThreeCover',
  'rareCover',
  'entityMissing',
  'cue',
  'pairs',
  'margin',
  'terms',
] as const

/** How much the passages hold of what was asked, as numbers from 0 to 1 (see `abstainFeatures`). */
export function evidence(
  asked: Asked,
  passages: readonly ReadPassage[],
  ranked: readonly Candidate[],
): number[] {
  const best = ranked[0]
  if (!best) return abstainFeatures.map(() => 0)
  const top = ranked.slice(0, 3)
  const scores = passages.map((read) => read.passage.score).sort((a, b) => b - a)
  const passageCovers = passages.map((read) => coverOf(asked, (term) => read.all.has(term)))
  return [
    Math.max(...top.map((candidate) => candidate.cover)),
    Math.max(...top.map((candidate) => candidate.contextCover)),
    Math.max(...passageCovers),
    coverOf(asked, (term) => top.some((candidate) => candidate.unit.set.has(term))),
    rareCover(asked, top),
    entityMissing(asked, passages),
    best.cue,
    Math.max(...top.map((candidate) => candidate.features[2]!)),
    scores.length > 1 && scores[0]! > 0 ? (scores[0]! - scores[1]!) / scores[0]! : 0,
    Math.min(1, asked.terms.length / 12),
  ]
}

/** The probability (0 to 1) that the passages answer, by the fitted model. */
export function confidenceOf(features: readonly number[]): number {
  let sum = abstention.intercept
  for (let i = 0; i < features.length; i++) sum += features[i]! * abstention.weights[i]!
  return 1 / (1 + Math.exp(-sum))
}

export const fittedThreshold: number = abstention.threshold

/** Share of the two rarest terms' weight that the best sentences say. */
function rareCover(asked: Asked, top: readonly Candidate[]): number {
  const order = asked.weights.map((weight, i) => [weight, i] as const).sort((a, b) => b[0] - a[0])
  let held = 0
  let total = 0
  for (const [weight, i] of order.slice(0, 2)) {
    total += weight
    if (top.some((candidate) => candidate.unit.set.has(asked.terms[i]!))) held += weight
  }
  return total > 0 ? held / total : 0
}

/** Share of the question's names, codes and numbers that no passage holds. */
function entityMissing(asked: Asked, passages: readonly ReadPassage[]): number {
  if (asked.entities.length === 0) return 0
  const missing = asked.entities.filter((term) => !passages.some((read) => read.all.has(term)))
  return missing.length / asked.entities.length
}

/** The question's weightiest terms that no passage holds, weightiest first. */
export function missingTerms(asked: Asked, passages: readonly ReadPassage[]): string[] {
  return asked.terms
    .map((term, i) => ({ term, weight: asked.weights[i]! }))
    .filter(({ term }) => !passages.some((read) => read.all.has(term)))
    .sort((a, b) => b.weight - a.weight)
    .map(({ term }) => term)
}
