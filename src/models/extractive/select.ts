import { numbersIn } from '#kernel'
import { passageDate, seriesOf } from './dates.ts'
import { instructsModel } from './instructions.ts'
import type { Asked } from './question.ts'
import type { Candidate, ReadPassage, ReadUnit } from './score.ts'

export interface SelectedSentence {
  passage: ReadPassage
  unit: ReadUnit
  index: number
}

const maxSentences = 3
const maxListItems = 8
/** Two sentences that share this much of their stems say the same thing. */
const sameShare = 0.6
/** Sentences are added until one of them answers with this probability, by the fitted ranking. */
const enough = 0.8
/** A sentence less likely than this to answer is not added. */
const leastLikely = 0.06
/** What a sentence of a superseded document of the same series loses. */
const supersededPenalty = 3.5

/**
 * Chooses one to three sentences from the ranked ones: the likeliest, and further ones while it is doubtful which of them
 * answers. Of two that contradict each other in their numbers the newer document's stays. What cannot be read alone
 * brings its company: a row its header, an introduction its list, a step the steps after it, "It ..." what it is.
 */
export function selectSentences(asked: Asked, ranked: readonly Candidate[]): SelectedSentence[] {
  const ordered = preferNewer(asked, ranked)
  const best = ordered[0]
  if (!best) return []
  const total = ordered.reduce((sum, one) => sum + Math.exp(one.score - best.score), 0)
  const likely = (one: Candidate) => Math.exp(one.score - best.score) / total
  const chosen: Candidate[] = [best]
  let sum = likely(best)
  for (const candidate of ordered.slice(1, 40)) {
    if (chosen.length >= maxSentences || sum >= enough || likely(candidate) < leastLikely) break
    sum += likely(candidate)
    if (chosen.some((other) => overlap(other.unit, candidate.unit) >= sameShare)) continue
    chosen.push(candidate)
  }
  return withCompany(asked, inReadingOrder(chosen))
}

/** Moves superseded statements back: older documents of a series, and near-identical older sentences. */
function preferNewer(asked: Asked, ranked: readonly Candidate[]): Candidate[] {
  const dates = documentDates(ranked)
  const newest = new Map<string, number>()
  for (const { passage } of ranked) {
    const series = seriesOf(passage.passage)
    const date = dates.get(passage.passage.documentId) ?? 0
    if (series) newest.set(series, Math.max(newest.get(series) ?? 0, date))
  }
  const wanted = new Set(asked.numbers.filter((n) => /^(?:19|20)\d\d$/.test(n)))
  const adjusted = ranked.map((candidate) => {
    const date = dates.get(candidate.passage.passage.documentId) ?? 0
    const last = newest.get(seriesOf(candidate.passage.passage)) ?? 0
    const askedFor = wanted.has(String(date).slice(0, 4))
    const superseded = date > 0 && date < last && wanted.size === 0
    const shift = superseded ? -supersededPenalty : askedFor ? supersededPenalty : 0
    return shift === 0 ? candidate : { ...candidate, score: candidate.score + shift }
  })
  adjusted.sort((a, b) => b.score - a.score)
  return wanted.size > 0 ? adjusted : dropContradicted(adjusted, dates)
}

/** When each document took effect: its passages need not all say it. */
function documentDates(ranked: readonly Candidate[]): Map<string, number> {
  const dates = new Map<string, number>()
  for (const { passage } of new Set(ranked.map((candidate) => candidate.passage))) {
    const { documentId } = passage
    dates.set(documentId, Math.max(dates.get(documentId) ?? 0, passageDate(passage)))
  }
  return dates
}

function dropContradicted(ordered: Candidate[], dates: Map<string, number>): Candidate[] {
  const dateOf = (one: Candidate) => dates.get(one.passage.passage.documentId) ?? 0
  const head = ordered.slice(0, 12)
  const dropped = new Set<Candidate>()
  for (const a of head) {
    for (const b of head) {
      const older = dateOf(a) < dateOf(b)
      const apart = a.passage.passage.documentId !== b.passage.passage.documentId
      if (older && apart && overlap(a.unit, b.unit) >= sameShare && differ(a.unit, b.unit))
        dropped.add(a)
    }
  }
  return dropped.size === 0 ? ordered : ordered.filter((candidate) => !dropped.has(candidate))
}

