import { numbersIn } from '#kernel'
import { passageDate, seriesOf } from './dates.ts'
import type { Asked } from './question.ts'
import type { Candidate, ReadPassage, ReadUnit } from './score.ts'

export interface SelectedSentence {
  passage: ReadPassage
  unit: ReadUnit
  index: number
}

const maxSentences = 4
const maxListItems = 8
/** Two sentences that share this much of their stems say the same thing. */
const sameShare = 0.6
/** How far behind the best a sentence may score and still be added. */
const scoreGap = 1.6
/** What a sentence of a superseded document of the same series loses. */
const supersededPenalty = 3.5

/**
 * Chooses one to four sentences from the ranked ones: the best, then those that add something the question asks
 * for. Of two that contradict each other in their numbers the newer document's stays.
 */
export function selectSentences(asked: Asked, ranked: readonly Candidate[]): SelectedSentence[] {
  const ordered = preferNewer(asked, ranked)
  const best = ordered[0]
  if (!best) return []
  const chosen: Candidate[] = [best]
  for (const candidate of ordered.slice(1, 40)) {
    if (chosen.length >= maxSentences || candidate.score < best.score - scoreGap) break
    if (chosen.some((other) => overlap(other.unit, candidate.unit) >= sameShare)) continue
    if (addsSomething(asked, chosen, candidate)) chosen.push(candidate)
  }
  return inReadingOrder(chosen).flatMap((candidate) => withCompany(candidate, chosen))
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

function addsSomething(asked: Asked, chosen: readonly Candidate[], candidate: Candidate): boolean {
  let gained = 0
  for (let i = 0; i < asked.terms.length; i++) {
    const term = asked.terms[i]!
    if (!candidate.unit.set.has(term)) continue
    if (!chosen.some((other) => other.unit.set.has(term))) gained += asked.weights[i]!
  }
  if (gained >= 0.12) return true
  const best = chosen[0]!
  const close = candidate.score >= best.score - scoreGap / 3
  const wide = asked.kind === 'any' || asked.kind === 'reason'
  return (
    close &&
    candidate.cover >= 0.6 * best.cover &&
    (wide ? true : candidate.cue === 1 && best.cue < 1)
  )
}

/** Passages by their best sentence; within a passage as it is read. */
function inReadingOrder(chosen: readonly Candidate[]): Candidate[] {
  const place = new Map<ReadPassage, number>()
  for (const { passage } of chosen) if (!place.has(passage)) place.set(passage, place.size)
  return [...chosen].sort(
    (a, b) => place.get(a.passage)! - place.get(b.passage)! || a.index - b.index,
  )
}

/** A row brings its table's header, an introduction that ends in a colon its list. */
function withCompany(candidate: Candidate, chosen: readonly Candidate[]): SelectedSentence[] {
  const { passage, unit, index } = candidate
  const taken = (i: number) => chosen.some((c) => c.passage === passage && c.index === i)
  const result: SelectedSentence[] = []
  if (unit.kind === 'row' && unit.header !== undefined) {
    const first = chosen.find((c) => c.passage === passage && c.unit.header === unit.header)
    const firstRow = inReadingOrder(chosen).find(
      (c) => c.passage === passage && c.unit.header === first?.unit.header,
    )
    const header = passage.units[unit.header]
    if (header && firstRow === candidate) result.push({ passage, unit: header, index: unit.header })
  }
  result.push({ passage, unit, index })
  if (/[:：]$/u.test(unit.text)) {
    for (let i = index + 1; i <= index + maxListItems; i++) {
      const next = passage.units[i]
      if (!next || (next.kind !== 'item' && next.kind !== 'row') || taken(i)) break
      result.push({ passage, unit: next, index: i })
    }
  }
  return result
}
