import { type Analyse, numbersIn, splitSentences, statedNumbers, stopTerms } from '#kernel'
import type { Passage } from '#ports'
import { type FoldedText, findExact, foldText } from './exact-span.ts'

/** How far a passage supports a sentence, and with which part of it. */
export interface Support {
  passage: Passage
  /** 1 for the very words, else the weighted share of the sentence's content that the part says, 0 to 1. */
  support: number
  exact: boolean
  /** The supporting part: offsets within the document version's stored text. */
  start: number
  end: number
}

/** A sentence of an answer as the check reads it. */
export interface Claim {
  /** Without markers, list signs and emphasis. */
  text: string
  terms: readonly string[]
  numbers: readonly string[]
  quotations: readonly string[]
  negated: boolean
}

interface ReadUnit {
  start: number
  end: number
  terms: ReadonlySet<string>
  negated: boolean
}

interface ReadPassage {
  passage: Passage
  folded: FoldedText
  units: readonly ReadUnit[]
  about: ReadonlySet<string>
  all: ReadonlySet<string>
  numbers: ReadonlySet<string>
}

const negation =
  /\b(?:not|no|never|cannot|without|neither|nor|none|nicht|kein(?:e[nmrs]?)?|nie|niemals|ohne)\b|n['’]t\b|[不没無无未别勿]/iu
const quotation = /[“„«「『"]([^“”„«»「」『』"]{6,1000})[”“»」』"]/gu
/** What a statement of the opposite sense keeps of its support. */
const oppositeShare = 0.45
/** Units in a row that may support one sentence together. */
const maxWindow = 3

/** Readings that are remembered per analyser, about 20 KB each: the same passages are found again and again. */
const maxRemembered = 512
const memories = new WeakMap<Analyse, Map<string, ReadPassage>>()

/** Reads passages once and tells how far they support sentences. */
export class SupportReader {
  readonly #analyse: Analyse
  readonly #language: string | undefined
  readonly #passages: readonly Passage[]
  readonly #read = new Map<number, ReadPassage>()

  constructor(passages: readonly Passage[], options: { analyse: Analyse; language?: string }) {
    this.#passages = passages
    this.#analyse = options.analyse
    this.#language = options.language
  }

  has(number: number): boolean {
    return this.#passages.some((passage) => passage.number === number)
  }

  get numbers(): number[] {
    return this.#passages.map((passage) => passage.number)
  }

  claim(text: string): Claim {
    const stops = stopTerms(this.#analyse)
    const terms = this.#analyse(text, this.#language)
    return {
      text,
      terms: [...new Set(terms.filter((term) => !stops.has(term) && !/^[\p{Nd}.,]+$/u.test(term)))],
      numbers: numbersIn(text),
      quotations: [...text.matchAll(quotation)].map((match) => match[1]!).filter(isQuotation),
      negated: negation.test(text),
    }
  }

  /** Support of a claim by one passage. */
  by(number: number, claim: Claim): Support {
    const read = this.#reading(number)
    const exact = findExact(read.folded, claim.text)
    if (exact) return at(read.passage, { ...exact, support: 1, exact: true })
    for (const quoted of claim.quotations) {
      const span = findExact(read.folded, quoted)
      if (span)
        return at(read.passage, {
          ...span,
          support: this.#lexical(read, claim).support,
          exact: true,
        })
    }
    return at(read.passage, { ...this.#lexical(read, claim), exact: false })
  }

  /** Numbers of the claim that none of these passages state. */
  missingNumbers(numbers: readonly number[], claim: Claim): string[] {
    const reads = numbers.map((number) => this.#reading(number))
    const states = (wanted: string) => reads.some((read) => read.numbers.has(wanted))
    return claim.numbers.filter(
      (wanted) =>
        !states(wanted) &&
        !wanted.split('.').every((part) => states(part.replace(/^0+(?=\d)/, ''))),
    )
  }

  /** Quotations of the claim that none of these passages hold word by word. */
  missingQuotations(numbers: readonly number[], claim: Claim): string[] {
    const reads = numbers.map((number) => this.#reading(number))
    return claim.quotations.filter(
      (quoted) => !reads.some((read) => findExact(read.folded, quoted)),
    )
  }

  /** Share of the claim's content that these passages say together, each by its best part. */
  together(supports: readonly Support[], claim: Claim): number {
    if (supports.some((one) => one.exact && one.support === 1)) return 1
    if (claim.terms.length === 0) return 1
    const best = Math.max(0, ...supports.map((one) => one.support))
    if (supports.length < 2) return best
    const held = (term: string) =>
      supports.some((one) => this.#reading(one.passage.number).all.has(term))
    return Math.max(best, 0.9 * this.#share(claim, (term) => (held(term) ? 1 : 0)))
  }

  #lexical(read: ReadPassage, claim: Claim): { support: number; start: number; end: number } {
    if (claim.terms.length === 0) return { support: 1, start: 0, end: read.passage.text.length }
    let best = { support: 0, start: 0, end: read.passage.text.length, rank: -1 }
    for (let from = 0; from < read.units.length; from++) {
      for (let size = 1; size <= maxWindow && from + size <= read.units.length; size++) {
        const window = read.units.slice(from, from + size)
        const support = this.#share(claim, (term) =>
          window.some((unit) => unit.terms.has(term))
            ? 1
            : read.about.has(term)
              ? 0.9
              : read.all.has(term)
                ? 0.4
                : 0,
        )
        const opposite = claim.negated !== window.some((unit) => unit.negated)
        const judged = opposite ? support * oppositeShare : support
        // The shortest part that says it: a longer one must add something.
        const rank = judged - 0.04 * (size - 1)
        if (rank > best.rank) {
          best = { support: judged, start: window[0]!.start, end: window.at(-1)!.end, rank }
        }
      }
    }
    return { support: Math.min(1, best.support), start: best.start, end: best.end }
  }

  /** Weighted share of the claim's terms; one that is rare in the passages weighs more. */
  #share(claim: Claim, held: (term: string) => number): number {
    let sum = 0
    let total = 0
    for (const term of claim.terms) {
      const weight = this.#weight(term)
      total += weight
      sum += weight * held(term)
    }
    return total === 0 ? 1 : sum / total
  }

  #weight(term: string): number {
    let found = 0
    for (const read of this.#read.values()) if (read.all.has(term)) found++
    return Math.log(1 + 1 / (found / Math.max(1, this.#read.size) + 0.25))
  }

  #reading(number: number): ReadPassage {
    if (this.#read.size === 0)
      for (const one of this.#passages) this.#read.set(one.number, this.#readOnce(one))
    return this.#read.get(number)!
  }

  /** Reads a passage, or remembers it: same version, place, title, headings, language and (masked) text. */
  #readOnce(passage: Passage): ReadPassage {
    const memory = memories.get(this.#analyse) ?? new Map<string, ReadPassage>()
    memories.set(this.#analyse, memory)
    const { documentVersionId, start, end } = passage
    const key = `${documentVersionId} ${start} ${end} ${this.#language ?? ''}`
    const known = memory.get(key)
    const same = known?.passage.text === passage.text && labelOf(known.passage) === labelOf(passage)
    const read = known && same ? { ...known, passage } : this.#readOne(passage)
    memory.delete(key)
    if (memory.size >= maxRemembered) memory.delete(memory.keys().next().value ?? '')
    memory.set(key, read)
    return read
  }

  #readOne(passage: Passage): ReadPassage {
    const stops = stopTerms(this.#analyse)
    const terms = (text: string) =>
      this.#analyse(text, this.#language).filter((term) => !stops.has(term))
    const split = splitSentences(passage.text, this.#language)
    const textOf = (unit: { start: number; end: number }) =>
      passage.text.slice(unit.start, unit.end)
    const units = split.map((unit): ReadUnit => {
      const header = unit.header === undefined ? undefined : split[unit.header]
      const text = header ? `${textOf(header)} ${textOf(unit)}` : textOf(unit)
      const { start, end } = unit
      return { start, end, terms: new Set(terms(text)), negated: negation.test(textOf(unit)) }
    })
    const label = labelOf(passage)
    const about = new Set(terms(label))
    const all = new Set([...about, ...units.flatMap((unit) => [...unit.terms])])
    const numbers = new Set<string>()
    for (const number of statedNumbers(`${label} ${passage.text}`)) {
      numbers.add(number)
      for (const part of number.split('.')) numbers.add(part.replace(/^0+(?=\d)/, ''))
    }
    return { passage, folded: foldText(passage.text), units, about, all, numbers }
  }
}

/** What stands above a passage. */
function labelOf({ title, headingPath }: Passage): string {
  return `${title} ${headingPath.join(' ')}`
}

/** Two or more words, or a stretch of Chinese: shorter quotation marks only set a term apart. */
function isQuotation(text: string): boolean {
  return text.trim().split(/\s+/).length >= 3 || (text.match(/\p{sc=Han}/gu)?.length ?? 0) >= 6
}

function at(
  passage: Passage,
  found: { start: number; end: number; support: number; exact: boolean },
): Support {
  return {
    passage,
    support: found.support,
    exact: found.exact,
    start: passage.start + found.start,
    end: passage.start + found.end,
  }
}
