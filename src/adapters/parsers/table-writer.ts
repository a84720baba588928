import { limits } from '#kernel'
import { type DocumentBuilder, oneLine } from './builder.ts'
import { overLimit } from './failures.ts'

const leadingRowsHeld = 6

/**
 * Writes rows as table blocks: first row with two or more filled cells is the header; rows with a
 * single filled cell before it are titles and become paragraphs. A table whose rows all have one
 * cell is a one-column table.
 */
export class TableWriter {
  private readonly builder: DocumentBuilder
  private table: number | undefined
  private held: string[][] = []
  /** Filled columns of the header. */
  width = 0

  constructor(builder: DocumentBuilder) {
    this.builder = builder
  }

  get started(): boolean {
    return this.table !== undefined || this.held.length > 0
  }

  row(cells: string[]): void {
    if (cells.length > limits.parserTableColumns) {
      throw overLimit('parserTableColumns', this.builder.where, `A row has ${cells.length} cells`)
    }
    const row = cells.map(oneLine)
    const filled = row.filter((cell) => cell !== '').length
    if (filled === 0) return
    if (this.table !== undefined) this.write('table-row', row)
    else if (filled === 1 && this.held.length < leadingRowsHeld) this.held.push(row)
    else if (filled === 1) this.flushAsColumn([...this.held, row])
    else {
      for (const title of this.held) this.builder.add('paragraph', title.join(' '))
      this.held = []
      this.begin(row)
    }
  }

  /** Ends the table; what comes next begins another one. */
  end(): void {
    if (this.held.length > 1) this.flushAsColumn(this.held)
    else for (const row of this.held) this.builder.add('paragraph', row.join(' '))
    this.held = []
    this.table = undefined
    this.width = 0
  }

  private flushAsColumn(rows: string[][]): void {
    this.held = []
    this.begin(rows[0] ?? [])
    for (const row of rows.slice(1)) this.write('table-row', row)
  }

  private begin(header: string[]): void {
    this.table = this.builder.newTable()
    this.width = header.length
    this.write('table-header', header)
  }

  private write(kind: 'table-header' | 'table-row', row: string[]): void {
    let end = row.length
    // Trailing empty cells beyond the header say nothing.
    while (end > this.width && row[end - 1] === '') end--
    this.builder.add(kind, row.slice(0, end).join(' | '), { table: this.table as number })
  }
}

/** Writes a whole table at once. */
export function writeTable(builder: DocumentBuilder, rows: string[][]): void {
  const writer = new TableWriter(builder)
  for (const row of rows) writer.row(row)
  writer.end()
}
