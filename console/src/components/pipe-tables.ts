import { cellSeparator } from '../viewer/text-groups.ts'

/** Characters that open and close a mark in the text, see Markdown.tsx. */
export const markOpen = { evidence: '\uE000', unsupported: '\uE001' } as const
export const markClose = '\uE002'

// A mark that begins at a border belongs to the cell behind it.
const markAtBorder = / ([\uE000\uE001])\| /g
const opening = /[\uE000\uE001]/

/**
 * Stored tables are lines of cells between ` | `, and an answer quotes such lines. Two or more of them in a row become a
 * table that Markdown knows. A mark that runs over several cells is closed and opened again at each border.
 */
export function withTables(text: string): string {
  const lines = text.split('\n')
  const out: string[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] as string
    const columns = cellsOf(line).length
    let end = at + 1
    while (columns > 1 && end < lines.length && isRow(lines[end] as string)) end++
    const run = lines.slice(at, end)
    if (columns > 1 && run.length > 1) out.push(...tableOf(run))
    else out.push(line)
    at = end
  }
  return out.join('\n')
}

function isRow(line: string): boolean {
  return cellsOf(line).length > 1
}

function cellsOf(line: string): string[] {
  // A line that is a Markdown table already stays one.
  if (/^\s*\|/.test(line) || /^[\s|:-]+$/.test(line)) return []
  return line.replaceAll(markAtBorder, ' | $1').split(cellSeparator)
}

function tableOf(rows: string[]): string[] {
  const cells = rows.map(cellsOf)
  const width = Math.max(...cells.map((row) => row.length))
  const [header = [], ...body] = cells.map((row) => markedByCell(row))
  const line = (row: string[]) =>
    `| ${Array.from({ length: width }, (_, at) => (row[at] ?? '').replaceAll('|', '\\|')).join(' | ')} |`
  const rule = `|${' --- |'.repeat(width)}`
  // Blank lines around: a table must not run into the sentence before it.
  return ['', line(header), rule, ...body.map(line), '']
}

function markedByCell(cells: string[]): string[] {
  let open = ''
  return cells.map((cell) => {
    let text = open + cell
    for (const character of cell) {
      if (opening.test(character)) open = character
      else if (character === markClose) open = ''
    }
    if (open) text += markClose
    return text
  })
}
