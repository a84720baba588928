import type { Fragment } from './fragments.ts'
import { type Line, lineOf } from './lines.ts'

/** Lines drawn one below the other: a table cell, or part of a column of text. */
export interface Run {
  lines: Fragment[]
  x: number
  right: number
  top: number
  bottom: number
}

/** Runs beside each other. One run alone is text. */
export type Row = Run[]

export interface TablePart {
  kind: 'table'
  /** Cells by row and column; an empty cell has no lines. */
  rows: Line[][][]
}

export interface TextPart {
  kind: 'text'
  lines: Line[]
}

const cellLines = 8
const rowGapEms = 3.5

/** Fragments to runs: the next one below, in the same column, belongs to the run. */
export function runsOf(fragments: Fragment[]): Run[] {
  const runs: Run[] = []
  let run: Run | undefined
  for (const fragment of fragments) {
    if (run && continuesRun(run, fragment)) {
      run.lines.push(fragment)
      run.x = Math.min(run.x, fragment.x)
      run.right = Math.max(run.right, fragment.right)
      run.bottom = Math.max(run.bottom, fragment.baseline)
      run.top = Math.min(run.top, fragment.top)
    } else {
      if (run && startsRow(run, fragment)) {
        runs.push(runOf(run.lines.splice(-1)))
        Object.assign(run, runOf(run.lines))
      }
      run = runOf([fragment])
      runs.push(run)
    }
  }
  return runs
}

function runOf(lines: Fragment[]): Run {
  return {
    lines,
    x: Math.min(...lines.map((line) => line.x)),
    right: Math.max(...lines.map((line) => line.right)),
    top: Math.min(...lines.map((line) => line.top)),
    bottom: Math.max(...lines.map((line) => line.baseline)),
  }
}

/** Beside the last line of a run: that line was the first cell of a row below the run's text. */
function startsRow(run: Run, next: Fragment): boolean {
  const last = run.lines.at(-1) as Fragment
  if (run.lines.length < 2 || last.turned || next.turned) return false
  return Math.abs(last.baseline - next.baseline) < next.size * 0.35 && next.x > last.right
}

function continuesRun(run: Run, next: Fragment): boolean {
  const last = run.lines.at(-1) as Fragment
  if (last.turned || next.turned) return false
  const size = Math.max(last.size, next.size)
  const down = next.baseline - last.baseline
  if (down < size * 0.5 || down > size * 2.2) return false
  if (next.x > last.right || next.right < last.x) return false
  const first = run.lines[0] as Fragment
  const centred = Math.abs(next.x + next.right - last.x - last.right) < size * 2
  const flushRight = Math.abs(next.right - last.right) < size * 0.5
  return Math.abs(next.x - first.x) < size * 4 || centred || flushRight
}

/** Runs to rows: the next run to the right at the same height belongs to the row. */
export function rowsOf(runs: Run[]): Row[] {
  const rows: Row[] = []
  let row: Row | undefined
  for (const run of runs) {
    const last = row?.at(-1)
    if (row && last && beside(last, run, row[0] as Run)) row.push(run)
    else {
      row = [run]
      rows.push(row)
    }
  }
  return rows
}

function beside(last: Run, next: Run, first: Run): boolean {
  const size = (next.lines[0] as Fragment).size
  if (last.lines.length > cellLines || next.lines.length > cellLines) return false
  if ((next.lines[0] as Fragment).turned || (last.lines[0] as Fragment).turned) return false
  if (next.x < last.right - size * 0.2) return false
  const overlap = Math.min(first.bottom, next.bottom) - Math.max(first.top, next.top)
  return overlap > size * 0.4
}

/** Finds the tables among rows; everything else comes back as lines, in order. */
export function partsOf(rows: Row[]): (TablePart | TextPart)[] {
  const parts: (TablePart | TextPart)[] = []
  let at = 0
  while (at < rows.length) {
    const end = tableEnd(rows, at)
    const table = end > at ? buildTable(rows.slice(at, end)) : undefined
    if (table) {
      parts.push(table)
      at = end
      continue
    }
    addText(parts, rows[at] as Row)
    at++
  }
  return parts
}

function addText(parts: (TablePart | TextPart)[], row: Row): void {
  const last = parts.at(-1)
  const part: TextPart = last?.kind === 'text' ? last : { kind: 'text', lines: [] }
  if (part !== last) parts.push(part)
  const single = row.every((run) => run.lines.length === 1)
  if (single) part.lines.push(lineOf(row.map((run) => run.lines[0] as Fragment)))
  else for (const run of row) for (const line of run.lines) part.lines.push(lineOf([line]))
}

/**
 * How far a table may reach from here: rows of several cells, close together; single cells only in
 * between.
 */
function tableEnd(rows: Row[], start: number): number {
  if ((rows[start] as Row).length < 2) return start
  let end = start + 1
  for (let i = start + 1; i < rows.length; i++) {
    const row = rows[i] as Row
    const before = rows[i - 1] as Row
    const size = (row[0] as Run).lines[0]?.size ?? 10
    const gap = Math.min(...row.map((r) => r.top)) - Math.max(...before.map((r) => r.bottom))
    if (gap > size * rowGapEms || gap < -size * 2.2) break
    if (row.length === 1 && !mayStandInTable(row[0] as Run, before[0] as Run)) break
    if (row.length >= 2) end = i + 1
    else if (i - end >= 2) break
  }
  return end
}

