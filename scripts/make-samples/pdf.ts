import { PDFDocument, type PDFFont, type PDFPage, rgb, StandardFonts } from 'pdf-lib'
import { readMarkdown, type SourceBlock } from './markdown.ts'

// A4 in points, with margins wide enough to read comfortably.
const sheet = { width: 595.28, height: 841.89, left: 68, right: 68, top: 84, bottom: 76 }
const inner = sheet.width - sheet.left - sheet.right
const grey = rgb(0.35, 0.35, 0.35)
const text = { size: 11.5, leading: 17.5 }
const sizes = { 1: 26, 2: 18, 3: 13 } as const

interface Fonts {
  plain: PDFFont
  bold: PDFFont
}

/** Where the pen is: the page, and the distance from the bottom in points. */
interface Pen {
  pdf: PDFDocument
  fonts: Fonts
  page: PDFPage
  y: number
  contents: { text: string; page: number }[]
}

/**
 * A booklet: cover, table of contents with page numbers, chapters that begin on a new page, tables,
 * running header and page numbers. Standard fonts and fixed dates, so the same source gives the
 * same bytes.
 */
export async function makePdf(source: string): Promise<Uint8Array> {
  const blocks = readMarkdown(source)
  const first = blocks.findIndex((block) => block.kind === 'heading' && block.level === 2)
  const pdf = await PDFDocument.create({ updateMetadata: false })
  const fonts = {
    plain: await pdf.embedFont(StandardFonts.TimesRoman),
    bold: await pdf.embedFont(StandardFonts.HelveticaBold),
  }
  const title = drawCover(pdf, fonts, blocks.slice(0, first))
  const contentsPage = pdf.addPage([sheet.width, sheet.height])
  const pen: Pen = { pdf, fonts, page: contentsPage, y: 0, contents: [] }
  for (const block of blocks.slice(first)) draw(pen, block)
  drawContents(pen, contentsPage)
  drawFrames(pen, title)
  setMetadata(pdf, title)
  return pdf.save({ useObjectStreams: false })
}

function setMetadata(pdf: PDFDocument, title: string): void {
  const date = new Date('2026-03-01T09:00:00Z')
  pdf.setTitle(title)
  pdf.setAuthor('Tessmere Mutual')
  pdf.setCreator('make-samples')
  pdf.setProducer('pdf-lib')
  pdf.setCreationDate(date)
  pdf.setModificationDate(date)
}

function drawCover(pdf: PDFDocument, fonts: Fonts, blocks: SourceBlock[]): string {
  const page = pdf.addPage([sheet.width, sheet.height])
  const title = blocks.find((block) => block.kind === 'heading')?.text ?? ''
  page.drawText(title, { x: sheet.left, y: 560, size: 40, font: fonts.bold })
  let y = 520
  for (const block of blocks) {
    if (block.kind !== 'paragraph') continue
    for (const line of wrap(block.text, fonts.plain, { size: 14, width: inner })) {
      page.drawText(line, { x: sheet.left, y, size: 14, font: fonts.plain })
      y -= 20
    }
  }
  page.drawText('Tessmere Mutual Insurance Society Limited, Calder House, Leeds', {
    x: sheet.left,
    y: sheet.bottom,
    size: 10,
    font: fonts.plain,
    color: grey,
  })
  return title
}

function draw(pen: Pen, block: SourceBlock): void {
  switch (block.kind) {
    case 'heading':
      drawHeading(pen, block)
      return
    case 'paragraph':
      drawLines(
        pen,
        wrap(block.text, pen.fonts.plain, { size: text.size, width: inner }),
        sheet.left,
      )
      pen.y -= 7
      return
    case 'item': {
      const mark = block.ordered ? `${block.number}.` : '•'
      const lines = wrap(block.text, pen.fonts.plain, { size: text.size, width: inner - 20 })
      need(pen, Math.min(lines.length, 2) * text.leading)
      pen.page.drawText(mark, {
        x: sheet.left + 4,
        y: pen.y - text.size,
        size: text.size,
        font: pen.fonts.plain,
      })
      drawLines(pen, lines, sheet.left + 20)
      pen.y -= 3
      return
    }
    case 'table':
      drawTable(pen, block.columns, block.rows)
      return
  }
}

