import {
  AlignmentType,
  BorderStyle,
  Document,
  Footer,
  HeadingLevel,
  LevelFormat,
  Packer,
  PageNumber,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  TextRun,
  WidthType,
} from 'docx'
import { readMarkdown, type SourceBlock } from './markdown.ts'
import { withFixedDates } from './zip.ts'

const headings = {
  1: HeadingLevel.TITLE,
  2: HeadingLevel.HEADING_1,
  3: HeadingLevel.HEADING_2,
} as const

/** A Word document with real headings, numbered lists and tables whose first row repeats. */
export async function makeDocx(source: string): Promise<Uint8Array> {
  const blocks = readMarkdown(source)
  const title = blocks.find((block) => block.kind === 'heading')?.text ?? ''
  const document = new Document({
    title,
    creator: 'Tessmere Mutual',
    styles: { default: { document: { run: { font: 'Calibri', size: 22 } } } },
    numbering: {
      config: [list('bullets', LevelFormat.BULLET, '•'), list('steps', LevelFormat.DECIMAL, '%1.')],
    },
    sections: [{ footers: { default: footer(title) }, children: blocks.map(toWord) }],
  })
  return withFixedDates(new Uint8Array(await Packer.toBuffer(document)))
}

function list(
  reference: string,
  format: (typeof LevelFormat)[keyof typeof LevelFormat],
  text: string,
) {
  const style = { paragraph: { indent: { left: 480, hanging: 240 } } }
  return {
    reference,
    levels: [{ level: 0, format, text, alignment: AlignmentType.LEFT, style }],
  }
}

function footer(title: string): Footer {
  const run = new TextRun({
    size: 16,
    children: [`${title}    Page `, PageNumber.CURRENT, ' of ', PageNumber.TOTAL_PAGES],
  })
  return new Footer({ children: [new Paragraph({ children: [run] })] })
}

function toWord(block: SourceBlock): Paragraph | Table {
  switch (block.kind) {
    case 'heading':
      return new Paragraph({ text: block.text, heading: headings[block.level] })
    case 'paragraph':
      return new Paragraph({ text: block.text, spacing: { after: 120 } })
    case 'item': {
      const numbering = { reference: block.ordered ? 'steps' : 'bullets', level: 0 }
      return new Paragraph({ text: block.text, numbering })
    }
    case 'table':
      return toTable(block.columns, block.rows)
  }
}

function toTable(columns: string[], rows: string[][]): Table {
  const line = { style: BorderStyle.SINGLE, size: 4, color: '999999' }
  return new Table({
    width: { size: 100, type: WidthType.PERCENTAGE },
    borders: {
      top: line,
      bottom: line,
      left: line,
      right: line,
      insideHorizontal: line,
      insideVertical: line,
    },
    rows: [
      new TableRow({ tableHeader: true, children: columns.map((text) => cell(text, true)) }),
      ...rows.map((row) => new TableRow({ children: row.map((text) => cell(text, false)) })),
    ],
  })
}

function cell(text: string, bold: boolean): TableCell {
  return new TableCell({ children: [new Paragraph({ children: [new TextRun({ text, bold })] })] })
}
