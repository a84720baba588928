import type { DocumentBuilder } from '../builder.ts'
import { normalTitle } from './headings.ts'
import type { PdfDocument } from './open.ts'

const outlineEntries = 5_000
const outlineDepth = 6

/**
 * Document information (ISO 32000-2, 14.3.3) as metadata. A missing or damaged dictionary is no
 * fault.
 */
export async function readInfo(pdf: PdfDocument, builder: DocumentBuilder): Promise<void> {
  const metadata = await pdf.getMetadata().catch(() => undefined)
  const info = (metadata?.info ?? {}) as Record<string, unknown>
  const text = (key: string) => (typeof info[key] === 'string' ? (info[key] as string) : undefined)
  const title = text('Title')?.trim()
  // Programs write the file's name there when nobody set a title.
  if (title && !/\.(docx?|pdf|tex|indd|pptx?|xlsx?)$|^(untitled|microsoft word)/i.test(title))
    builder.title = title
  builder.meta('author', text('Author'))
  builder.meta('subject', text('Subject'))
  builder.meta('keywords', text('Keywords'))
  builder.meta('created', pdfDate(text('CreationDate')))
  builder.meta('modified', pdfDate(text('ModDate')))
  builder.meta('language', text('Language'))
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

interface OutlineNode {
  title: string
  items: OutlineNode[]
}

/** Level by normalised title. */
export async function readOutline(pdf: PdfDocument): Promise<Map<string, number>> {
  const levels = new Map<string, number>()
  const roots = (await pdf.getOutline().catch(() => undefined)) as OutlineNode[] | null | undefined
  const walk = (nodes: OutlineNode[], level: number) => {
    for (const node of nodes) {
      if (levels.size >= outlineEntries) return
      const key = normalTitle(node.title)
      if (key !== '' && !levels.has(key)) levels.set(key, level)
      if (level < outlineDepth) walk(node.items, level + 1)
    }
  }
  if (roots) walk(roots, 1)
  return levels
}
