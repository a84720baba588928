import { type Line, textOfLine } from './lines.ts'
import type { Paragraph } from './paragraphs.ts'

/** What the whole document tells about its type: body size and font, sizes of headings, outline. */
export interface Typography {
  bodySize: number
  bodyFont: string
  /** Larger sizes, descending; the first is level 1. */
  headingSizes: number[]
  /** Level by normalised title, from the outline. */
  outline: ReadonlyMap<string, number>
}

const headingChars = 200
const headingLines = 3
const sizeLevels = 5
const headingRatio = 1.12

/** Measures all lines: the size with the most characters is the body's. */
export function typographyOf(
  pages: readonly Line[][],
  outline: ReadonlyMap<string, number>,
): Typography {
  const bySize = new Map<number, number>()
  const byFont = new Map<string, number>()
  const pagesOf = new Map<number, Set<number>>()
  for (const [page, lines] of pages.entries()) {
    for (const line of lines) {
      const length = textOfLine(line).length
      const size = halfPoints(line.size)
      bySize.set(size, (bySize.get(size) ?? 0) + length)
      const key = `${size} ${line.font}`
      byFont.set(key, (byFont.get(key) ?? 0) + length)
      const on = pagesOf.get(size)
      if (on) on.add(page)
      else pagesOf.set(size, new Set([page]))
    }
  }
  const bodySize = most(bySize) ?? 10
  const fonts = new Map([...byFont].filter(([key]) => key.startsWith(`${bodySize} `)))
  const larger = [...bySize.keys()].filter((size) => size >= bodySize * headingRatio)
  const recurs = (size: number) => pages.length < 2 || (pagesOf.get(size)?.size ?? 0) > 1
  const bodyFont = most(fonts)?.split(' ')[1] ?? ''
  return { bodySize, bodyFont, headingSizes: levelsOf(larger, recurs), outline }
}

/**
 * Sizes that recur make the levels; larger ones that stand on one page only (a cover, a title) are
 * level 1.
 */
function levelsOf(sizes: number[], recurs: (size: number) => boolean): number[] {
  const levels: number[] = []
  for (const size of sizes.filter(recurs).sort((a, b) => b - a)) {
    const near = levels.at(-1)
    if (near === undefined || near - size > 0.8) levels.push(size)
  }
  const display = Math.max(0, ...sizes)
  if (display > (levels[0] ?? 0) + 0.8) levels.unshift(display)
  return levels
}

function most<K>(counts: Map<K, number>): K | undefined {
  let best: K | undefined
  let highest = -1
  for (const [key, count] of counts) {
    if (count > highest) {
      best = key
      highest = count
    }
  }
  return best
}

function halfPoints(size: number): number {
  return Math.round(size * 2) / 2
}

export function normalTitle(text: string): string {
  return text
    .replace(/[\s.\u00a0]+/g, ' ')
    .trim()
    .toLowerCase()
}

/** Heading level of a paragraph, undefined where it is none. */
export function headingLevel(
  paragraph: Paragraph,
  text: string,
  type: Typography,
): number | undefined {
  const first = paragraph.lines[0] as Line
  if (first.fragments[0]?.turned || paragraph.lines.length > headingLines) return undefined
  if (text.length > headingChars || !/\p{L}{2}/u.test(text)) return undefined
  const outlined = type.outline.get(normalTitle(text))
  if (outlined !== undefined) return outlined
  const size = halfPoints(first.size)
  if (size >= type.bodySize * headingRatio) {
    const index = type.headingSizes.findIndex((s) => s - size <= 0.8)
    return Math.min(index < 0 ? sizeLevels : index + 1, sizeLevels)
  }
  // The body's size but another font, alone on one line, no sentence: a run-in style of heading.
  const other =
    paragraph.lines.length === 1 && first.font !== type.bodyFont && size >= type.bodySize * 0.95
  if (!other || text.length > 90 || /[.,;:!?]$/.test(text) || !/^[\p{Lu}\p{N}]/u.test(text))
    return undefined
  if (first.fragments.some((f) => f.font === type.bodyFont)) return undefined
  return Math.min(type.headingSizes.length + 1, sizeLevels + 1)
}