/** Share of stems in common, numbers left out (Jaccard). */
function overlap(a: ReadUnit, b: ReadUnit): number {
  let both = 0
  let either = 0
  for (const term of a.set) {
    if (/^\p{N}/u.test(term)) continue
    either++
    if (b.set.has(term)) both++
  }
  for (const term of b.set) if (!/^\p{N}/u.test(term) && !a.set.has(term)) either++
  return either === 0 ? 0 : both / either
}

function differ(a: ReadUnit, b: ReadUnit): boolean {
  const left = new Set(numbersIn(a.text))
  const right = new Set(numbersIn(b.text))
  return left.size !== right.size || [...left].some((number) => !right.has(number))
}

/** Passages by their best sentence; within a passage as it is read. */
function inReadingOrder(chosen: readonly Candidate[]): Candidate[] {
  const place = new Map<ReadPassage, number>()
  for (const { passage } of chosen) if (!place.has(passage)) place.set(passage, place.size)
  return [...chosen].sort(
    (a, b) => place.get(a.passage)! - place.get(b.passage)! || a.index - b.index,
  )
}

/** A sentence that begins so speaks of what the one before it names. */
const leansBack =
  /^(?:(?:it|its|they|their|this|these|those|he|she|his|her|such|both|otherwise|es|sie|er|dies\w*|diese[rsmn]?|sein\w*|ihr\w*|davon|dazu|dabei|sonst|andernfalls)\b|它|他们|她们|该|这|其|否则)/iu
/** A question for what to do is answered by a procedure, not by one of its steps. */
const asksHow =
  /\b(?:how (?:do|does|can|could|should|must|to)|what (?:should|must|shall|can|do|does|to) .{0,40}\bdo\b|wie (?:kann|muss|soll|geht|mache?n?)|was (?:muss|soll|kann|ist zu))\b|怎么|怎样|如何/iu
const numbered = /^\s*\(?(?:\d{1,2}|[a-z])[.)]\s/u

/** The chosen sentences with those they cannot be read without, none twice, in reading order within a passage. */
function withCompany(asked: Asked, chosen: readonly Candidate[]): SelectedSentence[] {
  const places = new Map<ReadPassage, Set<number>>()
  for (const { passage, index } of chosen) {
    const taken = places.get(passage) ?? new Set()
    places.set(passage, taken)
    for (const i of companyOf(asked, passage, index)) taken.add(i)
  }
  return [...places].flatMap(([passage, taken]) =>
    [...taken]
      .sort((a, b) => a - b)
      .filter((i) => !instructsModel(passage.units[i]!.text))
      .map((index) => ({ passage, unit: passage.units[index]!, index })),
  )
}

function companyOf(asked: Asked, { units }: ReadPassage, index: number): number[] {
  const unit = units[index]!
  const result = [index]
  if (unit.header !== undefined) result.push(unit.header)
  if (
    unit.kind === 'sentence' &&
    leansBack.test(unit.text) &&
    units[index - 1]?.kind === 'sentence'
  )
    result.push(index - 1)
  if (/[:：]$/u.test(unit.text)) result.push(...listFrom(units, index + 1))
  else if (unit.kind === 'item' && numbered.test(unit.text) && asksHow.test(asked.text))
    result.push(...listFrom(units, index + 1))
  return result
}

/** The list items or table rows that follow without a break. */
function listFrom(units: readonly ReadUnit[], from: number): number[] {
  const found: number[] = []
  for (let i = from; i < Math.min(units.length, from + maxListItems); i++) {
    const { kind } = units[i]!
    if (kind === 'sentence' || kind === 'heading') break
    found.push(i)
  }
  return found
}
