import { PlinthError } from '#kernel'
import { sniffCsv } from './csv-dialect.ts'
import { decodeText, looksBinary } from './encoding.ts'
import { unparsable } from './failures.ts'
import { type FormatId, formatByName, formats, formatsRead } from './formats.ts'
import { nameBySignature, oleKind, startsWith } from './signatures.ts'
import { ZipArchive } from './zip.ts'

export interface Detected {
  format: FormatId
  mediaType: string
  /** Set where the name says something else. */
  warning?: string
}

/**
 * Decides by content what a file is; the name only breaks ties between text formats. Throws
 * UNSUPPORTED (naming what it looks like and what is read) or UNPARSABLE (encrypted, damaged
 * archive, empty).
 */
export function detect(bytes: Uint8Array, name: string): Detected {
  if (bytes.length === 0) {
    throw unparsable('The file is empty.', {
      where: name,
      remedy: 'Send the file again, or remove it.',
    })
  }
  const claimed = formatByName(name)
  const format = detectBinary(bytes, name) ?? detectText(bytes, name, claimed)
  const found: Detected = { format, mediaType: formats[format].mediaTypes[0] as string }
  const ending = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1]
  if (claimed !== format && (claimed || format === 'pdf') && ending) {
    found.warning = `the name ends in .${ending}, but the content is ${formats[format].title}`
  }
  return found
}

function detectBinary(bytes: Uint8Array, name: string): FormatId | undefined {
  if (indexOfPdf(bytes) >= 0) return 'pdf'
  if (startsWith(bytes, 'PK\x03\x04')) return detectZip(bytes, name)
  if (startsWith(bytes, 'PK\x05\x06')) throw unsupported('an empty ZIP archive', name)
  if (startsWith(bytes, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) throw ofOle(bytes, name)
  const title = nameBySignature(bytes)
  if (title && !isPlainWord(bytes, title)) throw unsupported(title, name)
  return undefined
}

/** ISO 32000-2 asks for `%PDF-` at the start; readers accept it within the first 1,024 bytes. */
function indexOfPdf(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(1_024, bytes.length)).indexOf('%PDF-')
}

/** Signatures made of letters (`MZ`, `ID3`, `BZh`) also begin texts. */
function isPlainWord(bytes: Uint8Array, title: string): boolean {
  if (/RTF|PostScript/.test(title)) return false
  return !looksBinary(decodeText(bytes.subarray(0, 4_096)).text)
}

function ofOle(bytes: Uint8Array, name: string): PlinthError {
  const kind = oleKind(bytes)
  if (!kind.encrypted) return unsupported(kind.title, name)
  return unparsable('The document is protected by a password.', {
    where: name,
    remedy: 'Remove the password in the office program and send it again.',
  })
}

const ooxmlMains: readonly [RegExp, FormatId][] = [
  [
    /wordprocessingml\.(document|template)\.main\+xml|word\.(document|template)\.macroEnabled/i,
    'docx',
  ],
  [
    /presentationml\.(presentation|slideshow|template)\.main\+xml|powerpoint\.\w+\.macroEnabled/i,
    'pptx',
  ],
  [/spreadsheetml\.(sheet|template)\.main\+xml|ms-excel\.(sheet|template)\.macroEnabled/i, 'xlsx'],
]

function detectZip(bytes: Uint8Array, name: string): FormatId {
  const archive = new ZipArchive(bytes, name)
  if (archive.has('[Content_Types].xml')) {
    const types = archive.text('[Content_Types].xml')
    if (/ms-excel\.sheet\.binary/i.test(types))
      throw unsupported('a binary Excel workbook (xlsb)', name)
    const main = ooxmlMains.find(([pattern]) => pattern.test(types))
    if (main) return main[1]
  }
  throw unsupported(zipTitle(archive), name)
}

