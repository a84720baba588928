import type { Block, ParsedDocument } from '../../src/ports/index.ts'

/**
 * Every promise of ParsedDocument that can be seen from the document alone, checked. Returns what
 * is broken, in words; an empty list for a correct document. Pure, so that properties can call it
 * a thousand times.
 */
export function checkParsed(document: ParsedDocument): string[] {
  const broken: string[] = []
  const { text } = document
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(document.mediaType))
    broken.push(`media type ${document.mediaType}`)
  if (text.includes('\0')) broken.push('the text holds a NUL')
  if (!text.isWellFormed()) broken.push('the text holds a lone surrogate')
  if (document.title !== undefined && document.title.trim() === '')
    broken.push('the title is empty')
  checkBlocks(document, broken)
  checkTables(document.blocks, broken)
  checkPages(document, broken)
  checkBoxes(document, broken)
  for (const [key, value] of Object.entries(document.metadata)) {
    if (!['string', 'number', 'boolean'].includes(typeof value))
      broken.push(`metadata ${key} is no plain value`)
  }
  return broken.slice(0, 20)
}

function checkBlocks({ text, blocks }: ParsedDocument, broken: string[]): void {
  let last: Block | undefined
  for (const [i, block] of blocks.entries()) {
    const at = `block ${i} (${block.kind})`
    const start = last?.end ?? 0
    if (!(block.start < block.end && block.end <= text.length)) broken.push(`${at}: bad span`)
    if (block.start < start) broken.push(`${at}: overlaps the one before`)
    const between = text.slice(start, block.start)
    if (between !== separator(last, block))
      broken.push(`${at}: ${JSON.stringify(between.slice(0, 40))} stands before it`)
    const own = text.slice(block.start, block.end)
    if (own !== (block.kind === 'code' ? own.trimEnd() : own.trim()))
      broken.push(`${at}: not trimmed`)
    if (block.kind === 'heading' && !(block.level! >= 1 && block.level! <= 6))
      broken.push(`${at}: level`)
    if (block.kind === 'list-item' && !(block.level! >= 1)) broken.push(`${at}: level`)
    last = block
  }
  if (text.length !== (last?.end ?? 0)) broken.push('text stands after the last block')
}

function separator(last: Block | undefined, block: Block): string {
  if (!last) return ''
  const listed = last.kind === 'list-item' && block.kind === 'list-item' && last.page === block.page
  const rowed = block.table !== undefined && last.table === block.table
  return listed || rowed ? '\n' : '\n\n'
}

/** A table is one run of blocks: its header first, then its rows. */
function checkTables(blocks: Block[], broken: string[]): void {
  const seen = new Set<number>()
  let current: number | undefined
  for (const [i, block] of blocks.entries()) {
    const inTable = block.kind === 'table-header' || block.kind === 'table-row'
    if (inTable !== (block.table !== undefined))
      broken.push(`block ${i}: table number on ${block.kind}`)
    if (inTable && block.table !== current) {
      if (block.kind !== 'table-header')
        broken.push(`block ${i}: table ${block.table} begins without its header`)
      if (seen.has(block.table!)) broken.push(`block ${i}: table ${block.table} is torn`)
      seen.add(block.table!)
    } else if (block.kind === 'table-header')
      broken.push(`block ${i}: a second header in table ${block.table}`)
    current = block.table
  }
}

function checkPages({ text, blocks, pages }: ParsedDocument, broken: string[]): void {
  let end = 0
  for (const [i, page] of (pages ?? []).entries()) {
    if (page.number !== i + 1) broken.push(`page ${i + 1} is numbered ${page.number}`)
    if (!(page.start >= end && page.end >= page.start && page.end <= text.length))
      broken.push(`page ${i + 1}: bad span`)
    end = page.end
  }
  for (const [i, block] of blocks.entries()) {
    if (!pages && block.page !== undefined)
      broken.push(`block ${i} has a page, the document has none`)
    if (!pages) continue
    const page = pages[(block.page ?? 0) - 1]
    if (!page || block.start < page.start || block.end > page.end)
      broken.push(`block ${i} is not on its page`)
  }
}

function checkBoxes({ text, pages, boxes }: ParsedDocument, broken: string[]): void {
  for (const [i, box] of (boxes ?? []).entries()) {
    const page = pages?.[box.page - 1]
    if (!page || box.start < page.start || box.end > page.end)
      broken.push(`box ${i} is not on its page`)
    if (!(box.start < box.end) || text.slice(box.start, box.end).trim() === '')
      broken.push(`box ${i} marks nothing`)
    const numbers = [box.x, box.y, box.width, box.height]
    if (!numbers.every(Number.isFinite) || box.width < 0 || box.height < 0)
      broken.push(`box ${i} has no place`)
  }
}
