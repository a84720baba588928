/** Between the cells of a stored table's line, which an answer quotes as it stands. */
const cellSeparator = / \|(?: |$)/
const markers = /(?:\s*\[\d{1,3}\])+\s*$/u
/** Rows of one table that are held until its end is known. */
const maxHeld = 200

/**
 * An answer's text as a terminal shows it while it streams. A table's header is no sentence: two or more lines of cells
 * in a row become one line per row, each cell after its header's: `Plan: Gold; Premium: 12 EUR [1]`. All else comes out
 * as it comes in.
 */
export class AnswerText {
  /** The unfinished line, and how much of it was given out. */
  #line = ''
  #given = 0
  #rows: string[] = []

  /** More text; what can be shown now. */
  push(text: string): string {
    let out = ''
    const pieces = text.split('\n')
    for (const [i, piece] of pieces.entries()) {
      this.#line += piece
      out += i < pieces.length - 1 ? this.#finishLine('\n') : this.#ahead()
    }
    return out
  }

  /** The text is over; what was held. */
  end(): string {
    const out = this.#line === '' ? '' : this.#finishLine('')
    return out + this.#closeTable().replace(/\n$/, '')
  }

  /** Text of the unfinished line that cannot be part of a table. */
  #ahead(): string {
    const doubtful = this.#given === 0 && (this.#rows.length > 0 || mayBeRow(this.#line))
    if (doubtful || this.#line === '') return ''
    const out = this.#line.slice(this.#given)
    this.#given = this.#line.length
    return out
  }

  #finishLine(end: string): string {
    const line = this.#line
    const given = this.#given
    this.#line = ''
    this.#given = 0
    if (given === 0 && this.#rows.length < maxHeld && isRow(line)) {
      this.#rows.push(line)
      return ''
    }
    return this.#closeTable() + line.slice(given) + end
  }

  #closeTable(): string {
    const rows = this.#rows
    this.#rows = []
    return tableLines(rows)
      .map((line) => `${line}\n`)
      .join('')
  }
}

/** Lines of cells with each cell after its header's; a single line, or one of another width, as it is. */
export function tableLines(rows: readonly string[]): string[] {
  const [first, ...rest] = rows
  if (first === undefined || rest.length === 0) return [...rows]
  const header = cellsOf(first.replace(markers, ''))
  return rest.map((row) => {
    const marker = markers.exec(row)?.[0].trim() ?? ''
    const cells = cellsOf(row.replace(markers, ''))
    if (cells.length !== header.length) return row
    const named = cells.flatMap((cell, i) =>
      cell === '' ? [] : header[i] === '' ? [cell] : [`${header[i]}: ${cell}`],
    )
    return `${named.join('; ')} ${marker}`.trimEnd()
  })
}

function cellsOf(row: string): string[] {
  return row.split(cellSeparator).map((cell) => cell.trim())
}

/** A line that begins with a bar is a Markdown table's: it is readable as it is. */
function isRow(line: string): boolean {
  return !line.startsWith('|') && cellsOf(line).length > 1
}

/** A bar has come, or the last character may become one's first. */
function mayBeRow(line: string): boolean {
  return !line.startsWith('|') && line.includes(' |')
}
