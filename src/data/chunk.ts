import { limits } from '#kernel'
import type { Block, ParsedDocument } from '#ports'
import { type Piece, splitPiece } from './split.ts'
import { estimateTokens } from './tokens.ts'

export interface Chunk {
  /** 0, 1, 2 … within the document. */
  ordinal: number
  /** Offsets into the document's text. */
  start: number
  end: number
  /** The headings above, outermost first. */
  headingPath: string[]
  /** First and last page, slide or sheet, where the format has them. */
  page?: number
  pageEnd?: number
  kind: 'text' | 'table' | 'code'
  /**
   * What stands before the text for indexing and embedding, and is not in it: the document's title,
   * headings above, the header of a table whose rows go on here. Empty where there is none.
   */
  context: string
  /** Estimated, of the text alone. */
  tokens: number
}

export interface ChunkOptions {
  /** The document's title where the parsed document has none. */
  title?: string
  /** About so many tokens to a chunk. */
  tokens?: number
  /** Never more, but for what cannot be cut. */
  tokensMax?: number
}

interface Section {
  path: string[]
  pieces: Piece[]
}

/** Longest heading kept in a path, and longest table header kept in a context, in characters. */
const headingChars = 200
const tableHeaderChars = 400

/**
 * Cuts a document by its structure: sections first, then paragraphs, list items, whole tables and
 * code blocks, joined up to about `tokens`. Only what is longer than `tokensMax` is cut itself:
 * text between sentences, tables between rows, code between lines. The chunks and the whitespace
 * between them are the document's text, whole and in order.
 */
export function chunkDocument(document: ParsedDocument, options: ChunkOptions = {}): Chunk[] {
  const size = {
    tokens: options.tokens ?? limits.chunkTokens,
    tokensMax: options.tokensMax ?? limits.chunkTokensMax,
  }
  const title = collapsed(document.title ?? options.title ?? '')
  const sections = joinSmall(sectionsOf(document), size.tokens)
  const chunks: Chunk[] = []
  for (const section of sections) {
    for (const pieces of packSection(section, document.text, size)) {
      chunks.push(
        makeChunk(document, { ordinal: chunks.length, title, path: section.path, pieces }),
      )
    }
  }
  return chunks
}

/**
 * The section a chunk stands in: the neighbours under the same headings, and the text they span.
 */
export function parentSpan(
  chunks: readonly Pick<Chunk, 'start' | 'end' | 'headingPath'>[],
  ordinal: number,
): { first: number; last: number; start: number; end: number } {
  const key = (at: number) => JSON.stringify(chunks[at]?.headingPath)
  let first = ordinal
  let last = ordinal
  while (first > 0 && key(first - 1) === key(ordinal)) first--
  while (last < chunks.length - 1 && key(last + 1) === key(ordinal)) last++
  return { first, last, start: chunks[first]!.start, end: chunks[last]!.end }
}

function sectionsOf(document: ParsedDocument): Section[] {
  const sections: Section[] = []
  const above: { level: number; text: string }[] = []
  for (const piece of piecesOf(document)) {
    if (piece.heading !== undefined) {
      while (above.length > 0 && above[above.length - 1]!.level >= piece.heading.level) above.pop()
      above.push(piece.heading)
      sections.push({ path: above.map(({ text }) => text), pieces: [] })
    }
    if (sections.length === 0) sections.push({ path: [], pieces: [] })
    sections[sections.length - 1]!.pieces.push(piece)
  }
  return sections
}

/** One piece per block, one per table. Text that no block covers becomes a piece of its own. */
function piecesOf({ text, blocks }: ParsedDocument): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  const uncovered = (until: number) => {
    const piece = trimmed(text, at, until)
    if (piece !== undefined) pieces.push({ ...piece, kind: 'text' })
  }
  for (const block of blocks) {
    const span = trimmed(text, Math.max(block.start, at), block.end)
    if (span === undefined) continue
    uncovered(span.start)
    at = span.end
    const last = pieces[pieces.length - 1]
    const isRow = block.kind === 'table-row' || block.kind === 'table-header'
    if (isRow && block.table !== undefined && last?.table === block.table) addRow(last, block, span)
    else pieces.push(pieceOf(text, block, span))
  }
  uncovered(text.length)
  for (const piece of pieces) piece.tokens = estimateTokens(text, piece.start, piece.end)
  return pieces
}

type Span = Pick<Piece, 'start' | 'end' | 'tokens'>

function pieceOf(text: string, block: Block, span: Span): Piece {
  const page = block.page === undefined ? {} : { page: block.page, pageEnd: block.page }
  if (block.kind === 'heading') {
    const words = collapsed(text.slice(span.start, span.end)).slice(0, headingChars).toWellFormed()
    return { ...span, ...page, kind: 'text', heading: { level: block.level ?? 1, text: words } }
  }
  if (block.kind === 'code') return { ...span, ...page, kind: 'code' }
  if (block.kind !== 'table-header' && block.kind !== 'table-row') {
    return { ...span, ...page, kind: 'text' }
  }
  const piece: Piece = { ...span, ...page, kind: 'table', table: block.table ?? -1, rows: [] }
  addRow(piece, block, span)
  return piece
}

function addRow(table: Piece, block: Block, span: Span): void {
  table.end = span.end
  if (block.page !== undefined) table.pageEnd = block.page
  table.rows!.push({ start: span.start, end: span.end })
  const leading =
    block.kind === 'table-header' && table.rows!.length === (table.headerRows ?? 0) + 1
  if (leading) table.headerRows = table.rows!.length
}

