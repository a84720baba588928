import type { Language } from './language.ts'

/**
 * Finds the runs of a text: maximal stretches of letters, digits, marks and `_`, with single
 * connectors between them (`INV-2024-001`, `v2.3.1`, `a.b@c.org`, `l'école`). What a run means
 * is decided in `analyse.ts`. Two scanners, one for ASCII and one for everything, find the same
 * runs in ASCII text (tested), the first one without normalising and without Unicode tables.
 */

/** Characters that join two words into one run when they stand alone between them. */
const connectors = new Set([..."-./:@'&"].map((c) => c.charCodeAt(0)))
const comma = 44
const hash = 35
const plus = 43

/** 1 letter or `_`, 2 digit, 0 anything else. */
const asciiClass = new Uint8Array(128)
for (let code = 0; code < 128; code++) {
  if (/[A-Za-z_]/.test(String.fromCharCode(code))) asciiClass[code] = 1
  else if (/[0-9]/.test(String.fromCharCode(code))) asciiClass[code] = 2
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** Calls back with each run of an ASCII text, in order, as it is written. */
export function asciiRuns(text: string, found: (run: string) => void): void {
  const length = text.length
  let at = 0
  while (at < length) {
    if (asciiClass[text.charCodeAt(at)] === 0) {
      at++
      continue
    }
    const start = at
    for (;;) {
      while (at < length && asciiClass[text.charCodeAt(at)]! > 0) at++
      if (at + 1 >= length || !joins(text, at)) break
      if (asciiClass[text.charCodeAt(at + 1)] === 0) break
      at++
    }
    const end = withSuffix(text, start, at)
    found(text.slice(start, end))
    at = end
  }
}

/** Scripts written without spaces between words; U+30FC lengthens a kana vowel. */
const unspaced =
  String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30FC\u3005` +
  String.raw`\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]`
const runPattern = new RegExp(
  String.raw`(?<unspaced>${unspaced}+)|[[\p{L}\p{N}\p{M}_]--${unspaced}]+`,
  'gv',
)

/**
 * Calls back with each run of any text, in order, after NFKC. Stretches of unspaced script come as
 * the tokens they are made of, with `whole` set.
 */
export function unicodeRuns(
  text: string,
  language: Language,
  found: (run: string, whole: boolean) => void,
): void {
  const plain = normalise(text)
  let start = -1
  let end = -1
  const flush = () => {
    if (start < 0) return
    const stop = withSuffix(plain, start, end)
    found(plain.slice(start, stop), false)
    start = -1
  }
  for (const match of plain.matchAll(runPattern)) {
    const { index } = match
    if (match.groups?.unspaced === undefined) {
      const continues = start >= 0 && index === end + 1 && joins(plain, end)
      if (!continues) {
        flush()
        start = index
      }
      end = index + match[0].length
    } else {
      flush()
      unspacedTokens(match[0], language, (token) => found(token, true))
    }
  }
  flush()
}

/** NFKC, one apostrophe, one hyphen, Western digits, nothing invisible inside words. */
function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\u2018\u2019\u02BC\uFF07]/g, "'")
    .replace(/\u2010/g, '-')
    .replace(/[\u00AD\u200C-\u200F\u202A-\u202E\u2060\uFEFF\u0640]/g, '')
    .replace(/[\u0660-\u0669\u06F0-\u06F9\u0966-\u096F]/g, westernDigit)
}

function westernDigit(digit: string): string {
  const code = digit.charCodeAt(0)
  const zero = code < 0x6f0 ? 0x660 : code < 0x966 ? 0x6f0 : 0x966
  return String(code - zero)
}

/** Whether the character at `at`, which stands after a word, joins it to what follows. */
function joins(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (connectors.has(code)) return true
  return code === comma && isDigit(text, at - 1) && isDigit(text, at + 1)
}

function isDigit(text: string, at: number): boolean {
  return asciiClass[text.charCodeAt(at)] === 2
}

/** `C#` and `C++`: a single letter keeps the sign that makes it another name. */
function withSuffix(text: string, start: number, end: number): number {
  if (end - start !== 1 || asciiClass[text.charCodeAt(start)] !== 1) return end
  if (text.charCodeAt(end) === hash) return end + 1
  if (text.charCodeAt(end) === plus && text.charCodeAt(end + 1) === plus) return end + 2
  return end
}

const segmenters = new Map<string, Intl.Segmenter>()

function segmenterFor(language: Language): Intl.Segmenter {
  const locale = language === 'ja' || language === 'th' ? language : 'zh'
  let segmenter = segmenters.get(locale)
  if (segmenter === undefined) {
    segmenter = new Intl.Segmenter(locale, { granularity: 'word' })
    segmenters.set(locale, segmenter)
  }
  return segmenter
}

/**
 * Words of unspaced script by dictionary, and beside them each pair of neighbouring characters:
 * a question may be cut into other words than the passage was.
 * XQuAD zh, nDCG@10: words alone .9626; pairs that are no words beside them .9636; all pairs .9660.
 */
function unspacedTokens(run: string, language: Language, found: (token: string) => void): void {
  for (const { segment } of segmenterFor(language).segment(run)) found(segment)
  let before = ''
  for (const character of run) {
    if (before !== '') found(before + character)
    before = character
  }
}
