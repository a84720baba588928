import type { AnyNode, Element } from 'domhandler'
import { limits } from '#kernel'
import { oneLine } from './builder.ts'
import { overLimit } from './failures.ts'
import { inlineText, isDropped, type Place } from './html-inline.ts'
import { writeTable } from './table-writer.ts'

/**
 * A table as rows; one that only arranges a page (a single row or column around blocks) is walked
 * as content.
 */
export function addHtmlTable(
  table: Element,
  place: Place,
  walk: (cell: Element, place: Place) => void,
): void {
  const rows = rowsOf(table)
  const cells = rows.map((row) => cellsOf(row))
  const widest = Math.max(0, ...cells.map((row) => row.length))
  const arranges = widest <= 1 || cells.some((row) => row.some((cell) => holdsLayout(cell, 0)))
  if (arranges) {
    for (const cell of cells.flat()) walk(cell, { ...place, depth: place.depth + 1 })
    return
  }
  const caption = table.children.find((c) => c.type === 'tag' && c.name === 'caption')
  if (caption) place.builder.add('paragraph', oneLine(inlineText(caption, place.depth)))
  writeTable(place.builder, expand(cells, place))
}

function rowsOf(table: Element): Element[] {
  const rows: Element[] = []
  for (const child of table.children) {
    if (child.type !== 'tag' || isDropped(child)) continue
    if (child.name === 'tr') rows.push(child)
    else if (/^(thead|tbody|tfoot)$/.test(child.name)) rows.push(...rowsOf(child))
  }
  return rows
}

function cellsOf(row: Element): Element[] {
  return row.children.filter(
    (c): c is Element => c.type === 'tag' && (c.name === 'td' || c.name === 'th') && !isDropped(c),
  )
}

/** Headings or big tables inside cells: the table arranges the page. */
function holdsLayout(node: AnyNode, depth: number): boolean {
  if (depth > limits.parserNesting || node.type !== 'tag') return false
  if (/^(h1|h2|main|article)$/.test(node.name)) return true
  if (node.name === 'table' && rowsOf(node).length > 3) return true
  return node.children.some((c) => holdsLayout(c, depth + 1))
}

/**
 * Spans repeat their text in every column and row they cover, so that each row reads on its own.
 */
function expand(rows: Element[][], place: Place): string[][] {
  const grid: string[][] = []
  const pending = new Map<number, { text: string; rows: number }>()
  const widest = Math.max(
    ...rows.map((row) => row.reduce((sum, cell) => sum + span(cell, 'colspan'), 0)),
  )
  for (const row of rows) {
    const line: string[] = []
    const fill = () => {
      for (let held = pending.get(line.length); held; held = pending.get(line.length)) {
        if (--held.rows <= 0) pending.delete(line.length)
        line.push(held.text)
      }
    }
    for (const cell of row) {
      fill()
      const text = oneLine(inlineText(cell, place.depth))
      const columns = span(cell, 'colspan')
      const below = span(cell, 'rowspan') - 1
      // One cell across the whole table is a title, not a value of every column.
      const repeat = row.length === 1 && columns >= widest ? 1 : columns
      for (let i = 0; i < repeat; i++) {
        if (line.length >= limits.parserTableColumns) {
          throw overLimit('parserTableColumns', place.builder.where, 'A table has too many columns')
        }
        if (below > 0) pending.set(line.length, { text, rows: below })
        line.push(text)
      }
    }
    fill()
    grid.push(line)
  }
  return grid
}

function span(cell: Element, name: 'colspan' | 'rowspan'): number {
  const value = Number.parseInt(cell.attribs[name] ?? '1', 10)
  return value > 1 ? Math.min(value, limits.parserTableColumns) : 1
}
