import { type Analyse, numbersIn, splitSentences, stopTerms, type TextUnit } from '#kernel'
import type { Passage } from '#ports'
import { cueMatch } from './cues.ts'
import { rankWeights } from './generated/coefficients.ts'
import { instructsModel } from './instructions.ts'
import type { Asked } from './question.ts'

/** A unit of a passage with the stems that say what it is about. */
export interface ReadUnit extends TextUnit {
  text: string
  /** Content stems in order. */
  terms: readonly string[]
  set: ReadonlySet<string>
  /** Stems of the heading it stands under within the passage, and of the introduction of its list. */
  heading?: ReadonlySet<string>
  lead?: ReadonlySet<string>
}

export interface ReadPassage {
  passage: Passage
  units: readonly ReadUnit[]
  /** Stems of title and headings. */
  about: ReadonlySet<string>
  /** Stems of the whole passage with title and headings. */
  all: ReadonlySet<string>
}

/** A unit that may stand in the answer. */
export interface Candidate {
  passage: ReadPassage
  index: number
  unit: ReadUnit
  features: readonly number[]
  /** Weighted share of the question's terms that the unit says itself. */
  cover: number
  /** The same with its neighbours, headings and title, which count less. */
  contextCover: number
  cue: number
  score: number
}

/** Cuts a passage into units and reads their stems once. */
export function readPassage(passage: Passage, analyse: Analyse, language?: string): ReadPassage {
  const stops = stopTerms(analyse)
  const content = (text: string) => analyse(text, language).filter((term) => !stops.has(term))
  const units = splitSentences(passage.text, language).map((unit): ReadUnit => {
    const text = passage.text.slice(unit.start, unit.end)
    const terms = content(text)
    return { ...unit, text, terms, set: new Set(terms) }
  })
  tellPlaces(units)
  const about = new Set(content(`${passage.title} ${passage.headingPath.join(' ')}`))
  const all = new Set(about)
  for (const unit of units) for (const term of unit.terms) all.add(term)
  return { passage, units, about, all }
}

/** Tells each unit the heading above it and the introduction of its list or table. */
function tellPlaces(units: ReadUnit[]): void {
  let heading: ReadonlySet<string> | undefined
  let lead: ReadonlySet<string> | undefined
  for (const unit of units) {
    if (unit.kind === 'heading') [heading, lead] = [unit.set, undefined]
    else if (heading) unit.heading = heading
    if (unit.kind === 'sentence') lead = /[:：]$/u.test(unit.text) ? unit.set : undefined
    else if (lead && unit.kind !== 'heading') unit.lead = lead
  }
}

/** What a near form of a term counts beside the term itself, and what another word for it, which may mean something else. */
const nearShare = 0.75
const synonymShare = 0.5

/** How far a set of stems holds the question's term number `i`: 1, less for a near form or a synonym, 0. */
export function holds(asked: Asked, i: number, set: ReadonlySet<string>): number {
  if (set.has(asked.terms[i]!)) return 1
  for (const stem of asked.near[i]!) if (set.has(stem)) return nearShare
  for (const stem of asked.synonyms[i]!) if (set.has(stem)) return synonymShare
  return 0
}

/** Weighted share (0 to 1) of the question's terms that sets of stems hold, each term by the best. */
export function coverOf(asked: Asked, sets: readonly ReadonlySet<string>[]): number {
  let cover = 0
  for (let i = 0; i < asked.terms.length; i++) {
    let held = 0
    for (const set of sets) if (held < 1) held = Math.max(held, holds(asked, i, set))
    cover += held * asked.weights[i]!
  }
  return Math.min(1, cover)
}

/** What each number of `Candidate.features` is; the fit prints them by these names. */
export const rankFeatures = [
  'cover',
  'contextGain',
  'pairs',
  'cue',
  'passageScore',
  'passageCover',
  'length',
  'first',
  'numbers',
  'asks',
  'rowForReason',
] as const

/** Candidates that selection and abstention look at. */
const maxRanked = 48

