import { type Analyse, numbersIn, stopTerms } from '#kernel'
import { type AnswerKind, answerKind } from './cues.ts'

/** A question as the scorer reads it. */
export interface Asked {
  text: string
  lower: string
  /** Distinct content stems in order, without grammar and question words. */
  terms: readonly string[]
  /** Weight of each term: how rare it is among the passages at hand, summing to 1. */
  weights: readonly number[]
  /** Pairs of neighbouring content stems, for phrases. */
  pairs: ReadonlySet<string>
  /** Stems of names, codes and numbers: what a right passage can hardly lack. */
  entities: readonly string[]
  numbers: readonly string[]
  kind: AnswerKind
}

const maxTerms = 64
const name =
  /(?<!^)(?<![.!?]\s)(?<=[\s("“„'-])\p{Lu}[\p{L}\p{N}-]+|\b[\p{L}]*\p{N}[\p{L}\p{N}.-]*/gu

/** Reads a question; `documentShare(term)` is the share (0 to 1) of passages that hold a stem. */
export function readQuestion(
  text: string,
  analyse: Analyse,
  options: { language?: string; documentShare: (term: string) => number },
): Asked {
  const stops = stopTerms(analyse)
  const all = analyse(text, options.language)
  let content = all.filter((term) => !stops.has(term))
  if (content.length === 0) content = [...all]
  const terms = [...new Set(content)].slice(0, maxTerms)
  const raw = terms.map((term) => weightOf(term, options.documentShare(term)))
  const total = raw.reduce((sum, weight) => sum + weight, 0) || 1
  return {
    text,
    lower: text.toLowerCase(),
    terms,
    weights: raw.map((weight) => weight / total),
    pairs: neighbours(content),
    entities: entityTerms(text, { analyse, stops, language: options.language, terms }),
    numbers: numbersIn(text),
    kind: answerKind(text),
  }
}

/** Rare among the passages counts most; a term of a few letters tells less than a long one. */
function weightOf(term: string, share: number): number {
  const rarity = Math.log(1 + 1 / (share + 0.12))
  const han = /\p{sc=Han}/u.test(term)
  const length = han ? Math.min(1, 0.5 + term.length / 4) : Math.min(1, 0.55 + term.length / 12)
  return rarity * length
}

/** Joined pairs of adjacent content stems. */
export function neighbours(terms: readonly string[]): Set<string> {
  const pairs = new Set<string>()
  for (let i = 0; i + 1 < terms.length; i++) pairs.add(`${terms[i]}\u0001${terms[i + 1]}`)
  return pairs
}

function entityTerms(
  text: string,
  at: {
    analyse: Analyse
    stops: ReadonlySet<string>
    language: string | undefined
    terms: readonly string[]
  },
): string[] {
  const found = new Set<string>()
  for (const match of text.matchAll(name)) {
    for (const term of at.analyse(match[0], at.language)) {
      if (!at.stops.has(term) && at.terms.includes(term)) found.add(term)
    }
    if (found.size >= 16) break
  }
  return [...found]
}