/**
 * Headings without text of their own go with what follows; a section of a few words joins the next
 * one where both stand under a common heading.
 */
function joinSmall(sections: readonly Section[], tokens: number): Section[] {
  const joined: Section[] = []
  for (const section of sections) {
    const last = joined[joined.length - 1]
    if (last === undefined) {
      joined.push({ path: section.path, pieces: [...section.pieces] })
      continue
    }
    const onlyHeadings = last.pieces.every(({ heading }) => heading !== undefined)
    const common = commonPath(last.path, section.path)
    const together = tokensOf(last.pieces) + tokensOf(section.pieces)
    const small = tokensOf(last.pieces) < tokens / 6 && together <= tokens && common.length > 0
    if (!onlyHeadings && !small) {
      joined.push({ path: section.path, pieces: [...section.pieces] })
      continue
    }
    last.path = onlyHeadings ? section.path : common
    last.pieces.push(...section.pieces)
  }
  return joined
}

function commonPath(a: readonly string[], b: readonly string[]): string[] {
  const different = a.findIndex((heading, i) => heading !== b[i])
  return a.slice(0, different < 0 ? a.length : different)
}

interface Size {
  tokens: number
  tokensMax: number
}

/** A section's pieces, grouped into chunks. */
function packSection(section: Section, text: string, size: Size): Piece[][] {
  const pieces = section.pieces.flatMap((piece) => splitPiece(text, piece, size))
  const groups: Piece[][] = []
  let group: Piece[] = []
  const flush = () => {
    if (group.length > 0) groups.push(group)
    group = []
  }
  for (const piece of pieces) {
    if (!fits(group, piece, size)) {
      // A heading is never the last thing in a chunk.
      const headings: Piece[] = []
      while (group.length > 0 && group[group.length - 1]!.heading !== undefined) {
        headings.unshift(group.pop()!)
      }
      flush()
      group = headings
    }
    group.push(piece)
  }
  flush()
  return joinRest(groups, size)
}

/** Whether a piece may join a group: tables and code of some size stand by themselves. */
function fits(group: readonly Piece[], piece: Piece, { tokens, tokensMax }: Size): boolean {
  if (group.every(({ heading }) => heading !== undefined)) return true
  if (group.some((other) => standsAlone(other, tokens)) || standsAlone(piece, tokens)) return false
  const have = tokensOf(group)
  const together = have + piece.tokens
  return together <= tokens || (have < tokens / 2 && together <= tokensMax)
}

function standsAlone(piece: Piece, tokens: number): boolean {
  return piece.kind !== 'text' && (piece.tokens >= tokens / 3 || piece.continued === true)
}

/** A last chunk of a few words goes to the one before it. */
function joinRest(groups: Piece[][], { tokens, tokensMax }: Size): Piece[][] {
  const rest = groups[groups.length - 1]
  const before = groups[groups.length - 2]
  if (rest === undefined || before === undefined) return groups
  const alone = [...rest, ...before].some((piece) => standsAlone(piece, tokens))
  const together = tokensOf(rest) + tokensOf(before)
  if (alone || tokensOf(rest) >= tokens / 4 || together > tokensMax) return groups
  return [...groups.slice(0, -2), [...before, ...rest]]
}

interface Making {
  ordinal: number
  title: string
  path: string[]
  pieces: Piece[]
}

function makeChunk(document: ParsedDocument, { ordinal, title, path, pieces }: Making): Chunk {
  const first = pieces[0]!
  const last = pieces[pieces.length - 1]!
  const body = pieces.filter(({ heading }) => heading === undefined)
  const kind = body[0]?.kind ?? 'text'
  const inText = new Set(pieces.map(({ heading }) => heading?.text))
  const above = [...new Set([title, ...path])].filter((part) => part !== '' && !inText.has(part))
  const header = body[0]?.continued === true ? headerOf(document.text, body[0]) : ''
  return {
    ordinal,
    start: first.start,
    end: last.end,
    headingPath: path,
    ...pagesOf(document, first, last),
    kind: body.every((piece) => piece.kind === kind) ? kind : 'text',
    context: [above.join(' > '), header].filter((line) => line !== '').join('\n'),
    tokens: estimateTokens(document.text, first.start, last.end),
  }
}

function headerOf(text: string, { header }: Piece): string {
  if (header === undefined) return ''
  return text.slice(header.start, header.end).slice(0, tableHeaderChars).toWellFormed()
}

function pagesOf(document: ParsedDocument, first: Piece, last: Piece): Partial<Chunk> {
  const page = pageAt(document, first.start) ?? first.page
  const pageEnd = pageAt(document, last.end - 1) ?? last.pageEnd ?? page
  return page === undefined || pageEnd === undefined ? {} : { page, pageEnd }
}

function pageAt({ pages }: ParsedDocument, offset: number): number | undefined {
  if (pages === undefined) return undefined
  let low = 0
  let high = pages.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const page = pages[middle]!
    if (offset < page.start) high = middle - 1
    else if (offset >= page.end) low = middle + 1
    else return page.number
  }
  return undefined
}

function tokensOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { tokens }) => sum + tokens, 0)
}

function trimmed(text: string, from: number, to: number): Span | undefined {
  let start = from
  let end = to
  while (start < end && /\s/.test(text[start]!)) start++
  while (end > start && /\s/.test(text[end - 1]!)) end--
  return start < end ? { start, end, tokens: 0 } : undefined
}

function collapsed(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