/** The units of the passages that could answer, scored, best first. Instructions to a model are none of them. */
export function rankUnits(
  asked: Asked,
  passages: readonly ReadPassage[],
  most = maxRanked,
): Candidate[] {
  const top = Math.max(1e-9, ...passages.map((read) => read.passage.score))
  const said = new Set([...asked.terms, ...asked.near.flat(), ...asked.synonyms.flat()])
  const candidates: Candidate[] = []
  for (const read of passages) {
    const passageCover = coverOf(asked, [read.all])
    for (let index = 0; index < read.units.length; index++) {
      const unit = read.units[index]!
      if (unit.kind === 'heading' || unit.kind === 'table-header' || unit.terms.length === 0)
        continue
      if (isBlankField(unit.text) || !saysMore(unit, said, read.about)) continue
      candidates.push(scoreUnit(asked, read, { index, passageCover, top }))
    }
  }
  candidates.sort((a, b) => b.score - a.score)
  const kept: Candidate[] = []
  for (const candidate of candidates) {
    if (kept.length >= most) break
    if (!instructsModel(candidate.unit.text)) kept.push(candidate)
  }
  return kept
}

/** A line of a form that nobody filled in: "Name of the policyholder |" states nothing. */
function isBlankField(text: string): boolean {
  const cells = text.split('|')
  return cells.length > 1 && cells.filter((cell) => cell.trim() !== '').length < 2
}

/** A unit that only repeats the question, the title or a heading cannot answer. */
function saysMore(unit: ReadUnit, said: ReadonlySet<string>, about: ReadonlySet<string>): boolean {
  return unit.terms.some((term) => !said.has(term)) && unit.terms.some((term) => !about.has(term))
}

function scoreUnit(
  asked: Asked,
  read: ReadPassage,
  at: { index: number; passageCover: number; top: number },
): Candidate {
  const unit = read.units[at.index]!
  const cover = coverOf(asked, [unit.set])
  const contextCover = contextCoverOf(asked, read, at.index)
  const cue = cueMatch(asked.kind, unit.text, asked.text)
  const features = [
    cover,
    contextCover - cover,
    pairShare(asked, unit.terms),
    cue,
    read.passage.score / at.top,
    at.passageCover,
    Math.min(1, Math.log2(1 + unit.terms.length) / 5),
    at.index === 0 ? 1 : 0,
    numberShare(asked, unit.text),
    /[?？]["'”’)]*$/u.test(unit.text) ? 1 : 0,
    unit.kind === 'row' && asked.kind === 'reason' ? 1 : 0,
  ]
  let score = 0
  for (let i = 0; i < features.length; i++) score += features[i]! * rankWeights[i]!
  return { passage: read, index: at.index, unit, features, cover, contextCover, cue, score }
}

function contextCoverOf(asked: Asked, read: ReadPassage, index: number): number {
  const unit = read.units[index]!
  const before = read.units[index - 1]
  const after = read.units[index + 1]
  const header = unit.header === undefined ? undefined : read.units[unit.header]
  const places: [ReadonlySet<string> | undefined, number][] = [
    [unit.set, 1],
    [header?.set, 0.8],
    [unit.heading, 0.6],
    [unit.lead, 0.6],
    [before?.set, 0.55],
    [read.about, 0.5],
    [after?.set, 0.3],
  ]
  let cover = 0
  for (let i = 0; i < asked.terms.length; i++) {
    let best = 0
    for (const [set, share] of places) {
      if (set && share > best) best = Math.max(best, share * holds(asked, i, set))
    }
    cover += best * asked.weights[i]!
  }
  return Math.min(1, cover)
}

/** Share of the question's pairs of neighbouring stems that stand side by side here too. */
function pairShare(asked: Asked, terms: readonly string[]): number {
  let wanted = 0
  for (const after of asked.pairs.values()) wanted += after.size
  if (wanted === 0) return 0
  const found = new Set<string>()
  for (let i = 0; i + 1 < terms.length; i++) {
    if (asked.pairs.get(terms[i]!)?.has(terms[i + 1]!)) found.add(`${terms[i]} ${terms[i + 1]}`)
  }
  return found.size / wanted
}

function numberShare(asked: Asked, text: string): number {
  if (asked.numbers.length === 0) return 0
  const held = new Set(numbersIn(text))
  return asked.numbers.filter((number) => held.has(number)).length / asked.numbers.length
}
