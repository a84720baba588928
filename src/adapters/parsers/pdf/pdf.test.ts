import { describe, expect, it } from 'vitest'
import { PlinthError } from '#kernel'
import { parseAny } from '../parse-any.ts'
import { makePdf } from '../test-files/make.ts'
import { eastAsianFont, type RawPdf, rawPdf } from '../test-files/raw-pdf.ts'
import { readSample } from '../test-files/samples.ts'
import { guarded, openPdf } from './open.ts'
import { loadPdfium } from './pdfium.ts'

async function read(raw: RawPdf) {
  return (await parseAny({ name: 'a.pdf', bytes: rawPdf(raw) })).document
}

const units = (text: string) =>
  [...text].map((c) => c.charCodeAt(0).toString(16).padStart(4, '0')).join('')

describe('Reading PDF pages', () => {
  it('places words on the page as it is shown, turned and cut [M1.pdf-places]', async () => {
    const content = 'BT /F1 20 Tf 72 700 Td (Deductible) Tj ET'
    const scanned = 'BT /F1 20 Tf -1 0 0 -1 523 700 Tm (Deductible) Tj ET'
    const places = []
    for (const raw of [
      { content },
      { content, page: '/Rotate 90' },
      { content, page: '/Rotate 180' },
      { content, page: '/Rotate 270' },
      { content, page: '/CropBox [50 100 500 800]' },
      { content: scanned, page: '/Rotate 180' },
    ]) {
      const { pages, boxes } = await read(raw)
      const box = boxes![0]!
      expect(Math.abs(Math.max(box.width, box.height) - 94.48)).toBeLessThan(2)
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2].map(Math.round)
      places.push([pages![0]!.width, pages![0]!.height, x, y])
    }
    // The word's middle is at 120, 707 from the bottom left, give or take what a line needs above and below.
    const near = (value: number) => expect.toSatisfy((n: number) => Math.abs(n - value) <= 8)
    expect(places).toEqual([
      [595, 842, near(120), near(135)],
      [842, 595, near(707), near(120)],
      [595, 842, near(475), near(707)],
      [842, 595, near(135), near(475)],
      [450, 700, near(70), near(93)],
      [595, 842, near(120), near(693)],
    ])
  })

  it.each([
    ['UniGB-UCS2-H', 'GB1', units('保险合同条款'), '保险合同条款'],
    ['GBK-EUC-H', 'GB1', 'b1a3cfd5bacfcdac', '保险合同'],
    ['UniCNS-UCS2-H', 'CNS1', units('保險合同'), '保險合同'],
    ['UniJIS-UCS2-H', 'Japan1', units('保険契約の条項'), '保険契約の条項'],
    ['UniJIS-UCS2-V', 'Japan1', units('保険契約の条項'), '保険契約の条項'],
    ['UniKS-UCS2-H', 'Korea1', units('보험 계약'), '보험 계약'],
  ])(
    'reads %s without an embedded font [M1.pdf-east-asian]',
    async (map, ordering, codes, text) => {
      const content = `BT /F1 20 Tf 72 700 Td <${codes}> Tj ET`
      expect((await read({ content, font: eastAsianFont(map, ordering) })).text).toBe(text)
    },
  )

  it('keeps words whole and columns apart, however they are drawn [M1.pdf-words]', async () => {
    const text = async (content: string) =>
      (await read({ content: `BT /F1 10 Tf 72 700 Td ${content} ET` })).text
    expect(await text('[(De) -30 (duct) 20 (ible)] TJ')).toBe('Deductible')
    expect(await text('(De) Tj (ductible) Tj')).toBe('Deductible')
    expect(await text('[(own) -300 (risk)] TJ')).toBe('own risk')
    expect(await text('(E = mc) Tj /F1 6 Tf 4 Ts (2) Tj')).toBe('E = mc2')
    const columns = await read({
      content: [700, 686, 672, 658]
        .map((y) => `BT /F1 10 Tf 1 0 0 1 72 ${y} Tm [(Fire) -9000 (yes) -9000 (no)] TJ ET`)
        .join('\n'),
    })
    expect(columns.text.split('\n')[1]).toBe('Fire | yes | no')
  })

  it('reads dates and numbers in text from right to left as they are meant [M1.pdf-right-to-left]', async () => {
    const bytes = readSample('pdf/sources/right_to_left_03.pdf')
    const { text } = (await parseAny({ name: 'a.pdf', bytes })).document
    for (const part of ['1403/09/19', '1403/10/04', '50% از توليد', 'تاريخ ارائه مدارک'])
      expect(text).toContain(part)
  })

  it('gives all memory of a document back [M1.pdf-memory]', async () => {
    const sample = () => readSample('pdf/sources/redp5110_sampled.pdf')
    const used = async () => {
      await parseAny({ name: 'a.pdf', bytes: sample() })
      return (await loadPdfium()).view.byteLength
    }
    const first = await used()
    for (let i = 0; i < 15; i++) await used()
    expect(await used()).toBe(first)
  })

  it('gives up an instance that failed inside, and reads the next document with another [M1.pdf-fault]', async () => {
    const bytes = await makePdf([[{ text: 'Hello', x: 72, y: 700 }]])
    const pdf = await openPdf(bytes, 'a.pdf')
    const trap = () => {
      // Far outside of its memory, as a damaged file might lead it.
      pdf.library.call.FPDFText_CountChars(0x7fff_fff0)
    }
    const failure = await Promise.resolve()
      .then(() => guarded(pdf.library, 'a.pdf, page 1', trap))
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PlinthError)
    expect(failure).toMatchObject({ code: 'UNPARSABLE', where: 'a.pdf, page 1' })
    pdf.close()
    expect(await loadPdfium()).not.toBe(pdf.library)
    expect((await parseAny({ name: 'a.pdf', bytes })).document.text).toBe('Hello')
  })
})
