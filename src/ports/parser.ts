/** What a parser gives back. All offsets are UTF-16 code units into `text`, end exclusive. */
export interface ParsedDocument {
  /** Media type by content, e.g. `application/pdf`. */
  mediaType: string
  title?: string
  /**
   * The stored text: blocks in reading order, separated by blank lines (table rows and list items
   * by one newline). No NUL or lone surrogates. Tables are written one row per line, cells
   * separated by ` | `, header row first.
   */
  text: string
  /**
   * Ordered, not overlapping; together they cover every character of `text` that is not
   * whitespace.
   */
  blocks: Block[]
  /** Pages, slides or sheets, in order; absent where the format has none. */
  pages?: PageSpan[]
  /**
   * Where words stand on a PDF page, for marking a passage on the rendered page. One per line of
   * text.
   */
  boxes?: TextBox[]
  /** From the file itself: author, created, subject, from, to, sent … Dates as ISO 8601. */
  metadata: Record<string, string | number | boolean>
  /**
   * What was left out and why, e.g. "page 3 has no text layer". What begins with `notePrefix` loses nothing: it is told,
   * and nobody has to act.
   */
  warnings: string[]
}

export const notePrefix = 'note: '

export interface Block {
  kind: 'heading' | 'paragraph' | 'list-item' | 'table-header' | 'table-row' | 'code' | 'quote'
  start: number
  end: number
  /** Heading level 1 to 6; nesting depth for list items, from 1. */
  level?: number
  /** 1-based page, slide or sheet. */
  page?: number
  /** Rows and headers of one table share a number. */
  table?: number
}

export interface PageSpan {
  /** 1-based. */
  number: number
  start: number
  end: number
  /** Sheet or slide name where there is one. */
  label?: string
  /** PDF points, where the format has a page size. */
  width?: number
  height?: number
}

export interface TextBox {
  page: number
  start: number
  end: number
  /** PDF points from the top left of the page. */
  x: number
  y: number
  width: number
  height: number
}

export interface ParseInput {
  /** The parser may take the buffer over: it is not the caller's any more. */
  bytes: Uint8Array
  /** File name, a hint only: the content decides. */
  name: string
}

/** What the caller may hand along; every part is optional. */
export interface ParseOptions {
  /** Called as pages, slides or sheets are done, where the format has them. */
  onProgress?: (done: number, total: number) => void
  /** Milliseconds since the epoch after which the parser gives up with PARSER_LIMIT. */
  deadline?: number
  /** How many documents this one is attached inside of; 0 at the top. */
  depth?: number
  /** Parses what is attached inside; without it attachments are only listed. */
  parseAttached?: (input: ParseInput, options: ParseOptions) => Promise<ParsedDocument>
}

export interface Parser {
  readonly version: 'parser/1'
  /** Identity with a version, recorded with every document version: `pdf/1`. */
  readonly id: string
  /** Media types this parser reads. */
  readonly mediaTypes: readonly string[]
  /** Throws PlinthError UNPARSABLE (with `where`: page or element) or PARSER_LIMIT. */
  parse(input: ParseInput, options?: ParseOptions): Promise<ParsedDocument>
}
