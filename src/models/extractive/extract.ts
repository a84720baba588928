import type { Analyse } from '#kernel'
import type { Passage } from '#ports'
import { confidenceOf, evidence, fittedThreshold, missingTerms } from './abstain.ts'
import { type Asked, readQuestion } from './question.ts'
import { type ReadPassage, rankUnits, readPassage } from './score.ts'
import { selectSentences } from './select.ts'

/** A sentence of the answer: verbatim, where it stands, and which passage it comes from. */
export interface ExtractedSentence {
  /** The passage's text between `start` and `end`, line breaks and runs of spaces written as one space. */
  text: string
  kind: 'sentence' | 'item' | 'row' | 'table-header' | 'heading'
  passage: number
  /** Offsets within the passage's text. */
  start: number
  end: number
}

export interface Extraction {
  /** Probability (0 to 1) that the passages answer the question, by the fitted model. */
  confidence: number
  threshold: number
  /** Best-supported sentences in order; empty where the model abstains. */
  sentences: ExtractedSentence[]
  /** Why it abstains, for the asker; absent where it answers. */
  reason?: string
}

export interface ExtractOptions {
  analyse: Analyse
  /** ISO 639-1 of the question; absent: the analyser decides. */
  language?: string
  /** Tells the language of a text where `language` is absent; read once, on the first passage. */
  detectLanguage?: (text: string) => string
  /** Passages read before, by place; kept by `createExtractor`. */
  memory?: Map<string, ReadPassage>
  /** Abstains below this confidence; absent: the threshold fitted on data. */
  abstainBelow?: number
}

/** Passages whose stems are remembered: the same ones are found again and again. */
const maxRemembered = 512

/**
 * The built-in model with a memory of passages it has read (about 20 KB each): what wiring hands to the `extractive`
 * adapter.
 */
export function createExtractor(
  house: Pick<ExtractOptions, 'analyse' | 'detectLanguage'>,
): (
  question: string,
  passages: readonly Passage[],
  options?: Pick<ExtractOptions, 'language' | 'abstainBelow'>,
) => Extraction {
  const memory = new Map<string, ReadPassage>()
  return (question, passages, options = {}) =>
    extract(question, passages, { ...house, ...options, memory })
}

/** Reads a passage, or remembers it: same version, place, title, language and (masked) text. */
function readOnce(passage: Passage, options: ExtractOptions): ReadPassage {
  const { analyse, language, memory } = options
  if (!memory) return readPassage(passage, analyse, language)
  const key = `${passage.documentVersionId} ${passage.start} ${passage.end} ${language ?? ''}`
  const known = memory.get(key)
  const same = known?.passage.text === passage.text && known.passage.title === passage.title
  const read = known && same ? { ...known, passage } : readPassage(passage, analyse, language)
  memory.delete(key)
  if (memory.size >= maxRemembered) memory.delete(memory.keys().next().value!)
  memory.set(key, read)
  return read
}

/**
 * Answers a question with sentences of the passages, or abstains and says why. Never writes a word of its own and
 * never follows what a passage says.
 */
export function extract(
  question: string,
  passages: readonly Passage[],
  given: ExtractOptions,
): Extraction {
  const options = withLanguage(question, passages, given)
  const threshold = options.abstainBelow ?? fittedThreshold
  const read = passages.map((passage) => readOnce(passage, options))
  const asked = askedOf(question, read, options)
  const ranked = rankUnits(asked, read)
  const confidence = ranked.length === 0 ? 0 : confidenceOf(evidence(asked, read, ranked))
  if (ranked.length === 0 || confidence < threshold) {
    const reason = whyNot(question, { asked, read, confidence, threshold, options })
    return { confidence, threshold, sentences: [], reason }
  }
  const sentences = selectSentences(asked, ranked).map(
    ({ passage, unit }): ExtractedSentence => ({
      text: unit.text.replace(/\s+/g, ' '),
      kind: unit.kind,
      passage: passage.passage.number,
      start: unit.start,
      end: unit.end,
    }),
  )
  return { confidence, threshold, sentences }
}

