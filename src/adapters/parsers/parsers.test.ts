import { readFileSync } from 'node:fs'
import { strToU8 } from 'fflate'
import { PDFDocument, StandardFonts } from 'pdf-lib'
import { describe, expect, it } from 'vitest'
import { checkParsed, parserKit } from '../../../conformance/parser/index.ts'
import { csvParser } from './csv.ts'
import { docxParser } from './docx/index.ts'
import { emlParser } from './eml.ts'
import { htmlParser } from './html.ts'
import { markdownParser } from './markdown.ts'
import { parseAny } from './parse-any.ts'
import { pdfParser } from './pdf/index.ts'
import { pptxParser } from './pptx/index.ts'
import { encrypted, makeDocxOf, makePdf, paragraph } from './test-files/make.ts'
import { samplesOf } from './test-files/samples.ts'
import { txtParser } from './txt.ts'
import { xlsxParser } from './xlsx/index.ts'

const text = (name: string, content: string, words: string[] = []) => ({
  name,
  bytes: () => strToU8(content),
  words,
})

parserKit('txt', {
  open: async () => txtParser,
  samples: [
    text('a.txt', 'One\ntwo\n\n  three\r\nfour\0 \n\n\n', ['One\ntwo', 'three\nfour']),
    text('space.txt', ' \n '),
  ],
})
parserKit('markdown', { open: async () => markdownParser, samples: samplesOf('md', '.md') })
parserKit('html', { open: async () => htmlParser, samples: samplesOf('html', '.html') })
parserKit('csv', { open: async () => csvParser, samples: samplesOf('csv', '.csv') })
parserKit('eml', { open: async () => emlParser, samples: samplesOf('email', '.eml') })
parserKit('docx', {
  open: async () => docxParser,
  samples: samplesOf('docx', '.docx'),
  broken: [{ name: 'no.docx', bytes: () => strToU8('PK\x03\x04 but no archive') }],
})
parserKit('pptx', { open: async () => pptxParser, samples: samplesOf('pptx', '.pptx') })
parserKit('xlsx', { open: async () => xlsxParser, samples: samplesOf('xlsx', '.xlsx') })

const onePage = await makePdf([[{ text: 'Hello', x: 72, y: 700 }]])
parserKit('pdf', {
  open: async () => pdfParser,
  samples: samplesOf('pdf', '.pdf'),
  broken: [
    { name: 'locked.pdf', bytes: () => encrypted(onePage) },
    { name: 'garbage.pdf', bytes: () => strToU8(`%PDF-1.7\n${'nothing '.repeat(100)}`) },
  ],
})

/** A small file beside this test, written for it. */
function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`./test-files/${name}`, import.meta.url)))
}

/** Kind, level and text of each block, one string to a block. */
async function blocksOf(name: string, bytes: Uint8Array): Promise<string[]> {
  const { document } = await parseAny({ name, bytes })
  return document.blocks.map(
    (b) => `${b.kind}${b.level ?? ''}: ${document.text.slice(b.start, b.end)}`,
  )
}

describe('structure survives', () => {
  it('keeps headings, lists, tables, code and quotes of Markdown [M1.structure]', async () => {
    expect(await blocksOf('plan.md', fixture('plan.md'))).toEqual([
      'heading1: Top',
      'paragraph: Some marked link & code.',
      'list-item1: 1. one',
      'list-item1: 2. two',
      'list-item2: deep',
      'table-header: A | B',
      'table-row: 1 | 2',
      'quote: said',
      'code: select 1\n\nfrom x',
    ])
    const { document } = await parseAny({ name: 'plan.md', bytes: fixture('plan.md') })
    expect(document).toMatchObject({ title: 'Plan', metadata: { owner: 'Ann' } })
  })

  it('reads the main content of a page and leaves the rest out [M1.structure]', async () => {
    expect(await blocksOf('page.html', fixture('page.sample'))).toEqual([
      'heading2: Head bold',
      'paragraph: First\nline',
      'list-item1: 1. one',
      'list-item2: deep',
      'list-item1: 2. two',
      'table-header: A | B',
      'table-row: 1 | 2',
      'table-row: 1 | 3',
      'code: a\n  b',
      'quote: said',
    ])
  })

  it('numbers as Word does, repeats merged cells, adds notes [M1.structure]', async () => {
    const note = `<w:footnote w:id="2">${paragraph('Source.')}</w:footnote>`
    const bytes = makeDocxOf(fixture('numbered.docx.xml'), {
      'word/numbering.xml': fixture('numbering.xml'),
      'word/_rels/document.xml.rels': fixture('document.xml.rels'),
      'word/notes.xml': `<w:footnotes xmlns:w="w">${note}</w:footnotes>`,
    })
    expect(await blocksOf('a.docx', bytes)).toEqual([
      'list-item1: 3. first',
      'list-item2: 3(a) sub',
      'list-item2: 3(b) next',
      'list-item1: 4. second',
      'table-header: A | B',
      'table-row: x | 1',
      'table-row: x | 2',
      'paragraph: Fact[1]',
      'paragraph: [1] Source.',
    ])
  })

  it('reads an e-mail with its quote and all its attachments [M1.attachments]', async () => {
    const { document } = await parseAny({ name: 'm.eml', bytes: fixture('mail.eml') })
    expect(document.metadata).toMatchObject({
      from: 'Ann <a@x.test>',
      sent: '2024-01-01T09:00:00.000Z',
      attachments: 'p.csv, in.eml, x.png',
    })
    expect(document.title).toBe('Prämie')
    expect(document.blocks.map((b) => b.kind)).toContain('quote')
    expect(document.text).toContain('a | b\n1 | 2')
    expect(document.text).toContain('Deep words')
    expect(document.warnings).toEqual([expect.stringMatching(/x\.png was not read: .*PNG image/)])
  })
})

