import { type Analyse, limits, type ResourceSpec } from '#kernel'
import type { Passage } from '#ports'
import { markerAt, markerPattern, SentenceStream } from './sentence-stream.ts'
import { type Claim, type Support, SupportReader } from './support.ts'
import { saysUnanswered } from './ungrounded.ts'

/** One marker of the answer, tied to the text that supports its sentence. */
export interface Citation {
  type: 'citation'
  /** As it stands in the answer: `[2]`. */
  marker: string
  number: number
  /** The sentence's offsets in the answer as given out, UTF-16, markers included, end exclusive. */
  sentenceStart: number
  sentenceEnd: number
  documentId: string
  documentVersionId: string
  chunkId: string
  /** The supporting part: offsets in the document version's stored text. */
  start: number
  end: number
  page?: number
  /** 0 to 1. */
  support: number
  /** The sentence (or its quotation) stands there word by word. */
  exact: boolean
  /** The model named no or another passage; the check found this one. */
  repaired: boolean
}

export type CitationFindingKind = 'unsupported' | 'uncited' | 'number' | 'quotation' | 'unanswered'

/** What the check has to say about a sentence. `unanswered` is honest, not a fault. */
export interface CitationFinding {
  type: 'finding'
  kind: CitationFindingKind
  sentenceStart: number
  sentenceEnd: number
  support: number
  /** For a person: what is wrong. */
  detail: string
  removed: boolean
}

export type CheckedPart =
  | { type: 'text'; text: string }
  | Citation
  | CitationFinding
  | { type: 'withheld'; reason: string }

export interface CitationReport {
  /** Sentences that claim something, and how many of them are supported. */
  claims: number
  supported: number
  citations: number
  /** The answer says that the documents do not answer. */
  unanswered: boolean
  withheld: boolean
  /** Markers that pointed to no passage. */
  unknownMarkers: number
}

export interface CitationCheckOptions {
  passages: readonly Passage[]
  analyse: Analyse
  language?: string
  policy: ResourceSpec<'Guardrail'>['citations']
}

/** A sentence without a marker gets one only when a passage says at least this share of it. */
const repairSupport = 0.75

/**
 * Checks the citations of an answer while it streams. What comes out, taken together, does not depend on how the
 * text was split. `mark` gives text out at once and findings after each sentence; `remove` holds each sentence until
 * it is checked; `withhold` holds the whole answer.
 */
