import { strToU8, zipSync } from 'fflate'
import { PDFDocument, StandardFonts } from 'pdf-lib'

const contentTypes = (part: string, type: string) =>
  `<Types><Override PartName="/${part}" ContentType="${type}"/></Types>`

const docxType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'

/** A docx with this body, and further parts by path. */
export function makeDocx(
  body: string,
  parts: Record<string, string | Uint8Array> = {},
): Uint8Array {
  const document = `<w:document xmlns:w="w"><w:body>${body}</w:body></w:document>`
  return makeDocxOf(strToU8(document), parts)
}

/** A docx whose main part is exactly these bytes. */
export function makeDocxOf(
  main: Uint8Array,
  parts: Record<string, string | Uint8Array> = {},
): Uint8Array {
  const extra = Object.entries(parts).map(([path, content]) => [
    path,
    typeof content === 'string' ? strToU8(content) : content,
  ])
  return zipSync({
    '[Content_Types].xml': strToU8(contentTypes('word/document.xml', docxType)),
    'word/document.xml': main,
    ...Object.fromEntries(extra),
  })
}

export const paragraph = (text: string) => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`

export interface PdfLine {
  text: string
  x: number
  /** From the bottom, as PDF counts. */
  y: number
  size?: number
  bold?: boolean
}

/** A PDF of A4 pages with these lines, Helvetica. */
export async function makePdf(pages: PdfLine[][]): Promise<Uint8Array> {
  const pdf = await PDFDocument.create()
  const plain = await pdf.embedFont(StandardFonts.Helvetica)
  const bold = await pdf.embedFont(StandardFonts.HelveticaBold)
  for (const lines of pages) {
    const page = pdf.addPage([595, 842])
    for (const line of lines) {
      page.drawText(line.text, {
        x: line.x,
        y: line.y,
        size: line.size ?? 11,
        font: line.bold ? bold : plain,
      })
    }
  }
  return pdf.save({ useObjectStreams: false })
}

/** The same file with an encryption dictionary that no empty password opens. */
export function encrypted(pdf: Uint8Array): Uint8Array {
  const text = Buffer.from(pdf).toString('latin1')
  const key = 'ab'.repeat(32)
  const standard = `/Filter /Standard /V 1 /R 2 /O <${key}> /U <${key}> /P -4`
  const dictionary = `/Encrypt << ${standard} >> /ID [<00><00>]`
  return new Uint8Array(
    Buffer.from(text.replace(/trailer\s*<</, `trailer\n<< ${dictionary}`), 'latin1'),
  )
}
