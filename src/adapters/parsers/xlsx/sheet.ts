import { limits } from '#kernel'
import type { DocumentBuilder } from '../builder.ts'
import { overLimit } from '../failures.ts'
import { TableWriter } from '../table-writer.ts'
import { attribute, child, elements, textOf, type XmlNode } from '../xml.ts'
import { sideBySide } from './areas.ts'
import { plainNumber, showNumber } from './number-format.ts'
import { richText, type Workbook } from './workbook.ts'

const rowsHeld = 2_000

interface Cell {
  text: string
  number: boolean
}

/**
 * Turns rows into tables. A table's header is its first row with several cells; after empty rows
 * another table begins where the columns differ, or where words stand in columns that held
 * numbers.
 */
export class SheetReader {
  private readonly builder: DocumentBuilder
  private readonly workbook: Workbook
  private writer: TableWriter
  private lastRow = 0
  private first = 0
  private last = 0
  private numeric = new Set<number>()
  /** Rows without an empty row between them. */
  private held: Map<number, Cell>[] = []
  private overflowed = false
  private afterGap = false

  constructor(builder: DocumentBuilder, workbook: Workbook) {
    this.builder = builder
    this.workbook = workbook
    this.writer = new TableWriter(builder)
  }

  row(node: XmlNode): void {
    const number = Number(attribute(node, 'r')) || this.lastRow + 1
    const cells = this.cellsOf(node)
    if (cells.size === 0) return
    const gap = this.lastRow > 0 && number > this.lastRow + 1
    this.lastRow = number
    if (gap) {
      this.flush()
      this.afterGap = true
    }
    if (this.overflowed) this.write(cells)
    else this.held.push(cells)
    if (this.held.length < rowsHeld) return
    // Too many rows to look at as a whole: they are one table.
    for (const row of this.held.splice(0)) this.write(row)
    this.overflowed = true
  }

  end(): void {
    this.flush()
    this.endTable()
  }

  /** Writes the rows that stand together, which may be several tables side by side. */
  private flush(): void {
    const parts = sideBySide(this.held)
    this.held = []
    this.overflowed = false
    for (const part of parts) {
      if (parts.length > 1) this.endTable()
      for (const row of part) this.write(row)
    }
    if (parts.length > 1) this.endTable()
  }

  private write(cells: Map<number, Cell>): void {
    const columns = [...cells.keys()]
    if (this.afterGap && this.writer.started && this.begins(cells)) this.endTable()
    this.afterGap = false
    if (!this.writer.started) {
      this.first = Math.min(...columns)
      this.last = Math.max(...columns)
    } else if (this.writer.width === 0) {
      // Only titles so far: the header decides where the table stands.
      this.first = Math.min(this.first, ...columns)
      this.last = Math.max(this.last, ...columns)
    }
    for (const [column, cell] of cells) if (cell.number) this.numeric.add(column)
    this.writer.row(this.line(cells))
  }

  private endTable(): void {
    this.writer.end()
    this.writer = new TableWriter(this.builder)
    this.numeric = new Set()
  }

  private begins(cells: Map<number, Cell>): boolean {
    const columns = [...cells.keys()]
    if (this.writer.width === 0) return true
    if (columns.length < 2) return columns.length === 1 && this.writer.width > 2
    if (Math.min(...columns) !== this.first || Math.max(...columns) !== this.last) return true
    let words = 0
    for (const [column, cell] of cells) {
      if (cell.number) return false
      if (this.numeric.has(column)) words++
    }
    return words > 0
  }

  /** Cells before the first column of the header join its first cell. */
  private line(cells: Map<number, Cell>): string[] {
    const line: string[] = []
    for (const [column, { text }] of cells) {
      const at = Math.max(0, column - this.first)
      if (at >= limits.parserTableColumns) {
        throw overLimit('parserTableColumns', this.builder.where, 'A row has too many cells')
      }
      line[at] = line[at] ? `${line[at]} ${text}` : text
    }
    return Array.from(line, (text) => text ?? '')
  }

  private cellsOf(row: XmlNode): Map<number, Cell> {
    const cells = new Map<number, Cell>()
    let next = 0
    for (const node of elements(row)) {
      if (node.name !== 'c') continue
      const column = columnOf(attribute(node, 'r')) ?? next
      next = column + 1
      const cell = this.cellOf(node)
      if (cell.text !== '') cells.set(column, cell)
    }
    return cells
  }

  private cellOf(node: XmlNode): Cell {
    const type = attribute(node, 't') ?? 'n'
    const raw = textOf(child(node, 'v'))
    switch (type) {
      case 's':
        return { text: (this.workbook.strings[Number(raw)] ?? '').trim(), number: false }
      case 'inlineStr':
        return { text: richText(child(node, 'is')).trim(), number: false }
      case 'b':
        return { text: raw === '1' ? 'TRUE' : raw === '' ? '' : 'FALSE', number: false }
      case 'd':
        return { text: raw.replace(/T00:00:00(\.0+)?Z?$/, ''), number: true }
      case 'n':
        return { text: this.numberOf(raw, attribute(node, 's')), number: raw !== '' }
      default:
        return { text: raw.trim(), number: false }
    }
  }

  private numberOf(raw: string, style: string | undefined): string {
    const value = Number(raw)
    if (raw.trim() === '' || Number.isNaN(value)) return raw.trim()
    const format = this.workbook.formats[Number(style ?? '0')]
    return format ? showNumber(value, format, this.workbook.date1904) : plainNumber(value)
  }
}

/** `BC12` is column 54 (from 0). */
function columnOf(reference: string | undefined): number | undefined {
  const letters = reference ? /^[A-Z]{1,3}/i.exec(reference)?.[0] : undefined
  if (!letters) return undefined
  let column = 0
  for (const letter of letters.toUpperCase()) column = column * 26 + letter.charCodeAt(0) - 64
  return column - 1
}
