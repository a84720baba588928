import { limits } from '#kernel'
import { oneLine } from '../builder.ts'
import { overLimit } from '../failures.ts'
import { writeTable } from '../table-writer.ts'
import { attribute, child, elements, type XmlNode } from '../xml.ts'
import type { DocxBody } from './body.ts'
import type { ParagraphText } from './runs.ts'

/**
 * A table as rows. Merged cells repeat their text in each row and column they cover; a table of
 * one cell only arranges the page, so its content is written as blocks.
 */
export function addDocxTable(table: XmlNode, body: DocxBody): void {
  const rows = childrenThrough(table, 'tr').map((row) => childrenThrough(row, 'tc'))
  if (rows.length <= 1 && (rows[0]?.length ?? 0) <= 1) {
    for (const cell of rows.flat()) body.all(cell)
    return
  }
  const pending: Anchored[] = []
  writeTable(body.builder, expand(rows, body, pending))
  for (const anchored of pending) body.anchored(anchored)
}

type Anchored = Pick<ParagraphText, 'boxes' | 'charts'>

/** Rows and cells may stand inside content controls and revision marks. */
function childrenThrough(node: XmlNode, name: string): XmlNode[] {
  const found: XmlNode[] = []
  for (const c of elements(node)) {
    if (c.name === name) found.push(c)
    else if (/^(sdt|sdtContent|ins|customXml|moveTo)$/.test(c.name))
      found.push(...childrenThrough(c, name))
  }
  return found
}

function expand(rows: XmlNode[][], body: DocxBody, anchored: Anchored[]): string[][] {
  const grid: string[][] = []
  const widest = Math.max(0, ...rows.map((row) => row.reduce((sum, cell) => sum + spanOf(cell), 0)))
  let above: string[] = []
  for (const row of rows) {
    const line: string[] = []
    for (const cell of row) {
      const merge = child(child(cell, 'tcPr'), 'vMerge')
      const continues =
        merge !== undefined && (attribute(merge, 'val') ?? 'continue') === 'continue'
      const text = continues ? (above[line.length] ?? '') : cellText(cell, body, anchored)
      const span = row.length === 1 && spanOf(cell) >= widest ? 1 : spanOf(cell)
      for (let i = 0; i < span; i++) line.push(text)
      if (line.length > limits.parserTableColumns) {
        throw overLimit('parserTableColumns', body.builder.where, 'A table has too many columns')
      }
    }
    grid.push(line)
    above = line
  }
  return grid
}

function spanOf(cell: XmlNode): number {
  const value = Number(attribute(child(child(cell, 'tcPr'), 'gridSpan'), 'val') ?? '1')
  return value > 1 ? Math.min(value, limits.parserTableColumns) : 1
}

/** Everything in a cell on one line; a table inside is written cell by cell. */
function cellText(cell: XmlNode, body: DocxBody, anchored: Anchored[]): string {
  const parts: string[] = []
  for (const node of elements(cell)) {
    if (node.name === 'p') {
      const { text, found } = body.lineOf(node)
      parts.push(text)
      anchored.push(found)
    } else if (node.name === 'tbl') {
      for (const row of childrenThrough(node, 'tr')) {
        const cells = childrenThrough(row, 'tc').map((c) => cellText(c, body, anchored))
        parts.push(`${cells.filter((c) => c !== '').join(', ')};`)
      }
    } else if (/^(sdt|sdtContent|ins|customXml)$/.test(node.name)) {
      parts.push(cellText(node, body, anchored))
    }
  }
  return oneLine(parts.join(' '))
}
