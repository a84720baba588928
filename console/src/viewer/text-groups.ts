import type { DocumentText, TextBlock } from '@plinth/sdk'

/** A span of the stored text, end exclusive. */
export interface TextSpan {
  start: number
  end: number
}

/** What is shown as one: a block, or a stretch of a table with its header. */
export type TextGroup =
  | {
      kind: 'block'
      block: TextBlock
      start: number
      end: number
      page: number | undefined
      /** Of a heading, from 1: never more than one below the heading before, whatever the file says. */
      depth: number
    }
  | {
      kind: 'table'
      header: TextBlock | undefined
      rows: TextBlock[]
      start: number
      end: number
      page: number | undefined
    }

/** A table of a hundred thousand rows must not become one element of the page. */
const rowsPerGroup = 40
/** An empty last cell leaves a bar at the end of its line. */
export const cellSeparator = / \|(?: |$)/g

/** Blocks in reading order; rows of a table together, its header on each stretch of it. */
export function groupsOf(document: Pick<DocumentText, 'text' | 'blocks'>): TextGroup[] {
  const groups: TextGroup[] = []
  const headers = new Map<number, TextBlock>()
  let depth = 0
  for (const block of blocksOf(document)) {
    const { table, start, end, page } = block
    if (table === undefined || (block.kind !== 'table-header' && block.kind !== 'table-row')) {
      if (block.kind === 'heading') depth = Math.min(block.level ?? 1, depth + 1)
      groups.push({ kind: 'block', block, start, end, page, depth })
      continue
    }
    const last = groups.at(-1)
    const open =
      last?.kind === 'table' && tableOf(last) === table && last.rows.length < rowsPerGroup
    if (block.kind === 'table-header' && !headers.has(table)) headers.set(table, block)
    const header = headers.get(table)
    const rows = block === header ? [] : [block]
    if (open) {
      last.rows.push(...rows)
      last.end = end
    } else {
      groups.push({ kind: 'table', header, rows, start, end, page })
    }
  }
  return groups
}

function tableOf(group: TextGroup & { kind: 'table' }): number | undefined {
  return (group.header ?? group.rows[0])?.table
}

/** Paragraphs by blank lines where a parser gave no blocks. */
function blocksOf({ text, blocks }: Pick<DocumentText, 'text' | 'blocks'>): TextBlock[] {
  if (blocks.length > 0) return blocks
  return [...text.matchAll(/\S(?:(?!\n\s*\n)[\s\S])*/g)].map((match) => ({
    kind: 'paragraph',
    start: match.index,
    end: match.index + match[0].length,
  }))
}

/** Cells of a row with their offsets into the stored text. */
export function cellsOf(text: string, row: TextSpan): TextSpan[] {
  const cells: TextSpan[] = []
  let at = row.start
  for (const match of text.slice(row.start, row.end).matchAll(cellSeparator)) {
    cells.push({ start: at, end: row.start + match.index })
    at = row.start + match.index + match[0].length
  }
  return [...cells, { start: at, end: row.end }]
}

/** The parts of `piece` inside and outside of the spans, in order; empty ones left out. */
export function partsOf(piece: TextSpan, spans: readonly TextSpan[]) {
  const parts: (TextSpan & { marked: boolean })[] = []
  let at = piece.start
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const start = Math.max(at, span.start)
    const end = Math.min(piece.end, span.end)
    if (end <= start) continue
    if (start > at) parts.push({ start: at, end: start, marked: false })
    parts.push({ start, end, marked: true })
    at = end
  }
  if (at < piece.end) parts.push({ start: at, end: piece.end, marked: false })
  return parts
}

export function overlaps(a: TextSpan, b: TextSpan): boolean {
  return a.start < b.end && b.start < a.end
}