function zipTitle(archive: ZipArchive): string {
  if (archive.has('mimetype')) {
    const type = archive.text('mimetype').trim().slice(0, 100)
    if (type === 'application/epub+zip') return 'an EPUB book'
    if (type.includes('opendocument')) return `an OpenDocument file (${type})`
  }
  if (archive.has('META-INF/MANIFEST.MF')) return 'a Java archive'
  if (archive.has('Index/Document.iwa')) return 'an Apple iWork document'
  return 'a ZIP archive'
}

/** Strong signs of HTML and e-mail beat the name; between txt, md and csv the name decides. */
function detectText(bytes: Uint8Array, name: string, claimed: FormatId | undefined): FormatId {
  const sample = decodeText(sampleOf(bytes)).text.replace(/^\uFEFF/, '')
  if (looksBinary(sample)) throw unsupported('binary data of no known format', name)
  if (claimed !== 'md' && looksLikeHtml(sample)) return 'html'
  if (claimed !== 'md' && looksLikeMail(sample)) return 'eml'
  if (claimed === 'html') return /<[a-z!/][^>]*>/i.test(sample) ? 'html' : byContent(sample)
  if (claimed === 'txt' || claimed === 'md' || claimed === 'csv') return claimed
  if (!claimed && /\.[A-Za-z]\w{0,7}$/.test(name)) return 'txt'
  return byContent(sample)
}

function byContent(sample: string): FormatId {
  if (looksLikeMarkdown(sample)) return 'md'
  const { columns, records, share } = sniffCsv(sample)
  // Prose has commas too: without a name that says so, a table must be regular.
  const regular = share >= 0.9 && records * columns >= 6 && records >= 2
  return columns >= 2 && regular ? 'csv' : 'txt'
}

/** Enough for every heuristic; cut at a code point so that the sample decodes like the whole. */
function sampleOf(bytes: Uint8Array): Uint8Array {
  let end = Math.min(bytes.length, 64 * 1024)
  if (end === bytes.length) return bytes
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end & ~1 || end)
}

const beforeRoot = /^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--[\s\S]{0,2000}?-->\s*)*/

function looksLikeHtml(text: string): boolean {
  const root = text.slice(beforeRoot.exec(text)?.[0].length ?? 0)
  return /^<(?:!doctype\s+html|html|head|body)\b/i.test(root)
}

const mailHeaders = new RegExp(
  '^(from|to|cc|subject|date|received|message-id|mime-version|return-path|delivered-to|' +
    'reply-to|content-type|x-[\\w-]+):',
  'i',
)

/**
 * RFC 5322: a block of header fields, at least three of them known, before the first empty line.
 */
function looksLikeMail(text: string): boolean {
  const head = text.replace(/^From [^\n]*\r?\n/, '').split(/\r?\n\r?\n/, 1)[0] ?? ''
  const lines = head.split(/\r?\n/).slice(0, 200)
  if (!lines.every((line) => /^[!-9;-~]+:|^[ \t]|^$/.test(line))) return false
  const known = new Set(lines.map((line) => mailHeaders.exec(line)?.[1]?.toLowerCase()))
  known.delete(undefined)
  return known.size >= 3 && (known.has('from') || known.has('message-id') || known.has('received'))
}

function looksLikeMarkdown(text: string): boolean {
  const head = text.slice(0, 20_000)
  const signs = [
    /^#{1,6} \S/m,
    /^```/m,
    /^\|?\s*:?-{3,}:?\s*\|/m,
    /\[[^\]\n]+\]\([^)\n]+\)/,
    /^(?:[-*+]|\d+\.) \S/m,
    /\*\*\S[^*\n]*\*\*/,
  ]
  const score = signs.filter((sign) => sign.test(head)).length
  return score >= 2 || /^#{1,6} \S[^\n]*\n\s*\n/.test(head)
}

function unsupported(looksLike: string, name: string): PlinthError {
  return new PlinthError('UNSUPPORTED', {
    detail: `The file looks like ${looksLike}, which is not read.`,
    where: name,
    remedy: `Convert it to one of the formats that are read: ${formatsRead}.`,
  })
}
