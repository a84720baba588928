/** A text as quotations are looked up in it, with the way back to its own offsets. */
export interface FoldedText {
  text: string
  /** For each character of `text` the offset it came from; one entry more for the end. */
  offsets: Int32Array
}

/**
 * Folds what copying changes and nothing else: runs of white space to one space, typographic quotes and dashes to
 * plain ones, full-width and upper-case to plain lower-case. Length may shrink; `offsets` leads back.
 */
export function foldText(source: string): FoldedText {
  const offsets = new Int32Array(source.length + 1)
  let text = ''
  let space = true
  for (let i = 0; i < source.length; i++) {
    const char = foldChar(source[i]!)
    if (char === ' ') {
      if (space) continue
      space = true
    } else {
      space = false
    }
    offsets[text.length] = i
    text += char
  }
  offsets[text.length] = source.length
  return { text, offsets: offsets.subarray(0, text.length + 1) }
}

function foldChar(char: string): string {
  const code = char.charCodeAt(0)
  if (code < 128) {
    if (code <= 32) return ' '
    return code >= 65 && code <= 90 ? String.fromCharCode(code + 32) : char
  }
  if (/\s/.test(char) || code === 0xa0) return ' '
  if (code === 0x2018 || code === 0x2019 || code === 0x201a || code === 0x00b4) return "'"
  if (code === 0x201c || code === 0x201d || code === 0x201e) return '"'
  if (code >= 0x2010 && code <= 0x2015) return '-'
  if (code >= 0xff01 && code <= 0xff5e) return foldChar(String.fromCharCode(code - 0xfee0))
  const lower = char.toLowerCase()
  return lower.length === 1 ? lower : char
}

const leastChars = 8
const leastHan = 4

/**
 * Where a text holds a sentence word by word (offsets into the original, end exclusive), or undefined. What is too
 * short to be a quotation is never found, nor the inside of a longer word or number (`30 days` in `130 days`).
 */
export function findExact(
  within: FoldedText,
  sentence: string,
): { start: number; end: number } | undefined {
  const wanted = foldText(sentence)
    .text.trim()
    .replace(/^["']+|["']+$/g, '')
    .replace(/[.!?;:,。！？；：，\s]+$/u, '')
  const han = wanted.match(/\p{sc=Han}/gu)?.length ?? 0
  if (wanted.length < leastChars && han < leastHan) return undefined
  let from = 0
  for (let tries = 0; tries < 64; tries++) {
    const found = within.text.indexOf(wanted, from)
    if (found < 0) return undefined
    const end = found + wanted.length
    if (!joins(within.text, found) && !joins(within.text, end)) {
      // The sentence's own closing mark belongs to it.
      const closed = /[.!?。！？]/u.test(within.text[end] ?? '') ? end + 1 : end
      return { start: within.offsets[found]!, end: within.offsets[closed - 1]! + 1 }
    }
    from = found + 1
  }
  return undefined
}

const spaced = /[\p{L}\p{N}]/u
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u

/** Whether the place before `i` is inside a word or number. */
function joins(text: string, i: number): boolean {
  const before = text[i - 1] ?? ''
  const after = text[i] ?? ''
  if (/\d/.test(before) && /[.,]/.test(after) && /\d/.test(text[i + 1] ?? '')) return true
  if (/[.,]/.test(before) && /\d/.test(after) && /\d/.test(text[i - 2] ?? '')) return true
  if (!spaced.test(before) || !spaced.test(after)) return false
  if (/\d/.test(before) && /\d/.test(after)) return true
  return !unspaced.test(before) && !unspaced.test(after)
}
