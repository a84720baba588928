import { strToU8 } from 'fflate'
import { describe, expect, it } from 'vitest'
import { parserKit } from '../../../conformance/parser/index.ts'
import { csvParser } from './csv.ts'
import { docxParser } from './docx/index.ts'
import { emlParser } from './eml.ts'
import { htmlParser } from './html.ts'
import { markdownParser } from './markdown.ts'
import { parseAny } from './parse-any.ts'
import { pdfParser } from './pdf/index.ts'
import { pptxParser } from './pptx/index.ts'
import { encrypted, makeDocx, makePdf, paragraph } from './test-files/make.ts'
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

/** Kind, level and text of each block, one string to a block. */
async function blocksOf(name: string, bytes: Uint8Array): Promise<string[]> {
  const { document } = await parseAny({ name, bytes })
  return document.blocks.map(
    (b) => `${b.kind}${b.level ?? ''}: ${document.text.slice(b.start, b.end)}`,
  )
}

describe('structure survives', () => {
  it('keeps headings, lists, tables, code and quotes of Markdown [M1.structure]', async () => {
    const source = `---\ntitle: "Plan"\nowner: Ann\n---\n# Top\n\nSome *marked* [link](https://x.test) &amp; \`code\`.\n\n1. one\n2. two\n   - deep\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n> said\n\n\`\`\`sql\nselect 1\n\nfrom x\n\`\`\`\n`
    expect(await blocksOf('plan.md', strToU8(source))).toEqual([
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
    const { document } = await parseAny({ name: 'plan.md', bytes: strToU8(source) })
    expect(document).toMatchObject({ title: 'Plan', metadata: { owner: 'Ann' } })
  })

  it('reads the main content of a page and leaves the rest out [M1.structure]', async () => {
    const source = `<!doctype html><html lang="de"><head><title>T</title><style>x{}</style></head><body><nav>Menu</nav>
      <h2>Head <b>bold</b></h2><p>First<br>line</p><ol><li>one<ul><li>deep</li></ul></li><li>two</li></ol><script>no()</script>
      <div hidden>gone</div><table><tr><th>A<th>B</tr><tr><td rowspan=2>1<td>2</tr><tr><td>3</tr></table><pre>a
  b</pre><blockquote>said</blockquote></body></html>`
    expect(await blocksOf('page.html', strToU8(source))).toEqual([
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

  it('numbers lists and headings as Word does, repeats merged cells, adds notes [M1.structure]', async () => {
    const numbering = `<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1(%2)"/></w:lvl></w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num></w:numbering>`
    const rels = `<Relationships><Relationship Id="r1" Type="x/numbering" Target="numbering.xml"/><Relationship Id="r2" Type="x/footnotes" Target="/word/notes.xml"/></Relationships>`
    const item = (level: number, t: string) =>
      `<w:p><w:pPr><w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="7"/></w:numPr></w:pPr><w:r><w:t>${t}</w:t></w:r></w:p>`
    const cell = (t: string, properties = '') =>
      `<w:tc><w:tcPr>${properties}</w:tcPr>${paragraph(t)}</w:tc>`
    const table = `<w:tbl><w:tr>${cell('A')}${cell('B')}</w:tr><w:tr>${cell('x', '<w:vMerge w:val="restart"/>')}${cell('1')}</w:tr><w:tr>${cell('', '<w:vMerge/>')}${cell('2')}</w:tr></w:tbl>`
    const note =
      '<w:p><w:r><w:t>Fact</w:t><w:footnoteReference w:id="2"/></w:r><w:del><w:r><w:t>old</w:t></w:r></w:del></w:p>'
    const bytes = makeDocx(
      item(0, 'first') + item(1, 'sub') + item(1, 'next') + item(0, 'second') + table + note,
      {
        'word/numbering.xml': numbering,
        'word/_rels/document.xml.rels': rels,
        'word/notes.xml': `<w:footnotes xmlns:w="w"><w:footnote w:id="2">${paragraph('Source.')}</w:footnote></w:footnotes>`,
      },
    )
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

  it('reads an e-mail with its quote and its attachments, nested ones too [M1.attachments]', async () => {
    const inner =
      'From: c@x.test\nTo: d@x.test\nSubject: Inner\nDate: Tue, 02 Jan 2024 10:00:00 +0100\n\nDeep words'
    const mail = `From: Ann <a@x.test>\nTo: b@x.test\nSubject: =?utf-8?q?Pr=C3=A4mie?=\nDate: Mon, 01 Jan 2024 10:00:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain; charset=utf-8\n\nHello\n\n> earlier\n> words\n--B\nContent-Type: text/csv\nContent-Disposition: attachment; filename=p.csv\n\na;b\n1;2\n--B\nContent-Type: message/rfc822\nContent-Disposition: attachment; filename=in.eml\n\n${inner}\n--B\nContent-Type: image/png\nContent-Disposition: attachment; filename=x.png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--B--\n`
    const { document } = await parseAny({ name: 'm.eml', bytes: strToU8(mail) })
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
        'The policy holder must report the damage within ten days of the event and a well-known form helps; a well-known form is short.',
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
    expect(document.warnings).toContain('3 repeated header and footer lines were left out')
  })

  it('says which pages have no text layer [M1.warnings]', async () => {
    const { document } = await parseAny({
      name: 'a.pdf',
      bytes: await makePdf([[{ text: 'x', x: 9, y: 9 }], [], []]),
    })
    expect(document.warnings).toEqual(['pages 2 to 3 have no text layer'])
  })
})
