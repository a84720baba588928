import { endsInAbbreviation, numberGoesOn } from '#kernel'

/** A sentence that never ends is cut here, UTF-16 units. */
const maxSentence = 4_000
/** Longer bracketed text is no marker. */
export const maxMarker = 48
/** `[1]`, `[1, 2]`, `[1-3]`, `[^1]`, `【1】`, also `[1][2]` as two. Nothing but numbers inside. */
export const markerPattern = /[[【]\s?\^?\d{1,3}(?:\s?[,;，、–-]\s?\^?\d{1,3}){0,15}\s?[\]】]/u

const ends = /[.!?。！？]/u
const closers = /["'”“’»)\]』」）*_]/u
/**
 * Cuts a stream of text into sentences with their markers. What it gives back does not depend on how the text was
 * split: an end is only taken when the text after it cannot change that any more. Concatenated, the sentences and the
 * rest are exactly the text.
 */
export class SentenceStream {
  #buffer = ''
  /** Length of what belongs to the unfinished sentence for certain. */
  #certain = 0

  /** Text of the unfinished sentence; what may turn out to be of the next one is left out. */
  get pending(): string {
    return this.#buffer.slice(0, this.#certain)
  }

  /** Adds text; returns the sentences that are now finished. */
  push(text: string): string[] {
    this.#buffer += text
    return this.#take(false)
  }

  /** The text is over; returns what is left, the last sentence included. */
  end(): string[] {
    return this.#take(true)
  }

  #take(final: boolean): string[] {
    const sentences: string[] = []
    for (;;) {
      const end = sentenceEnd(this.#buffer, final)
      if (end <= 0) {
        this.#certain = end < 0 ? -end - 1 : this.#buffer.length
        break
      }
      sentences.push(this.#buffer.slice(0, end))
      this.#buffer = this.#buffer.slice(end)
    }
    return sentences
  }
}

/**
 * Where the first sentence ends (exclusive); 0: not within this text. Negative: at the terminator before `-end`, or later,
 * which the text that follows will tell.
 */
function sentenceEnd(text: string, final: boolean): number {
  let i = 0
  while (i < text.length && /\s/.test(text[i]!)) i++
  const limit = Math.min(text.length, i + maxSentence)
  for (; i < limit; i++) {
    const char = text[i]!
    if (char === '\n') return i + 1
    if (!ends.test(char)) continue
    const end = endAfter(text, i, final)
    if (end === undefined) return -i - 1
    if (end > 0) return end
  }
  if (text.length > limit) return /[\uDC00-\uDFFF]/.test(text[limit]!) ? limit - 1 : limit
  return final ? text.length : 0
}

/** The end of a sentence whose terminator stands at `at`; 0: it is none; undefined: more text is needed. */
function endAfter(text: string, at: number, final: boolean): number | undefined {
  let i = at + 1
  while (i < text.length && (ends.test(text[i]!) || closers.test(text[i]!))) i++
  const wide = /[。！？]/u.test(text[at]!)
  let marked = false
  let end = i
  for (;;) {
    let j = i
    while (j < text.length && (text[j] === ' ' || text[j] === '\t')) j++
    if (j >= text.length) return final ? text.length : undefined
    const marker = markerAt(text, j, final)
    if (marker === undefined) return undefined
    // "years. ..." and "。 。": a further mark ends the same sentence.
    if (marker === 0 && !marked && ends.test(text[j]!)) {
      i = j + 1
      while (i < text.length && (ends.test(text[i]!) || closers.test(text[i]!))) i++
      end = i
      continue
    }
    if (marker === 0) {
      const spaced = j > i || text[j] === '\n' || text[j] === '\r'
      return decide(text, { at, end, next: j, spaced, marked, wide, final })
    }
    marked = true
    i = j + marker
    while (i < text.length && /[.。,;]/u.test(text[i]!) && i === j + marker) i++
    end = i
  }
}

function decide(
  text: string,
  at: {
    at: number
    end: number
    next: number
    spaced: boolean
    marked: boolean
    wide: boolean
    final: boolean
  },
): number | undefined {
  if (at.wide && /[：；，、]/u.test(text[at.next]!)) return 0
  // A table's row ends with its line: "Covered? | Remark" is one statement.
  if (text[at.next] === '|' || (!at.marked && text.slice(0, at.at).includes(' | '))) return 0
  if (at.wide || at.marked) return at.end
  if (!at.spaced) return 0
  const next = text[at.next]!
  if (text[at.at] !== '.') return at.end
  if (/\p{Ll}/u.test(next)) return 0
  if (endsInAbbreviation(text.slice(Math.max(0, at.at - 24), at.at + 1))) return 0
  if (/(?:^|\s)$/.test(text.slice(0, at.at))) return 0
  // "1. First": a list number.
  if (/(?:^|\n)\s*(?:[-*•]\s*)?\(?\d{1,3}$/.test(text.slice(Math.max(0, at.at - 8), at.at)))
    return 0
  if (!/\d/.test(text[at.at - 1] ?? '')) return at.end
  const after = text.slice(at.next, at.next + ordinalLetters)
  if (!at.final && after.length < ordinalLetters) return undefined
  return numberGoesOn(text.slice(Math.max(0, at.at - 4), at.at), after) ? 0 : at.end
}

/** Letters after a number with a point that tell whether it is an ordinal. */
const ordinalLetters = 7

/** Length of the marker at `i`, 0 where none stands, undefined where the text may still become one. */
export function markerAt(text: string, i: number, final: boolean): number | undefined {
  if (text[i] !== '[' && text[i] !== '【') return 0
  const slice = text.slice(i, i + maxMarker)
  const match = markerPattern.exec(slice)
  if (match?.index === 0) return match[0].length
  if (final || slice.length >= maxMarker || !/^[[【][\s\d,;，、–^-]*$/u.test(slice)) return 0
  return undefined
}
