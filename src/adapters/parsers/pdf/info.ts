import type { DocumentBuilder } from '../builder.ts'
import { normalTitle } from './headings.ts'
import type { PdfDocument } from './open.ts'

const outlineEntries = 5_000
const outlineDepth = 6

/**
 * Document information (ISO 32000-2, 14.3.3) as metadata. A missing or damaged dictionary is no
 * fault.
 */
export function readInfo({ library, handle }: PdfDocument, builder: DocumentBuilder): void {
  const { call } = library
  const text = (tag: string) =>
    library.text((buffer, bytes) =>
      call.FPDF_GetMetaText(handle, library.name(tag), buffer, bytes),
    ) || undefined
  const title = text('Title')?.trim()
  // Programs write the file's name there when nobody set a title.
  if (title && !/\.(docx?|pdf|tex|indd|pptx?|xlsx?)$|^(untitled|microsoft word)/i.test(title))
    builder.title = title
  builder.meta('author', text('Author'))
  builder.meta('subject', text('Subject'))
  builder.meta('keywords', text('Keywords'))
  builder.meta('created', pdfDate(text('CreationDate')))
  builder.meta('modified', pdfDate(text('ModDate')))
  const language = (buffer: number, bytes: number) =>
    call.EPDFCatalog_GetLanguage(handle, buffer, bytes)
  builder.meta('language', library.text(language))
}

/** `D:20240131120000+01'00'` as ISO 8601. */
export function pdfDate(value: string | undefined): string | undefined {
  const m = /^D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:(Z)|([+-]\d{2})'?(\d{2})?)?/.exec(
    value ?? '',
  )
  if (!m) return undefined
  const part = (i: number, otherwise: string) => m[i] ?? otherwise
  const zone = m[8] ? `${m[8]}:${part(9, '00')}` : 'Z'
  const day = `${m[1]}-${part(2, '01')}-${part(3, '01')}`
  const time = Date.parse(`${day}T${part(4, '00')}:${part(5, '00')}:${part(6, '00')}${zone}`)
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}

/** Level by normalised title. */
export function readOutline({ library, handle }: PdfDocument): Map<string, number> {
  const { call } = library
  const levels = new Map<string, number>()
  // Damaged files have entries that lead back to themselves.
  const seen = new Set<number>()
  const walk = (parent: number, level: number) => {
    let entry = call.FPDFBookmark_GetFirstChild(handle, parent)
    while (entry !== 0 && !seen.has(entry) && seen.size < outlineEntries) {
      seen.add(entry)
      const bookmark = entry
      const title = library.text((buffer, bytes) =>
        call.FPDFBookmark_GetTitle(bookmark, buffer, bytes),
      )
      const key = normalTitle(title)
      if (key !== '' && !levels.has(key)) levels.set(key, level)
      if (level < outlineDepth) walk(entry, level + 1)
      entry = call.FPDFBookmark_GetNextSibling(handle, entry)
    }
  }
  walk(0, 1)
  return levels
}
