import { abstention } from './generated/coefficients.ts'
import type { Asked } from './question.ts'
import { type Candidate, coverOf, holds, type ReadPassage } from './score.ts'

/** What each number of `evidence()` is; the fit prints them by these names. */
export const abstainFeatures = [
  'bestCover',
  'bestContextCover',
  'passageCover',
  'topThreeCover',
  'rareCover',
  'entityMissing',
  'typedCover',
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
  const passageCovers = passages.map((read) => coverOf(asked, [read.all]))
  return [
    Math.max(...top.map((candidate) => candidate.cover)),
    Math.max(...top.map((candidate) => candidate.contextCover)),
    Math.max(...passageCovers),
    coverOf(
      asked,
      top.map((candidate) => candidate.unit.set),
    ),
    rareCover(asked, top),
    entityMissing(asked, passages),
    typedCover(ranked),
    Math.max(...top.map((candidate) => candidate.features[2]!)),
    marginOf(passages),
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

/**
 * How far the best passage stands out from the second: of raw lexical scores, where retrieval gives them, since fused
 * ones are scaled by what else was found (a passage that only the dense leg found counts 0). Beyond half it tells
 * no more.
 */
function marginOf(passages: readonly ReadPassage[]): number {
  const raw = passages.some((read) => read.passage.lexicalScore !== undefined)
  const scores = passages.map(({ passage }) => (raw ? (passage.lexicalScore ?? 0) : passage.score))
  scores.sort((a, b) => b - a)
  if (scores.length < 2 || scores[0]! <= 0) return 0.5
  return Math.min(1, (2 * (scores[0]! - scores[1]!)) / scores[0]!)
}

/**
 * The best context cover among sentences that hold the asked kind of answer: "how many employees" is not answered by
 * a sentence about employees without a number.
 */
function typedCover(ranked: readonly Candidate[]): number {
  const typed = ranked.slice(0, 12).filter((candidate) => candidate.cue > 0)
  return Math.max(0, ...typed.map((candidate) => candidate.contextCover))
}

/** Share of the two rarest terms' weight that the best sentences say. */
function rareCover(asked: Asked, top: readonly Candidate[]): number {
  const order = asked.weights.map((weight, i) => [weight, i] as const).sort((a, b) => b[0] - a[0])
  let held = 0
  let total = 0
  for (const [weight, i] of order.slice(0, 2)) {
    total += weight
    held += weight * Math.max(...top.map((candidate) => holds(asked, i, candidate.unit.set)))
  }
  return total > 0 ? held / total : 0
}

/** Share of the question's names, codes and numbers that no passage holds. */
function entityMissing(asked: Asked, passages: readonly ReadPassage[]): number {
  if (asked.entities.length === 0) return 0
  const missing = asked.entities.filter((term) => isMissing(asked, term, passages))
  return missing.length / asked.entities.length
}

/** The question's weightiest terms that no passage holds, weightiest first. */
export function missingTerms(asked: Asked, passages: readonly ReadPassage[]): string[] {
  return asked.terms
    .map((term, i) => ({ term, weight: asked.weights[i]! }))
    .filter(({ term }) => isMissing(asked, term, passages))
    .sort((a, b) => b.weight - a.weight)
    .map(({ term }) => term)
}

function isMissing(asked: Asked, term: string, passages: readonly ReadPassage[]): boolean {
  const i = asked.terms.indexOf(term)
  return !passages.some((read) => holds(asked, i, read.all) > 0)
}