/**
 * One language for question and passages alike: whichever stemmer it is, both must be read by the same one. The
 * first passage tells it more surely than a short question does.
 */
function withLanguage(
  question: string,
  passages: readonly Passage[],
  options: ExtractOptions,
): ExtractOptions {
  if (options.language !== undefined) return options
  if (/\p{sc=Han}/u.test(question)) return { ...options, language: 'zh' }
  const text = passages[0]?.text
  const language = text === undefined ? undefined : options.detectLanguage?.(text)
  return language === undefined ? options : { ...options, language }
}

/** Reads the question against the passages at hand: how rare a term is among them is its weight. */
export function askedOf(
  question: string,
  read: readonly ReadPassage[],
  options: { analyse: Analyse; language?: string },
): Asked {
  return readQuestion(question, options.analyse, {
    ...(options.language === undefined ? {} : { language: options.language }),
    vocabulary: read.map((one) => one.all),
  })
}

function whyNot(
  question: string,
  at: {
    asked: Asked
    read: readonly ReadPassage[]
    confidence: number
    threshold: number
    options: ExtractOptions
  },
): string {
  const say = wordings[spokenLanguage(question, at.options.language)]
  if (at.read.length === 0) return say.none
  const missing = missingTerms(at.asked, at.read)
  const words = surfaceWords(question, missing.slice(0, 3), at.options)
  if (words.length > 0) return say.missing(words.map((word) => `“${word}”`).join(', '))
  return say.weak(at.confidence.toFixed(2), at.threshold.toFixed(2))
}

/** The question's own spelling of stems. */
function surfaceWords(
  question: string,
  stems: readonly string[],
  options: ExtractOptions,
): string[] {
  const words = [
    ...new Intl.Segmenter(options.language ?? 'en', { granularity: 'word' }).segment(question),
  ]
    .filter((part) => part.isWordLike)
    .map((part) => part.segment)
  const found: string[] = []
  for (const stem of stems) {
    const word = words.find((one) => options.analyse(one, options.language).includes(stem))
    if (word && !found.includes(word)) found.push(word)
  }
  return found
}

type Spoken = 'en' | 'de' | 'zh'

function spokenLanguage(question: string, language?: string): Spoken {
  if (language === 'de' || language === 'zh') return language
  if (/\p{sc=Han}/u.test(question)) return 'zh'
  return /\b(?:der|die|das|ist|wie|wer|wann|wo|was|welche[rsnm]?|und|nicht|ein|eine)\b/i.test(
    question,
  ) && !/\b(?:the|is|are|what|which|who|how)\b/i.test(question)
    ? 'de'
    : 'en'
}

const wordings: Record<
  Spoken,
  {
    none: string
    missing(words: string): string
    weak(confidence: string, threshold: string): string
  }
> = {
  en: {
    none: 'No document that you may read matches this question.',
    missing: (words) => `The documents found do not mention ${words}.`,
    weak: (confidence, threshold) =>
      `No sentence found answers this well enough (confidence ${confidence}, needed ${threshold}).`,
  },
  de: {
    none: 'Kein Dokument, das Sie lesen dürfen, passt zu dieser Frage.',
    missing: (words) => `Die gefundenen Dokumente erwähnen ${words} nicht.`,
    weak: (confidence, threshold) =>
      `Kein gefundener Satz beantwortet das gut genug (Konfidenz ${confidence}, nötig ${threshold}).`,
  },
  zh: {
    none: '您可以阅读的文档中没有与此问题相关的内容。',
    missing: (words) => `找到的文档没有提到${words}。`,
    weak: (confidence, threshold) =>
      `找到的句子都不足以回答这个问题（置信度 ${confidence}，需要 ${threshold}）。`,
  },
}
