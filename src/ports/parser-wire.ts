import type { Block, PageSpan, ParsedDocument, TextBox } from './parser.ts'

/**
 * How a parsed document travels from a parser process: in parts small enough that taking one in
 * never holds up the receiver, with blocks and boxes as numbers in typed arrays instead of
 * objects.
 */
export type ParserRequest =
  | { type: 'parse'; id: number; name: string; seconds: number; path: string }
  | { type: 'parse'; id: number; name: string; seconds: number; bytes: Uint8Array }

export type ParserReply =
  | { type: 'ready' }
  | { type: 'progress'; id: number; done: number; total: number }
  | ({ type: 'part'; id: number } & DocumentPart)
  | { type: 'done'; id: number; head: DocumentHead }
  | {
      type: 'failed'
      id: number
      error: { code: string; detail: string; where?: string; remedy?: string }
    }

export interface DocumentPart {
  text?: string
  /** Six numbers to a block: kind, start, end, level, page, table; 0 for none of the last three. */
  blocks?: Int32Array
  /** Seven numbers to a box: page, start, end, x, y, width, height. */
  boxes?: Float64Array
  pages?: PageSpan[]
}

export interface DocumentHead {
  parserId: string
  mediaType: string
  title?: string
  metadata: ParsedDocument['metadata']
  warnings: string[]
  paged: boolean
  boxed: boolean
}

const kinds: readonly Block['kind'][] = [
  'heading',
  'paragraph',
  'list-item',
  'table-header',
  'table-row',
  'code',
  'quote',
]
const textPerPart = 1_000_000
const blocksPerPart = 5_000
const boxesPerPart = 5_000
const pagesPerPart = 2_000

/** The document's bulk in parts, in order. */
export function* partsOfDocument(document: ParsedDocument): Generator<DocumentPart> {
  for (const text of slices(document.text.length, textPerPart)) {
    yield { text: document.text.slice(text.from, text.to) }
  }
  for (const { from, to } of slices(document.blocks.length, blocksPerPart)) {
    yield { blocks: packBlocks(document.blocks.slice(from, to)) }
  }
  const boxes = document.boxes ?? []
  for (const { from, to } of slices(boxes.length, boxesPerPart)) {
    yield { boxes: packBoxes(boxes.slice(from, to)) }
  }
  const pages = document.pages ?? []
  for (const { from, to } of slices(pages.length, pagesPerPart)) {
    yield { pages: pages.slice(from, to) }
  }
}

/** What is said of a document before its parts: everything that does not grow with its length. */
export function headOfDocument(document: ParsedDocument, parserId: string): DocumentHead {
  const { mediaType, title, metadata, warnings } = document
  return {
    parserId,
    mediaType,
    ...(title === undefined ? {} : { title }),
    metadata,
    warnings,
    paged: document.pages !== undefined,
    boxed: document.boxes !== undefined,
  }
}

/** Takes parts in and gives the document back once the head has come. */
export class DocumentAssembly {
  private readonly texts: string[] = []
  private readonly blocks: Block[] = []
  private readonly boxes: TextBox[] = []
  private readonly pages: PageSpan[] = []

  take(part: DocumentPart): void {
    if (part.text !== undefined) this.texts.push(part.text)
    if (part.blocks) unpackBlocks(part.blocks, this.blocks)
    if (part.boxes) unpackBoxes(part.boxes, this.boxes)
    if (part.pages) this.pages.push(...part.pages)
  }

  finish(head: DocumentHead): ParsedDocument & { parserId: string } {
    const { mediaType, title, metadata, warnings, parserId } = head
    return {
      mediaType,
      ...(title === undefined ? {} : { title }),
      text: this.texts.join(''),
      blocks: this.blocks,
      ...(head.paged ? { pages: this.pages } : {}),
      ...(head.boxed ? { boxes: this.boxes } : {}),
      metadata,
      warnings,
      parserId,
    }
  }
}

function* slices(length: number, size: number): Generator<{ from: number; to: number }> {
  for (let from = 0; from < length; from += size) {
    yield { from, to: Math.min(length, from + size) }
  }
}

function packBlocks(blocks: Block[]): Int32Array {
  const packed = new Int32Array(blocks.length * 6)
  for (const [i, b] of blocks.entries()) {
    packed.set(
      [kinds.indexOf(b.kind), b.start, b.end, b.level ?? 0, b.page ?? 0, b.table ?? 0],
      i * 6,
    )
  }
  return packed
}

function unpackBlocks(packed: Int32Array, into: Block[]): void {
  for (let i = 0; i + 5 < packed.length; i += 6) {
    const [kind, start, end, level, page, table] = packed.subarray(i, i + 6)
    const block: Block = {
      kind: kinds[kind as number] ?? 'paragraph',
      start: start as number,
      end: end as number,
    }
    if (level) block.level = level
    if (page) block.page = page
    if (table) block.table = table
    into.push(block)
  }
}

function packBoxes(boxes: TextBox[]): Float64Array {
  const packed = new Float64Array(boxes.length * 7)
  for (const [i, b] of boxes.entries()) {
    packed.set([b.page, b.start, b.end, b.x, b.y, b.width, b.height], i * 7)
  }
  return packed
}

function unpackBoxes(packed: Float64Array, into: TextBox[]): void {
  for (let i = 0; i + 6 < packed.length; i += 7) {
    const [page, start, end, x, y, width, height] = packed.subarray(i, i + 7) as unknown as number[]
    into.push({ page, start, end, x, y, width, height } as TextBox)
  }
}
