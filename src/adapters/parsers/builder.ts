import { limits } from '#kernel'
import { type Block, notePrefix, type PageSpan, type ParsedDocument, type TextBox } from '#ports'
import { overLimit } from './failures.ts'

export type BlockKind = Block['kind']

export interface BlockOptions {
  level?: number
  table?: number
}

/**
 * A piece of a block with its place on the page; `start` and `end` count within the block's text.
 */
export interface PlacedPiece {
  start: number
  end: number
  x: number
  y: number
  width: number
  height: number
}

const deadlineEvery = 256

/**
 * Writes a ParsedDocument block by block and keeps its invariants: offsets into one text,
 * separators by kind, no NUL or lone surrogate, pages in order, limits on text and blocks.
 */
export class DocumentBuilder {
  readonly warnings: string[] = []
  readonly metadata: ParsedDocument['metadata'] = {}
  title: string | undefined
  mediaType: string
  private readonly name: string
  private readonly deadline: number
  private readonly pieces: string[] = []
  private readonly blocks: Block[] = []
  private readonly pages: PageSpan[] = []
  private readonly boxes: TextBox[] = []
  private length = 0
  private tables = 0
  private page: PageSpan | undefined

  constructor(mediaType: string, options: { name: string; deadline?: number | undefined }) {
    this.mediaType = mediaType
    this.name = options.name
    this.deadline = options.deadline ?? Number.POSITIVE_INFINITY
  }

  /** Where the parser stands, for errors: the file with its page. */
  get where(): string {
    return this.page ? `${this.name}, page ${this.page.number}` : this.name
  }

  get blockCount(): number {
    return this.blocks.length
  }

  newTable(): number {
    return ++this.tables
  }

  warn(message: string): void {
    if (this.warnings.length < 100) this.warnings.push(message)
    else if (this.warnings.length === 100) this.warnings.push('further warnings were left out')
  }

  /** Something about the reading that is good to know and loses nothing. */
  note(message: string): void {
    this.warn(`${notePrefix}${message}`)
  }

  /**
   * Keeps a metadata value where it says something; dates become ISO 8601 before they come here.
   */
  meta(key: string, value: string | number | boolean | undefined | null): void {
    if (value === undefined || value === null || value === '') return
    this.metadata[key] = typeof value === 'string' ? cleanText(value).trim().slice(0, 4_000) : value
  }

  startPage(options: { label?: string; width?: number; height?: number } = {}): number {
    this.endPage()
    const number = this.pages.length + 1
    if (number > limits.parserPages) {
      throw overLimit('parserPages', this.name, `The document has more than ${number - 1} pages`)
    }
    this.page = { number, start: -1, end: -1, ...options }
    this.pages.push(this.page)
    return number
  }

  endPage(): void {
    if (!this.page) return
    if (this.page.start < 0) this.page.start = this.page.end = this.length
    this.page = undefined
  }

  /**
   * Appends one block; text that is only white space adds nothing. Returns its start offset or -1.
   */
  add(kind: BlockKind, raw: string, options: BlockOptions = {}): number {
    const cleaned = cleanText(raw)
    const text = kind === 'code' ? trimBlankLines(cleaned) : cleaned.trim()
    if (text === '') return -1
    this.check()
    const separator = this.separatorFor(kind, options)
    const start = this.length + separator.length
    const end = start + text.length
    if (end > limits.parserTextChars) {
      throw overLimit(
        'parserTextChars',
        this.where,
        `The text is longer than ${limits.parserTextChars} characters`,
      )
    }
    this.pieces.push(separator, text)
    this.length = end
    const block: Block = { kind, start, end }
    if (options.level !== undefined) block.level = options.level
    if (options.table !== undefined) block.table = options.table
    if (this.page) {
      block.page = this.page.number
      if (this.page.start < 0) this.page.start = start
      this.page.end = end
    }
    this.blocks.push(block)
    return start
  }

  /**
   * Appends a block whose pieces stand at known places on the page. `raw` must need no cleaning.
   */
  addPlaced(kind: BlockKind, raw: string, options: BlockOptions & { placed: PlacedPiece[] }): void {
    const lead = raw.length - raw.trimStart().length
    const start = this.add(kind, raw, options)
    if (start < 0 || !this.page) return
    const limit = this.length
    for (const piece of options.placed) {
      const from = Math.max(start, start + piece.start - lead)
      const to = Math.min(limit, start + piece.end - lead)
      if (to <= from) continue
      const { x, y, width, height } = piece
      this.boxes.push({ page: this.page.number, start: from, end: to, x, y, width, height })
    }
  }

  /** Appends a whole parsed document (an attachment): its blocks, without pages and places. */
  append(document: ParsedDocument): void {
    const base = this.tables
    for (const block of document.blocks) {
      const options: BlockOptions = {}
      if (block.level !== undefined) options.level = block.level
      if (block.table !== undefined) options.table = base + block.table
      this.add(block.kind, document.text.slice(block.start, block.end), options)
      if (options.table !== undefined) this.tables = Math.max(this.tables, options.table)
    }
  }

  finish(): ParsedDocument {
    this.endPage()
    const document: ParsedDocument = {
      mediaType: this.mediaType,
      text: this.pieces.join(''),
      blocks: this.blocks,
      metadata: this.metadata,
      warnings: this.warnings,
    }
    const title = this.title === undefined ? '' : oneLine(cleanText(this.title)).slice(0, 500)
    if (title !== '') document.title = title
    if (this.pages.length > 0) document.pages = this.pages
    if (this.boxes.length > 0) document.boxes = this.boxes
    return document
  }

  private separatorFor(kind: BlockKind, options: BlockOptions): string {
    const last = this.blocks.at(-1)
    if (!last) return ''
    const samePage = last.page === this.page?.number
    const listed = kind === 'list-item' && last.kind === 'list-item' && samePage
    const rowed = options.table !== undefined && last.table === options.table
    return listed || rowed ? '\n' : '\n\n'
  }

  private check(): void {
    if (this.blocks.length >= limits.parserBlocks) {
      throw overLimit('parserBlocks', this.where, 'The document has too many paragraphs or rows')
    }
    if (this.blocks.length % deadlineEvery === 0 && Date.now() > this.deadline) {
      throw overLimit('parserSeconds', this.where, 'Parsing took too long')
    }
  }
}

/** Without NUL and lone surrogates; everything else stays as it is. */
export function cleanText(text: string): string {
  const whole = text.includes('\0') ? text.replaceAll('\0', '') : text
  return whole.isWellFormed() ? whole : whole.replace(/\p{Surrogate}/gu, '')
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function trimBlankLines(text: string): string {
  return text.replace(/^(?:[^\S\n]*\r?\n)+/, '').trimEnd()
}