/** One cell alone: short, horizontal, and no heading of larger type between two tables. */
function mayStandInTable(run: Run, before: Run): boolean {
  const first = run.lines[0] as Fragment
  const size = (before.lines[0] as Fragment).size
  return run.lines.length <= 3 && !first.turned && Math.abs(first.size - size) < size * 0.08
}

interface Column {
  x: number
  right: number
}

function buildTable(rows: Row[]): TablePart | undefined {
  const wide = rows.filter((row) => row.length >= 2)
  if (wide.length < 2) return undefined
  const columns = columnsOf(wide)
  if (columns.length < 2 || (wide.length < 3 && columns.length < 3)) return undefined
  if (wide.every((row) => isMarker(row[0] as Run))) return undefined
  const cells: Line[][][] = []
  let straddling = 0
  for (const row of rows) {
    const line: Line[][] = columns.map(() => [])
    for (const run of row) {
      const hit = columns.flatMap((column, i) => (overlaps(column, run) ? [i] : []))
      const words = hit.length > 1 ? wordsOf(run) : []
      if (words.length === hit.length) {
        for (const [i, word] of words.entries()) line[hit[i] as number]?.push(lineOf([word]))
        continue
      }
      if (hit.length > 1 && row.length > 1) straddling++
      const target = line[hit[0] ?? nearest(columns, run)] as Line[]
      target.push(...run.lines.map((fragment) => lineOf([fragment])))
    }
    const last = cells.at(-1)
    const joins =
      last && ((row.length === 1 && isContinuation(line, last)) || complements(line, last))
    if (joins) {
      for (const [i, cell] of line.entries()) (last[i] as Line[]).push(...cell)
    } else cells.push(line)
  }
  return isPlausible(cells, straddling, columns.length) ? { kind: 'table', rows: cells } : undefined
}

/**
 * The words of a one-line cell, each with its share of the width: values that stand close in
 * narrow columns.
 */
function wordsOf(run: Run): Fragment[] {
  const whole = run.lines[0] as Fragment
  if (run.lines.length !== 1 || whole.rtl) return []
  const share = (whole.right - whole.x) / whole.text.length
  return [...whole.text.matchAll(/\S+/g)].map((word) => {
    const x = whole.x + share * word.index
    return { ...whole, text: word[0], x, right: x + share * word[0].length, weight: word[0].length }
  })
}

/** Columns from the rows with the most cells, widened by cells that meet only one of them. */
function columnsOf(rows: Row[]): Column[] {
  const most = Math.max(...rows.map((row) => row.length))
  const columns: Column[] = []
  const merge = (run: Run) => {
    const hit = columns.filter((column) => overlaps(column, run))
    if (hit.length === 0) columns.push({ x: run.x, right: run.right })
    const only = hit.length === 1 ? hit[0] : undefined
    if (only) {
      only.x = Math.min(only.x, run.x)
      only.right = Math.max(only.right, run.right)
    }
  }
  for (const row of rows) if (row.length === most) row.forEach(merge)
  for (const row of rows) if (row.length !== most) row.forEach(merge)
  return columns.sort((a, b) => a.x - b.x)
}

function overlaps(column: Column, run: Run): boolean {
  return Math.min(column.right, run.right) - Math.max(column.x, run.x) > 1
}

function nearest(columns: Column[], run: Run): number {
  let best = 0
  for (const [i, column] of columns.entries()) {
    if (Math.abs(column.x - run.x) < Math.abs((columns[best] as Column).x - run.x)) best = i
  }
  return best
}

/** A line in another column than the first, close below: the rest of a cell. */
function isContinuation(line: Line[][], above: Line[][]): boolean {
  const filled = line.findIndex((cell) => cell.length > 0)
  const cell = above[filled]
  const last = cell?.at(-1)
  const first = line[filled]?.[0]
  if (filled < 1 || !last || !first) return false
  return first.baseline - last.baseline < first.size * 1.6
}

/**
 * Cells set at half height beside two lines (`6` beside `OTSL` over `HTML`) belong to the row they
 * overlap.
 */
function complements(line: Line[][], above: Line[][]): boolean {
  if (line.some((cell, i) => cell.length > 0 && (above[i] as Line[]).length > 0)) return false
  const top = Math.min(...line.flat().map((l) => l.top))
  const bottom = Math.max(...above.flat().map((l) => l.baseline))
  return top < bottom - (line.flat()[0]?.size ?? 0) * 0.2
}

function isMarker(run: Run): boolean {
  return (
    run.lines.length === 1 &&
    /^(?:[^\p{L}\p{N}\s]|\(?[\p{L}\p{N}]{1,3}[.)])$/u.test(run.lines[0]?.text ?? '')
  )
}

function isPlausible(cells: Line[][][], straddling: number, columns: number): boolean {
  const filled = cells.map((row) => row.filter((cell) => cell.length > 0).length)
  const full = filled.filter((n) => n >= 2).length
  const total = filled.reduce((sum, n) => sum + n, 0)
  const long = cells
    .flat()
    .filter((cell) => cell.reduce((n, l) => n + l.fragments[0]!.text.length, 0) > 160)
  return (
    full >= cells.length * 0.6 &&
    total >= cells.length * columns * (cells.length < 3 ? 0.75 : 0.4) &&
    straddling <= cells.length * 0.3 &&
    long.length <= total * 0.15
  )
}
