import { newStemmer, type Stemmer } from 'snowball-stemmers'
import { detectLanguage, type Language, languages } from './language.ts'
import { asciiRuns, isAscii, unicodeRuns } from './words.ts'

/** Longest token kept, UTF-16 units: beyond it stand encoded data, not words. */
const tokenChars = 64
/** Runs longer than this are not remembered and have no token as a whole. */
const runChars = 128
/** Runs remembered per language before the memory starts anew. */
const memoryRuns = 50_000

/** What is kept per language: its stemmer, and what each run seen so far became. */
interface Memory {
  language: Language
  stemmer: Stemmer | undefined
  runs: Map<string, string | readonly string[]>
}

const memories = new Map<Language, Memory>()

/**
 * The one analyser: the same function turns a passage into what is indexed and a question into what
 * is looked up. Tokens are lower-case, stemmed, and hold no whitespace, so `analyse(...).join(' ')`
 * can be stored and split again. Identifiers come whole and in parts.
 */
export function analyse(text: string, language: Language): string[] {
  const memory = memoryOf(language)
  const tokens: string[] = []
  // ASCII text needs no normalisation and no Unicode tables; the tokens are the same (tested).
  if (isAscii(text)) asciiRuns(text, (run) => append(tokens, run, memory))
  else appendUnicode(tokens, text, memory)
  return tokens
}

/** Sentences whose tokens are remembered: the model and the check of its answer read the same ones. */
const memorySentences = 4_096
const sentenceChars = 1_000
const sentences = new Map<string, string[]>()

/**
 * `analyse` as other modules are handed it: the language by its code, detected where none is
 * given or it is unknown. The tokens are shared with whoever asked for the same text: do not change them.
 */
export function analyseIn(text: string, language?: string): string[] {
  const known = language !== undefined && Object.hasOwn(languages, language)
  const spoken = known ? (language as Language) : detectLanguage(text)
  if (text.length > sentenceChars) return analyse(text, spoken)
  const key = `${spoken} ${text}`
  const remembered = sentences.get(key)
  if (remembered) return remembered
  const tokens = analyse(text, spoken)
  if (sentences.size >= memorySentences) sentences.clear()
  sentences.set(key, tokens)
  return tokens
}

/** As `analyse`, always by way of Unicode: the reference that the ASCII path is tested against. */
export function analyseUnicode(text: string, language: Language): string[] {
  const tokens: string[] = []
  appendUnicode(tokens, text, memoryOf(language))
  return tokens
}

/** The terms of a question to a knowledge base of several languages: each once, in order. */
export function analyseQuery(text: string, present: Iterable<Language>): string[] {
  const terms = new Set<string>()
  for (const language of present) for (const term of analyse(text, language)) terms.add(term)
  return [...terms]
}

function appendUnicode(tokens: string[], text: string, memory: Memory): void {
  unicodeRuns(text, memory.language, (run, whole) => {
    if (whole) tokens.push(run)
    else append(tokens, run, memory)
  })
}

function memoryOf(language: Language): Memory {
  let memory = memories.get(language)
  if (memory === undefined) {
    const algorithm = languages[language]
    const stemmer = algorithm === null ? undefined : newStemmer(algorithm)
    memory = { language, stemmer, runs: new Map() }
    memories.set(language, memory)
  }
  return memory
}

function append(tokens: string[], run: string, memory: Memory): void {
  let known = memory.runs.get(run)
  if (known === undefined) {
    const made = tokensOf(detached(run), memory)
    known = made.length === 1 ? made[0]! : made
    if (run.length <= runChars) {
      if (memory.runs.size >= memoryRuns) memory.runs.clear()
      memory.runs.set(detached(run), known)
    }
  }
  if (typeof known === 'string') tokens.push(known)
  else for (const token of known) tokens.push(token)
}

/** A copy that does not keep the text it was cut from alive. */
function detached(run: string): string {
  return Buffer.from(run, 'utf16le').toString('utf16le')
}