function drawHeading(pen: Pen, block: Extract<SourceBlock, { kind: 'heading' }>): void {
  const size = sizes[block.level]
  if (block.level === 2) {
    // A chapter starts a page of its own unless it fits below the previous one.
    if (pen.y < 330) newPage(pen)
    else pen.y -= 26
    pen.contents.push({ text: block.text, page: pen.pdf.getPageCount() })
  } else {
    need(pen, size + 3 * text.leading)
    pen.y -= 8
  }
  const at = { x: sheet.left, y: pen.y - size, size, font: pen.fonts.bold }
  pen.page.drawText(block.text, at)
  pen.y -= size + 10
}

function drawLines(pen: Pen, lines: string[], x: number): void {
  for (const line of lines) {
    need(pen, text.leading)
    pen.page.drawText(line, { x, y: pen.y - text.size, size: text.size, font: pen.fonts.plain })
    pen.y -= text.leading
  }
}

function drawTable(pen: Pen, columns: string[], rows: string[][]): void {
  const widths = share(columns, rows)
  drawRow(pen, columns, { widths, font: pen.fonts.bold })
  for (const row of rows) drawRow(pen, row, { widths, font: pen.fonts.plain })
  pen.y -= 10
}

function drawRow(pen: Pen, cells: string[], style: { widths: number[]; font: PDFFont }): void {
  const lines = cells.map((c, i) =>
    wrap(c, style.font, { size: 10, width: (style.widths[i] ?? 0) - 10 }),
  )
  const height = Math.max(...lines.map((l) => l.length)) * 13 + 7
  need(pen, height)
  let x = sheet.left
  lines.forEach((part, i) => {
    part.forEach((line, n) => {
      pen.page.drawText(line, { x, y: pen.y - 12 - n * 13, size: 10, font: style.font })
    })
    x += style.widths[i] ?? 0
  })
  pen.y -= height
  const rule = { thickness: 0.5, color: rgb(0.75, 0.75, 0.75) }
  const end = { x: sheet.width - sheet.right, y: pen.y }
  pen.page.drawLine({ start: { x: sheet.left, y: pen.y }, end, ...rule })
}

/** Column widths in proportion to the longest cell, none below a sixth of the table. */
function share(columns: string[], rows: string[][]): number[] {
  const longest = columns.map((head, i) =>
    Math.min(60, Math.max(head.length, ...rows.map((row) => (row[i] ?? '').length))),
  )
  const least = longest.map((n) => Math.max(n, longest.reduce((a, b) => a + b, 0) / 6))
  const sum = least.reduce((a, b) => a + b, 0)
  return least.map((n) => (n / sum) * inner)
}

function drawContents(pen: Pen, page: PDFPage): void {
  page.drawText('Contents', { x: sheet.left, y: 720, size: 18, font: pen.fonts.bold })
  let y = 684
  for (const entry of pen.contents) {
    const number = String(entry.page)
    const at = { y, size: 12, font: pen.fonts.plain }
    page.drawText(entry.text, { x: sheet.left, ...at })
    const x = sheet.width - sheet.right - pen.fonts.plain.widthOfTextAtSize(number, 12)
    page.drawText(number, { x, ...at })
    y -= 24
  }
}

function drawFrames(pen: Pen, title: string): void {
  pen.pdf.getPages().forEach((page, i) => {
    if (i === 0) return
    const style = { size: 9, font: pen.fonts.plain, color: grey }
    page.drawText(`${title}, policy booklet TH-2026-03`, { x: sheet.left, y: 800, ...style })
    const number = `Page ${i + 1} of ${pen.pdf.getPageCount()}`
    page.drawText(number, { x: sheet.left, y: 40, ...style })
  })
}

function need(pen: Pen, height: number): void {
  if (pen.y - height < sheet.bottom) newPage(pen)
}

function newPage(pen: Pen): void {
  pen.page = pen.pdf.addPage([sheet.width, sheet.height])
  pen.y = sheet.height - sheet.top
}

function wrap(
  content: string,
  font: PDFFont,
  { size, width }: { size: number; width: number },
): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of content.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && font.widthOfTextAtSize(longer, size) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}
