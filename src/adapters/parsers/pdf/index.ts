import { setImmediate } from 'node:timers/promises'
import { limits, PlinthError } from '#kernel'
import type { ParseOptions, Parser } from '#ports'
import { DocumentBuilder } from '../builder.ts'
import { overLimit, unparsable } from '../failures.ts'
import { readText } from './characters.ts'
import { Form, withFields } from './fields.ts'
import { fragmentsOf } from './fragments.ts'
import { repeatedLines } from './furniture.ts'
import { headingLevel, type Typography, typographyOf } from './headings.ts'
import { readInfo, readOutline } from './info.ts'
import { joinLines, type Line, textOfLine } from './lines.ts'
import { guarded, openPdf, type PdfDocument } from './open.ts'
import { paragraphsOf } from './paragraphs.ts'
import { partsOf, rowsOf, runsOf, type TablePart, type TextPart } from './tables.ts'
import { viewOf } from './view.ts'

interface Page {
  width: number
  height: number
  parts: (TablePart | TextPart)[]
}

/**
 * PDF: the text layer, page by page, with the place of every line. Pictures of text are not read.
 */
export const pdfParser: Parser = {
  version: 'parser/1',
  id: 'pdf/2',
  mediaTypes: ['application/pdf'],
  async parse(input, options = {}) {
    const builder = new DocumentBuilder('application/pdf', {
      name: input.name,
      deadline: options.deadline,
    })
    const pdf = await openPdf(input.bytes, input.name)
    try {
      if (pdf.pageCount > limits.parserPages) {
        throw overLimit('parserPages', input.name, `The PDF has ${pdf.pageCount} pages`)
      }
      const outline = guarded(pdf.library, input.name, () => {
        readInfo(pdf, builder)
        return readOutline(pdf)
      })
      const pages = await readPages(pdf, builder, { ...options, name: input.name })
      write(pages, builder, outline)
    } finally {
      pdf.close()
    }
    return builder.finish()
  },
}

async function readPages(
  pdf: PdfDocument,
  builder: DocumentBuilder,
  options: ParseOptions & { name: string },
): Promise<Page[]> {
  const pages: Page[] = []
  const form = guarded(pdf.library, options.name, () => Form.open(pdf))
  let failed = 0
  for (let number = 1; number <= pdf.pageCount; number++) {
    const where = `${options.name}, page ${number}`
    if (Date.now() > (options.deadline ?? Number.POSITIVE_INFINITY)) {
      throw overLimit('parserSeconds', where, 'Parsing took too long')
    }
    try {
      pages.push(guarded(pdf.library, where, () => readPage(pdf, number - 1, form)))
    } catch (error) {
      if (error instanceof PlinthError) throw error
      failed++
      builder.warn(
        `page ${number} could not be read: ${error instanceof Error ? error.message : error}`,
      )
      pages.push({ width: 0, height: 0, parts: [] })
    }
    options.onProgress?.(number, pdf.pageCount)
    // PDFium never waits: messages from and to the parent pass between pages.
    await setImmediate()
  }
  if (failed > 0 && failed === pdf.pageCount) {
    throw unparsable('No page of the PDF could be read.', { where: `${options.name}, page 1` })
  }
  return pages
}

function readPage(pdf: PdfDocument, index: number, form: Form | undefined): Page {
  const page = pdf.page(index)
  const { width, height, viewport } = viewOf(pdf, page)
  const printed = fragmentsOf(readText(pdf.library, page, viewport))
  const fields = form?.read(page) ?? []
  const fragments = fields.length > 0 ? withFields(printed, fields, viewport) : printed
  return { width, height, parts: partsOf(rowsOf(runsOf(fragments))) }
}

function linesOf(page: Page): Line[] {
  return page.parts.flatMap((part) => (part.kind === 'text' ? part.lines : part.rows.flat(2)))
}

function write(
  pages: Page[],
  builder: DocumentBuilder,
  outline: ReadonlyMap<string, number>,
): void {
  const all = pages.map((page) => ({ lines: linesOf(page), height: page.height }))
  const repeated = repeatedLines(all)
  const type = typographyOf(
    all.map((page) => page.lines),
    outline,
  )
  const empty: number[] = []
  for (const [i, page] of pages.entries()) {
    const size = page.width > 0 ? { width: page.width, height: page.height } : {}
    const number = builder.startPage(size)
    const lines = (all[i] as { lines: Line[] }).lines
    if (lines.length === 0) empty.push(number)
    const pageText = lines.map(textOfLine).join('\n')
    for (const part of page.parts) {
      if (part.kind === 'table') writeTable(part, builder, pageText)
      else
        writeText(
          part.lines.filter((line) => !repeated.has(line)),
          builder,
          { type, pageText },
        )
    }
  }
  builder.endPage()
  for (const range of ranges(empty)) builder.warn(`${range} no text layer`)
  if (repeated.size > 0)
    builder.note(`${repeated.size} repeated header and footer lines were left out`)
}

function writeTable(table: TablePart, builder: DocumentBuilder, pageText: string): void {
  const id = builder.newTable()
  for (const [i, row] of table.rows.entries()) {
    let text = ''
    const placed = row.flatMap((cell, column) => {
      if (column > 0) text += ' | '
      const joined = joinLines(cell, pageText)
      const base = text.length
      text += joined.text
      return joined.placed.map((p) => ({ ...p, start: p.start + base, end: p.end + base }))
    })
    builder.addPlaced(i === 0 ? 'table-header' : 'table-row', text, { table: id, placed })
  }
}

function writeText(
  lines: Line[],
  builder: DocumentBuilder,
  { type, pageText }: { type: Typography; pageText: string },
): void {
  for (const paragraph of paragraphsOf(lines)) {
    const { text, placed } = joinLines(paragraph.lines, pageText)
    const level = headingLevel(paragraph, text, type)
    if (level !== undefined) {
      // What opens the document is its title, whatever its size.
      const opens = level === 1 || builder.blockCount === 0
      if (builder.title === undefined && opens) builder.title = text
      builder.addPlaced('heading', text, { level, placed })
    } else if (paragraph.list) builder.addPlaced('list-item', text, { level: 1, placed })
    else builder.addPlaced('paragraph', text, { placed })
  }
}

/** `page 3 has`, `pages 5 to 9 have`. */
function ranges(numbers: number[]): string[] {
  const found: string[] = []
  for (let i = 0; i < numbers.length; ) {
    let j = i
    while (j + 1 < numbers.length && numbers[j + 1] === (numbers[j] as number) + 1) j++
    found.push(i === j ? `page ${numbers[i]} has` : `pages ${numbers[i]} to ${numbers[j]} have`)
    i = j + 1
  }
  return found
}
