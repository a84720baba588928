import { type Analyse, statedNumbers, stopTerms } from '#kernel'
import { type AnswerKind, answerKind } from './cues.ts'
import { synonymStems } from './synonyms.ts'

/** A question as the scorer reads it. */
export interface Asked {
  text: string
  lower: string
  /** Distinct content stems in order, without grammar and question words. */
  terms: readonly string[]
  /** Weight of each term: how rare it is among the passages at hand, summing to 1. */
  weights: readonly number[]
  /** For each term the passages' stems that are nearly it (same stem of another form, part of a compound). */
  near: readonly (readonly string[])[]
  /** For each term the passages' stems of other words for it. */
  synonyms: readonly (readonly string[])[]
  /** Pairs of neighbouring content stems, for phrases. */
  pairs: ReadonlyMap<string, ReadonlySet<string>>
  /** Stems of names, codes and numbers: what a right passage can hardly lack. */
  entities: readonly string[]
  numbers: readonly string[]
  kind: AnswerKind
}

const maxTerms = 64
/** "How large", "wie hoch": the adjective asks, the answer need not say it. */
const measure =
  /\b(how|wie)\s+(?:large|big|high|tall|deep|wide|old|fast|quickly|soon|expensive|hoch|groß|alt|tief|breit|schnell|teuer)\b/giu
const name =
  /(?<!^)(?<![.!?]\s)(?<=[\s("“„'-])\p{Lu}[\p{L}\p{N}-]+|\b[\p{L}]*\p{N}[\p{L}\p{N}.-]*/gu

/** Reads a question against the stems of the passages found: how rare a term is among them is its weight. */
export function readQuestion(
  text: string,
  analyse: Analyse,
  options: { language?: string; vocabulary: readonly ReadonlySet<string>[] },
): Asked {
  const stops = stopTerms(analyse)
  const all = analyse(text.replace(measure, '$1 '), options.language)
  let content = all.filter((term) => !stops.has(term))
  if (content.length === 0) content = [...all]
  const terms = [...new Set(content)].slice(0, maxTerms)
  const near = nearTerms(terms, options.vocabulary)
  const others = synonymStems(analyse, options.language)
  const synonyms = terms.map((term, i) =>
    (others.get(term) ?? []).filter(
      (other) => !near[i]!.includes(other) && options.vocabulary.some((set) => set.has(other)),
    ),
  )
  const share = (term: string, i: number) =>
    shareOf([term, ...near[i]!, ...synonyms[i]!], options.vocabulary)
  const raw = terms.map((term, i) => weightOf(term, share(term, i)))
  const total = raw.reduce((sum, weight) => sum + weight, 0) || 1
  return {
    text,
    lower: text.toLowerCase(),
    terms,
    weights: raw.map((weight) => weight / total),
    near,
    synonyms,
    pairs: neighbours(content),
    entities: entityTerms(text, { analyse, stops, language: options.language, terms }),
    numbers: [...statedNumbers(text)],
    kind: answerKind(text),
  }
}

/** Rare among the passages counts most; a term of a few letters tells less than a long one. */
function weightOf(term: string, share: number): number {
  const rarity = Math.log(1 + 1 / (share + 0.08))
  // A code (K3011) names exactly one thing.
  if (/\p{L}/u.test(term) && /\p{N}/u.test(term)) return 1.3 * rarity
  const han = /\p{sc=Han}/u.test(term)
  const length = han ? Math.min(1, term.length / 2 - 0.2) : Math.min(1, 0.55 + term.length / 12)
  return rarity * length
}

/** Share (0 to 1) of the passages that hold one of these stems. */
function shareOf(stems: readonly string[], vocabulary: readonly ReadonlySet<string>[]): number {
  const found = vocabulary.filter((set) => stems.some((stem) => set.has(stem))).length
  // Of one or two passages nothing can be told: they draw towards a half.
  return (found + 0.5) / (vocabulary.length + 1)
}

/** Letters that two stems must begin with in common to count as forms of one word. */
const prefixLetters = 5
/** Letters that a part of a compound has at least. */
const partLetters = 6
const maxNear = 12

/** `surrender` and `surrendered`, `invention` and `inventor`; `Frist` is no part of `Kündigungsfrist`, `Kündigung` is. */
function nearTerms(
  terms: readonly string[],
  vocabulary: readonly ReadonlySet<string>[],
): string[][] {
  const near = terms.map((): string[] => [])
  const wanted = terms.map((term) => /^\p{L}{4,}$/u.test(term) || /^\p{sc=Han}{2,}$/u.test(term))
  const seen = new Set<string>()
  for (const set of vocabulary) {
    for (const stem of set) {
      if (seen.has(stem)) continue
      seen.add(stem)
      if (stem.length < 2) continue
      for (let i = 0; i < terms.length; i++) {
        if (wanted[i] && near[i]!.length < maxNear && isNear(terms[i]!, stem)) near[i]!.push(stem)
      }
    }
  }
  return near
}

function isNear(term: string, stem: string): boolean {
  if (term === stem) return false
  const [short, long] = term.length <= stem.length ? [term, stem] : [stem, term]
  const code = short.charCodeAt(0)
  // Chinese words are cut here one way and there another: 保险 in 保险费.
  if (code >= 0x3400 && code <= 0x9fff) return short.length >= 2 && long.includes(short)
  if (short.length < prefixLetters) return false
  if (short.charCodeAt(0) !== long.charCodeAt(0) || short.charCodeAt(1) !== long.charCodeAt(1)) {
    return short.length >= partLetters && long.length >= short.length + 3 && long.includes(short)
  }
  if (short.length >= partLetters && long.startsWith(short)) return true
  let common = 2
  while (common < short.length && short.charCodeAt(common) === long.charCodeAt(common)) common++
  return common >= prefixLetters && common >= long.length - 4 && common >= short.length - 3
}

/** For each content stem those that follow it somewhere. */
function neighbours(terms: readonly string[]): Map<string, Set<string>> {
  const pairs = new Map<string, Set<string>>()
  for (let i = 0; i + 1 < terms.length; i++) {
    const after = pairs.get(terms[i]!) ?? new Set()
    pairs.set(terms[i]!, after.add(terms[i + 1]!))
  }
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