const separator = /[-./:@'&,_]+/
const number = /^\d+(?:[.,]\d+)*$/
const version = /^v\d+(?:\.\d+)+$/i
const lettersOnly = /^[\p{L}\p{M}]+$/u
const humps = /\p{Ll}{2}\p{Lu}\p{Ll}/u
const amount = /^(\d+)(\p{L}{1,4})$/u

/** What one run is indexed as: mostly one stem, for identifiers the whole and its parts. */
function tokensOf(run: string, memory: Memory): string[] {
  if (number.test(run)) return numberTokens(run)
  if (version.test(run)) return [run.slice(1)]
  const base = run.replace(/'s?$/i, '')
  if (!separator.test(base)) return wordTokens(base, memory)
  const parts = base.split(separator).filter((part) => part !== '')
  if (parts.length === 0) return []
  if (!/[^\p{L}\p{M}']/u.test(base)) return apostropheTokens(parts, memory)
  const tokens = parts.flatMap((part) => wordTokens(part, memory))
  const whole = wholeOf(base, parts)
  if (whole !== undefined && whole.length <= tokenChars) tokens.push(stem(whole, memory))
  return tokens
}

/** Thousands separators go, a decimal comma becomes a point; anything else is a list of numbers. */
function numberTokens(run: string): string[] {
  if (/^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/.test(run)) return [cut(run.replaceAll(',', ''))]
  if (/^[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?$/.test(run)) {
    return [cut(run.replaceAll('.', '').replace(',', '.'))]
  }
  if (!run.includes(',')) return [cut(run)]
  return /^\d+,\d+$/.test(run) ? [cut(run.replace(',', '.'))] : run.split(',').map(cut)
}

/** English writes one word with an apostrophe (don't, O'Brien), others two (l'école, dell'anno). */
function apostropheTokens(parts: string[], memory: Memory): string[] {
  if (memory.language === 'en') return [stem(parts.join(''), memory)]
  return parts.filter((part) => part.length > 1).map((part) => stem(part, memory))
}

/** The token of a joined run as a whole, where people look for it that way. */
function wholeOf(base: string, parts: string[]): string | undefined {
  if (parts.length === 1 || base.length > runChars) return undefined
  const words = parts.every((part) => lettersOnly.test(part))
  if (!words || base.includes('_')) return base.replace(/[-_/]/g, '')
  if (/[@&]/.test(base)) return base
  // U.S.A, e.g: the letters together. node.js, example.org: as they stand.
  if (base.includes('.')) return parts.every((p) => p.length === 1) ? parts.join('') : base
  // e-mail and email, follow-up and followup; but not every compound a second time.
  return base.includes('-') && parts.some((part) => part.length <= 2) ? parts.join('') : undefined
}

function wordTokens(word: string, memory: Memory): string[] {
  if (/^\p{Script=Hangul}{3,}$/u.test(word)) return [word, ...pairs(word)].map(cut)
  const tokens = [stem(word, memory)]
  const unit = amount.exec(word)
  if (unit !== null) tokens.push(unit[1]!, stem(unit[2]!, memory))
  else if (humps.test(word)) {
    for (const hump of word.split(/(?<=\p{Ll})(?=\p{Lu})/u)) tokens.push(stem(hump, memory))
  }
  return tokens
}

/** Neighbouring characters two by two: how words inside longer ones are found without spaces. */
function pairs(word: string): string[] {
  const characters = [...word]
  return characters.slice(1).map((character, i) => characters[i]! + character)
}

function stem(written: string, memory: Memory): string {
  const folded = written
    .toLowerCase()
    .replace(/i\u0307/g, 'i')
    .replaceAll('ς', 'σ')
  if (folded.length > tokenChars) return cut(folded)
  // English words carry accents only now and then (résumé), and its stemmer does not know them.
  const word = memory.language === 'en' ? bare(folded) : folded
  return bare(memory.stemmer?.stem(word) || word)
}

/** Without accents, for Latin and Greek, where people leave them out when they type a question. */
function bare(word: string): string {
  if (isAscii(word) || !/^[\p{Script=Latin}\p{Script=Greek}\p{M}\d]+$/u.test(word)) return word
  return (
    word
      .normalize('NFD')
      .replace(/\p{M}+/gu, '')
      .replaceAll('ß', 'ss') || word
  )
}

function cut(token: string): string {
  return token.length <= tokenChars ? token : token.slice(0, tokenChars).toWellFormed()
}
