import { type Line, textOfLine } from './lines.ts'

export interface PageLines {
  lines: Line[]
  height: number
}

const edgeShare = 0.08
const fewestPages = 4

/**
 * Running heads and page numbers: lines at the edge of at least half the pages (and four) that
 * differ in digits only. The first page that shows one keeps it.
 */
export function repeatedLines(pages: PageLines[]): Set<Line> {
  const repeated = new Set<Line>()
  if (pages.length < fewestPages) return repeated
  const seen = new Map<string, Line[]>()
  for (const page of pages) {
    const onPage = new Set<string>()
    for (const line of page.lines) {
      const edge =
        line.top < page.height * edgeShare || line.baseline > page.height * (1 - edgeShare)
      if (!edge) continue
      const words = textOfLine(line).replace(/\d+/g, '#').toLowerCase()
      const key = `${Math.round(line.baseline / 8)} ${words}`
      if (onPage.has(key)) continue
      onPage.add(key)
      const list = seen.get(key)
      if (list) list.push(line)
      else seen.set(key, [line])
    }
  }
  for (const lines of seen.values()) {
    if (lines.length < fewestPages || lines.length < pages.length * 0.4) continue
    for (const line of lines.slice(1)) repeated.add(line)
  }
  return repeated
}
