import type { PlacedPiece } from '../builder.ts'
import type { Fragment } from './fragments.ts'

/** One printed line: its fragments from left to right as they were drawn. */
export interface Line {
  fragments: Fragment[]
  x: number
  right: number
  top: number
  baseline: number
  size: number
  font: string
}

export function lineOf(fragments: Fragment[]): Line {
  const first = fragments[0] as Fragment
  const largest = fragments.reduce((a, b) => (b.text.length > a.text.length ? b : a), first)
  return {
    fragments,
    x: Math.min(...fragments.map((f) => f.x)),
    right: Math.max(...fragments.map((f) => f.right)),
    top: Math.min(...fragments.map((f) => f.top)),
    baseline: largest.baseline,
    size: largest.size,
    font: largest.font,
  }
}

export function textOfLine(line: Line): string {
  return line.fragments.map((f) => f.text).join(' ')
}

export interface Joined {
  text: string
  placed: PlacedPiece[]
}

/**
 * Joins lines to running text and remembers where each piece stands. A word cut at a line's end is
 * joined unless the page also writes it with its hyphen (`well-known`), or the next line begins
 * with a capital or a digit.
 */
export function joinLines(lines: Line[], pageText: string): Joined {
  let text = ''
  const placed: PlacedPiece[] = []
  for (const line of lines) {
    for (const fragment of line.fragments) {
      const cut = text === '' ? undefined : hyphenAt(text, fragment.text, pageText)
      if (cut === 'drop') {
        text = text.slice(0, -1)
        const last = placed.at(-1)
        if (last) last.end--
      } else if (cut === undefined && text !== '' && !unspaced(text, fragment.text)) text += ' '
      placed.push(placeAt(text.length, fragment))
      text += fragment.text
    }
  }
  return { text, placed }
}

function placeAt(start: number, fragment: Fragment): PlacedPiece {
  const height = fragment.turned ? fragment.baseline - fragment.top : fragment.size * 1.15
  return {
    start,
    end: start + fragment.text.length,
    x: round(fragment.x),
    y: round(fragment.top),
    width: round(fragment.right - fragment.x),
    height: round(height),
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

/**
 * `drop`: the hyphen only cuts the word; `keep`: it belongs to the word; undefined: no cut word.
 */
function hyphenAt(before: string, after: string, pageText: string): 'drop' | 'keep' | undefined {
  const last = before.at(-1)
  if (last === '\u00ad') return 'drop'
  if (last !== '-' && last !== '\u2010') return undefined
  const head = /([\p{L}\p{N}]+)[-\u2010]$/u.exec(before.slice(-64))?.[1]
  const tail = /^[\p{L}\p{N}]+/u.exec(after)?.[0]
  if (!head || !tail) return undefined
  if (!/\p{Ll}$/u.test(head) || !/^\p{Ll}/u.test(tail)) return 'keep'
  return pageText.includes(`${head}-${tail}`) ? 'keep' : 'drop'
}

/** Chinese and Japanese lines join without a space. */
function unspaced(before: string, after: string): boolean {
  return cjkEnd.test(before.slice(-1)) && cjkStart.test(after)
}

const cjk =
  '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u3000-\\u303f\\uff00-\\uffef]'
const cjkEnd = new RegExp(`${cjk}$`, 'u')
const cjkStart = new RegExp(`^${cjk}`, 'u')