describe('PDF layout', () => {
  it('places lines in points from the top left and joins cut words [M1.boxes]', async () => {
    const bytes = await makePdf([
      [
        { text: 'Claims', x: 72, y: 760, size: 20, bold: true },
        { text: 'The policy holder must report the dam-', x: 72, y: 700 },
        { text: 'age within ten days of the event and a well-', x: 72, y: 686 },
        { text: 'known form helps; a well-known form is short.', x: 72, y: 672 },
      ],
      [{ text: 'Second page.', x: 72, y: 760 }],
    ])
    const { document } = await parseAny({ name: 'a.pdf', bytes })
    expect(
      document.blocks.map((b) => [b.kind, b.page, document.text.slice(b.start, b.end)]),
    ).toEqual([
      ['heading', 1, 'Claims'],
      [
        'paragraph',
        1,
        'The policy holder must report the damage within ten days of the event and a ' +
          'well-known form helps; a well-known form is short.',
      ],
      ['paragraph', 2, 'Second page.'],
    ])
    expect(document.pages).toMatchObject([{ number: 1, width: 595, height: 842 }, { number: 2 }])
    const marked = document.boxes!.map((b) => [
      document.text.slice(b.start, b.end),
      b.page,
      Math.round(b.x),
    ])
    expect(marked).toContainEqual(['The policy holder must report the dam', 1, 72])
    const line = document.boxes!.find((b) => document.text.startsWith('age within', b.start))!
    expect(line.y).toBeLessThan(842 - 686)
    expect(line.y + line.height).toBeGreaterThan(842 - 686)
    expect(line.width).toBeGreaterThan(180)
  })

  it('finds tables by their columns and leaves repeated heads out [M1.tables]', async () => {
    const row = (y: number, cells: string[]) =>
      cells.map((t, i) => ({ text: t, x: 72 + i * 150, y }))
    const page = (n: number) => [
      { text: `ACME manual, page ${n}`, x: 72, y: 815, size: 8 },
      { text: `Text number ${n} stands above the table.`, x: 72, y: 760 },
      ...row(720, ['Product', 'Premium', 'Limit']),
      ...row(704, ['Home', `12${n}`, '500']),
      ...row(688, ['Car', '340', '']),
    ]
    const { document } = await parseAny({
      name: 'a.pdf',
      bytes: await makePdf([1, 2, 3, 4].map(page)),
    })
    const rows = document.blocks
      .filter((b) => b.table === 2)
      .map((b) => document.text.slice(b.start, b.end))
    expect(rows).toEqual(['Product | Premium | Limit', 'Home | 122 | 500', 'Car | 340 |'])
    expect(document.text.match(/ACME manual/g)).toHaveLength(1)
    expect(document.warnings).toContain('note: 3 repeated header and footer lines were left out')
  })

  it('reads what was written into a form, beside its label [M1.forms]', async () => {
    const pdf = await PDFDocument.create()
    const font = await pdf.embedFont(StandardFonts.Helvetica)
    const page = pdf.addPage([595, 842])
    page.drawText('Policy number', { x: 72, y: 700, size: 11, font })
    page.drawText('Damage by water', { x: 72, y: 660, size: 11, font })
    page.drawText('Signed below.', { x: 72, y: 620, size: 11, font })
    const form = pdf.getForm()
    const number = form.createTextField('f1')
    number.setText('TH-0815')
    number.addToPage(page, { x: 200, y: 695, width: 150, height: 18, font })
    const box = form.createCheckBox('f2')
    box.addToPage(page, { x: 200, y: 657, width: 14, height: 14 })
    box.check()
    form.createTextField('f3').addToPage(page, { x: 200, y: 617, width: 150, height: 18, font })
    const { document } = await parseAny({ name: 'form.pdf', bytes: await pdf.save() })
    expect(checkParsed(document)).toEqual([])
    expect(document.text.replace(/\s+\|?\s*/g, ' ')).toBe(
      'Policy number TH-0815 Damage by water [x] Signed below.',
    )
    expect(document.boxes?.map((b) => Math.round(b.x))).toContain(200)
  })

  it('says which pages have no text layer [M1.warnings]', async () => {
    const { document } = await parseAny({
      name: 'a.pdf',
      bytes: await makePdf([[{ text: 'x', x: 9, y: 9 }], [], []]),
    })
    expect(document.warnings).toEqual(['pages 2 to 3 have no text layer'])
  })
})