export class CitationChecker {
  readonly #reader: SupportReader
  readonly #policy: CitationCheckOptions['policy']
  readonly #stream = new SentenceStream()
  readonly #held: CheckedPart[] = []
  readonly #report: CitationReport = {
    claims: 0,
    supported: 0,
    citations: 0,
    unanswered: false,
    withheld: false,
    unknownMarkers: 0,
  }
  /** Length of the text given out so far. */
  #out = 0
  /** How much of the unfinished sentence was given out already. */
  #ahead = 0
  #read = 0
  #faults = 0

  constructor(options: CitationCheckOptions) {
    const { analyse, language } = options
    this.#reader = new SupportReader(
      options.passages,
      language === undefined ? { analyse } : { analyse, language },
    )
    this.#policy = options.policy
  }

  get report(): Readonly<CitationReport> {
    return this.#report
  }

  /** More text of the answer. Text beyond `limits.answerChars` is ignored. */
  push(text: string): CheckedPart[] {
    const taken = text.slice(0, Math.max(0, limits.answerChars - this.#read))
    this.#read += taken.length
    const parts = this.#stream.push(taken).flatMap((raw) => this.#sentence(raw))
    if (this.#policy.unsupported === 'mark') parts.push(...this.#lookAhead())
    return this.#give(parts)
  }

  /** The answer is over. */
  end(): CheckedPart[] {
    const parts = this.#give(this.#stream.end().flatMap((raw) => this.#sentence(raw)))
    if (this.#policy.unsupported === 'withhold') {
      if (this.#faults === 0) return [...parts, ...this.#held.splice(0)]
      return [
        this.#withheld(
          `${this.#faults} of ${this.#report.claims} statements are not supported by the documents they cite.`,
        ),
      ]
    }
    const emptied =
      this.#policy.unsupported === 'remove' && this.#faults > 0 && this.#report.supported === 0
    return emptied
      ? [...parts, this.#withheld('No statement of the answer is supported by the documents.')]
      : parts
  }

  #withheld(reason: string): CheckedPart {
    this.#report.withheld = true
    return { type: 'withheld', reason }
  }

  #give(parts: CheckedPart[]): CheckedPart[] {
    if (this.#policy.unsupported !== 'withhold') return parts
    this.#held.push(...parts)
    return []
  }

  /** Text of the unfinished sentence that no marker can change any more. */
  #lookAhead(): CheckedPart[] {
    const pending = this.#stream.pending
    const bracket = pending.search(/[[【]/u)
    const stable = (bracket < 0 ? pending : pending.slice(0, bracket)).trimEnd().length
    if (stable <= this.#ahead) return []
    const text = pending.slice(this.#ahead, stable)
    this.#ahead = stable
    this.#out += text.length
    return [{ type: 'text', text }]
  }

  #sentence(raw: string): CheckedPart[] {
    const ahead = this.#ahead
    this.#ahead = 0
    const base = this.#out - ahead
    const { numbers, unknown, plain } = readMarkers(raw, (n) => this.#reader.has(n))
    this.#report.unknownMarkers += unknown
    const verdict = this.#judge(plain, numbers)
    const removed = verdict.fault && this.#policy.unsupported === 'remove'
    const text = removed
      ? layoutOf(raw)
      : render(
          raw,
          verdict.supports.map((one) => one.passage.number),
        )
    this.#out = base + text.length
    const span = { sentenceStart: base + leading(text), sentenceEnd: base + text.trimEnd().length }
    const parts: CheckedPart[] = []
    if (text.length > ahead) parts.push({ type: 'text', text: text.slice(ahead) })
    if (!removed) parts.push(...verdict.supports.map((one) => this.#citation(one, span, numbers)))
    if (verdict.finding) parts.push({ type: 'finding', ...verdict.finding, ...span, removed })
    return parts
  }

  #citation(
    support: Support,
    span: { sentenceStart: number; sentenceEnd: number },
    named: number[],
  ): Citation {
    this.#report.citations++
    const { passage } = support
    const page = pageOf(support)
    return {
      type: 'citation',
      marker: `[${passage.number}]`,
      number: passage.number,
      ...span,
      documentId: passage.documentId,
      documentVersionId: passage.documentVersionId,
      chunkId: passage.chunkId,
      start: support.start,
      end: support.end,
      ...(page === undefined ? {} : { page }),
      support: Math.round(support.support * 1000) / 1000,
      exact: support.exact,
      repaired: !named.includes(passage.number),
    }
  }

  #judge(plain: string, numbers: number[]): Verdict {
    const claim = this.#reader.claim(bareClaim(plain))
    const cited = this.#weigh(numbers, claim)
    if (isNoClaim(plain, claim)) return { supports: cited.supports, fault: false }
    if (numbers.length > 0 && cited.ok) return this.#supported(cited.supports)
    if (saysUnanswered(claim.text)) {
      this.#report.unanswered = true
      const detail = 'The answer says that the documents do not say.'
      return { supports: [], fault: false, finding: { kind: 'unanswered', support: 0, detail } }
    }
    const best = this.#bestElsewhere(claim)
    if (best) return this.#supported([best])
    this.#report.claims++
    this.#faults++
    const kind = numbers.length === 0 ? 'uncited' : cited.kind
    const finding = {
      kind,
      support: cited.support,
      detail: numbers.length === 0 ? uncited : cited.detail,
    }
    return { supports: cited.supports, fault: true, finding }
  }

  #supported(supports: Support[]): Verdict {
    this.#report.claims++
    this.#report.supported++
    return { supports, fault: false }
  }

  /** The passage that supports a claim although the model named none or another. */
  #bestElsewhere(claim: Claim): Support | undefined {
    if (claim.terms.length < 2) return undefined
    const sound = this.#reader.numbers
      .map((number) => this.#weigh([number], claim))
      .filter((one) => one.ok && (one.supports[0]!.exact || one.support >= repairSupport))
    return sound.sort((a, b) => b.support - a.support)[0]?.supports[0]
  }

  #weigh(numbers: number[], claim: Claim): Weighed {
    const supports = numbers.map((number) => this.#reader.by(number, claim))
    const support = this.#reader.together(supports, claim)
    const round = support.toFixed(2)
    if (numbers.length === 0)
      return { supports, support: 0, ok: false, kind: 'uncited', detail: uncited }
    const quoted = this.#reader.missingQuotations(numbers, claim)
    if (quoted.length > 0) {
      const detail = `The quotation “${quoted[0]!.slice(0, 80)}” does not stand in the cited text.`
      return { supports, support: Math.min(support, 0.2), ok: false, kind: 'quotation', detail }
    }
    const missing = this.#reader.missingNumbers(numbers, claim)
    if (missing.length > 0) {
      const detail = `The cited text does not state ${missing.slice(0, 3).join(', ')}.`
      return { supports, support: Math.min(support, 0.2), ok: false, kind: 'number', detail }
    }
    const ok = support >= this.#policy.minSupport
    const detail = `The cited text supports this by ${round}, needed ${this.#policy.minSupport}.`
    return { supports, support, ok, kind: 'unsupported', detail }
  }
}

const uncited = 'The sentence names no document, and none supports it.'

interface Weighed {
  supports: Support[]
  support: number
  ok: boolean
  kind: CitationFindingKind
  detail: string
}

interface Verdict {
  supports: Support[]
  fault: boolean
  finding?: { kind: CitationFindingKind; support: number; detail: string }
}

/** The page that the supporting part begins on, as far as the passage knows. */
function pageOf(support: Support): number | undefined {
  return support.passage.page
}

/** The sentence's markers: known numbers (each once, in order), how many were unknown, and the text without. */
function readMarkers(
  raw: string,
  known: (number: number) => boolean,
): { numbers: number[]; unknown: number; plain: string } {
  const numbers: number[] = []
  let unknown = 0
  let plain = ''
  let i = 0
  while (i < raw.length) {
    const length = markerAt(raw, i, true) ?? 0
    if (length === 0) {
      plain += raw[i++]
      continue
    }
    for (const number of numbersOf(raw.slice(i, i + length))) {
      if (!known(number)) unknown++
      else if (!numbers.includes(number)) numbers.push(number)
    }
    plain = plain.trimEnd()
    i += length
  }
  return { numbers, unknown, plain }
}

/** `[1, 3-5]` names 1, 3, 4 and 5. */
function numbersOf(marker: string): number[] {
  const numbers: number[] = []
  for (const [, from, to] of marker.matchAll(/(\d{1,3})(?:\s?[–-]\s?\^?(\d{1,3}))?/g)) {
    const last = Math.min(Number(to ?? from), Number(from) + 20)
    for (let n = Number(from); n <= last; n++) numbers.push(n)
  }
  return numbers
}

/** The sentence with its markers rewritten to the kept numbers: in their place, or at its end where it had none. */
function render(raw: string, kept: readonly number[]): string {
  const left = new Set(kept)
  let text = ''
  let i = 0
  let lastMarker = -1
  while (i < raw.length) {
    const length = markerAt(raw, i, true) ?? 0
    if (length === 0) {
      text += raw[i++]
      continue
    }
    const here = numbersOf(raw.slice(i, i + length)).filter((number) => left.delete(number))
    i += length
    if (here.length === 0) text = text.trimEnd()
    else text += here.map((number) => `[${number}]`).join('')
    lastMarker = text.length
  }
  if (left.size === 0) return text
  const added = [...left].map((number) => `[${number}]`).join('')
  const place = lastMarker >= 0 ? lastMarker : text.trimEnd().length
  const gap = /[\s\]]$/.test(text.slice(0, place)) ? '' : ' '
  return `${text.slice(0, place)}${gap}${added}${text.slice(place)}`
}

/** What stays of a removed sentence: the line break before it, so that paragraphs keep their shape. */
function layoutOf(raw: string): string {
  return /^\s*\n/.exec(raw)?.[0] ?? ''
}

function leading(text: string): number {
  return text.length - text.trimStart().length
}

function bareClaim(plain: string): string {
  return plain
    .trim()
    .replace(/^(?:#{1,6}\s+|[-*•]\s+|\(?\d{1,3}[.)]\s+)/u, '')
    .replace(/\*\*|__|`/g, '')
    .trim()
}

/** Titles, introductions, questions and courtesies claim nothing that could be supported. */
function isNoClaim(plain: string, claim: Claim): boolean {
  const text = plain.trim()
  if (text === '' || /^#{1,6}\s/.test(text) || /[:：?？]["”]?$/u.test(text)) return true
  if (claim.numbers.length > 0 || claim.quotations.length > 0) return false
  return claim.terms.length < 2
}

/** Whether a text holds a citation marker at all. */
export function hasMarker(text: string): boolean {
  return markerPattern.test(text)
}
