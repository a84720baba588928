/** How far words before and after a number may stand to say what it is, in UTF-16 code units. */
const contextBefore = 64
export const contextAfter = 24

export interface Surroundings {
  /** Up to 64 characters before, lower case. */
  before: string
  /** Up to 24 characters after on the same line, lower case. */
  after: string
}

export function surroundings(text: string, start: number, end: number): Surroundings {
  const before = text.slice(Math.max(0, start - contextBefore), start).toLowerCase()
  const rest = text.slice(end, end + contextAfter)
  const line = rest.search(/[\r\n]/)
  return { before, after: (line < 0 ? rest : rest.slice(0, line)).toLowerCase() }
}

/** A pattern that finds one of the words or phrases (lower case), each as a whole word. */
export function wordsPattern(words: readonly string[]): RegExp {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  // Han and kana have no word boundaries: a word in them may stand anywhere.
  const spaced = escaped.filter((word) => !/[\u3040-\u30ff\u4e00-\u9fff]/.test(word))
  const unspaced = escaped.filter((word) => /[\u3040-\u30ff\u4e00-\u9fff]/.test(word))
  const parts = [`(?<![\\p{L}\\p{N}])(?:${spaced.join('|')})(?![\\p{L}])`, ...unspaced]
  return new RegExp(parts.join('|'), 'u')
}

export function supportedBy(words: RegExp, around: Surroundings): boolean {
  return words.test(around.before) || words.test(around.after)
}
