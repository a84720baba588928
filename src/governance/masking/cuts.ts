import { contextAfter } from './context.ts'
import { endsInPrivateKey } from './detectors/keys.ts'

/**
 * Stretches that end with white space or with Han and kana punctuation, where a finding can end.
 */
const boundary = /[\s\u3000-\u3002\uff01\uff0c\uff1b\uff1f]/

/** A word that what follows may belong to. */
const sticky: readonly RegExp[] = [
  // Numbers go on after a space; so do their prefixes.
  /\d/,
  /[+(/\-[]$/,
  // Country letters of an IBAN, the letters of a tax code or a foreigner number.
  /(?:^|[^\p{L}\p{N}])[A-Z]{1,6}$/u,
  /^(?:x|y|z|ext\.?|extension|#)$/i,
  // Names and schemes that announce a secret, and what stands between name and value.
  /(?:secret|key|token|password|passwd|passphrase|bearer|basic)["'`]?(?::=|=>|[:=])?["'`]?$/i,
  /^["'`]?(?::=|=>|[:=])["'`]?$/,
]

/** Letter groups inside numbers that are written in groups: `gb82 west 1234`. */
const letterGroup = /^[A-Za-z]{1,6}$/

/** How far beyond a number the detectors look: the words after it, and the next group. */
const lookAhead = contextAfter + 8

/**
 * The largest offset before which everything is settled, whatever follows: no finding can span it, and the words
 * after each number before it have arrived. 0 where there is none yet.
 */
export function settledUntil(text: string): number {
  let at = text.length
  while (at > 0) {
    while (at > 0 && !boundary.test(text[at - 1]!)) at--
    if (at === 0) return 0
    const wordEnd = endOfWord(text, at)
    const verdict = judge(text, at, wordEnd)
    if (verdict) return at
    at = wordEnd
    while (at > 0 && !boundary.test(text[at - 1]!)) at--
  }
  return 0
}

function judge(text: string, at: number, wordEnd: number): boolean {
  const [word, first, second] = lastWords(text, wordEnd)
  if (sticky.some((pattern) => pattern.test(word!))) return false
  if (
    letterGroup.test(word!) &&
    (/\d/.test(first!) || (letterGroup.test(first!) && /\d/.test(second!)))
  )
    return false
  const digit = lastDigit(text, at)
  if (digit >= 0 && digit + lookAhead > text.length) return false
  return !endsInPrivateKey(text.slice(0, at))
}

function endOfWord(text: string, at: number): number {
  let end = at
  while (end > 0 && boundary.test(text[end - 1]!)) end--
  return end
}

/** The three words before an offset, nearest first; a word is read up to 128 characters back. */
function lastWords(text: string, end: number): string[] {
  const words: string[] = []
  let at = end
  for (let i = 0; i < 3; i++) {
    let start = at
    while (start > 0 && at - start < 128 && !boundary.test(text[start - 1]!)) start--
    words.push(text.slice(start, at))
    at = endOfWord(text, start)
  }
  return words
}

function lastDigit(text: string, before: number): number {
  for (let i = before - 1; i >= Math.max(0, before - 2 * lookAhead); i--) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) return i
  }
  return -1
}
