import { type Line, textOfLine } from './lines.ts'

/** Lines that belong together. */
export interface Paragraph {
  lines: Line[]
  list: boolean
}

/** Marks of symbol fonts come as private characters and control characters. */
const bullet =
  /^(?:[•●○◦▪■□☐☑☒✓✗‣➢►∙·*–—\u0001-\u001F\u0080-\u009F\uE000-\uF8FF-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+\S/u

/** An entry of a table of contents: dots lead to a page number. */
const leader = /(?:\. ?|…){5}\s*[\divxlc]{1,7}$/i

/** Groups lines by distance, size, indent and list marks. */
export function paragraphsOf(lines: Line[]): Paragraph[] {
  const leading = medianLeading(lines)
  const paragraphs: Paragraph[] = []
  let current: Paragraph | undefined
  for (const line of lines) {
    const text = textOfLine(line)
    const entry = leader.test(text)
    const list = bullet.test(text) || entry
    if (current && !list && continues(current, line, leading)) current.lines.push(line)
    else {
      current = { lines: [line], list }
      paragraphs.push(current)
    }
  }
  return paragraphs
}

/** The usual distance of lines in ems of their size; 1.2 where there is nothing to measure. */
function medianLeading(lines: Line[]): number {
  const ratios: number[] = []
  for (let i = 1; i < lines.length; i++) {
    const a = lines[i - 1] as Line
    const b = lines[i] as Line
    const ratio = (b.baseline - a.baseline) / b.size
    if (ratio > 0.8 && ratio < 2.5 && Math.abs(a.size - b.size) < 0.6) ratios.push(ratio)
  }
  ratios.sort((a, b) => a - b)
  return ratios[Math.floor(ratios.length / 2)] ?? 1.2
}

function continues({ lines, list }: Paragraph, next: Line, leading: number): boolean {
  const last = lines.at(-1) as Line
  const first = lines[0] as Line
  if (leader.test(textOfLine(last))) return false
  if (last.fragments[0]?.turned || next.fragments[0]?.turned) return false
  const size = Math.max(last.size, next.size)
  if (Math.abs(last.size - next.size) > size * 0.08) return false
  const down = next.baseline - last.baseline
  if (down > size * leading * 1.28 || down < -size * 2) return nextColumn(last, next)
  if (down < size * 0.5) return down > -size * 0.5 && next.x >= last.right - size
  if (next.x > last.right || next.right < last.x) return false
  const right = Math.max(...lines.map((line) => line.right), next.right)
  const width = right - Math.min(first.x, next.x)
  const endedShort = last.right < right - Math.max(size * 2, width * 0.12)
  const ends = /[.!?:;…"”')\]]$/.test(textOfLine(last))
  const opens = /^["“'(]?[\p{Lu}\p{N}]/u.test(textOfLine(next))
  if (endedShort && ends && opens) return false
  if (endedShort && last.font !== next.font && opens) return false
  if (list) return next.x > first.x + size * 0.4 || !endedShort
  const indented = next.x - last.x > size * 0.8 && next.x - last.x < size * 4
  return !(indented && ends && opens)
}

/**
 * A paragraph that goes on at the top of the next column: its last line is open and the next
 * begins small.
 */
function nextColumn(last: Line, next: Line): boolean {
  if (next.baseline > last.baseline || next.x < last.right - last.size) return false
  return !/[.!?:;]$/.test(textOfLine(last)) && /^\p{Ll}/u.test(textOfLine(next))
}
