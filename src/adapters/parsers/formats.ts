import type { Parser } from '#ports'

export type FormatId = 'txt' | 'md' | 'html' | 'csv' | 'eml' | 'pdf' | 'docx' | 'pptx' | 'xlsx'

export interface Format {
  id: FormatId
  title: string
  mediaTypes: readonly string[]
  /** Lower-case name endings that people give such files. */
  endings: readonly string[]
  /** Loads the parser and its library on first use. */
  load: () => Promise<Parser>
}

const ooxml = 'application/vnd.openxmlformats-officedocument'

/** Every format that is read, in one table. */
export const formats: Record<FormatId, Format> = {
  txt: {
    id: 'txt',
    title: 'plain text',
    mediaTypes: ['text/plain'],
    endings: ['txt', 'text', 'log'],
    load: async () => (await import('./txt.ts')).txtParser,
  },
  md: {
    id: 'md',
    title: 'Markdown',
    mediaTypes: ['text/markdown'],
    endings: ['md', 'markdown', 'mdown', 'mkd'],
    load: async () => (await import('./markdown.ts')).markdownParser,
  },
  html: {
    id: 'html',
    title: 'HTML',
    mediaTypes: ['text/html', 'application/xhtml+xml'],
    endings: ['html', 'htm', 'xhtml'],
    load: async () => (await import('./html.ts')).htmlParser,
  },
  csv: {
    id: 'csv',
    title: 'CSV',
    mediaTypes: ['text/csv', 'text/tab-separated-values'],
    endings: ['csv', 'tsv', 'tab'],
    load: async () => (await import('./csv.ts')).csvParser,
  },
  eml: {
    id: 'eml',
    title: 'e-mail (eml)',
    mediaTypes: ['message/rfc822'],
    endings: ['eml', 'mht', 'mhtml'],
    load: async () => (await import('./eml.ts')).emlParser,
  },
  pdf: {
    id: 'pdf',
    title: 'PDF',
    mediaTypes: ['application/pdf'],
    endings: ['pdf'],
    load: async () => (await import('./pdf/index.ts')).pdfParser,
  },
  docx: {
    id: 'docx',
    title: 'Word (docx)',
    mediaTypes: [`${ooxml}.wordprocessingml.document`],
    endings: ['docx', 'docm', 'dotx', 'dotm'],
    load: async () => (await import('./docx/index.ts')).docxParser,
  },
  pptx: {
    id: 'pptx',
    title: 'PowerPoint (pptx)',
    mediaTypes: [`${ooxml}.presentationml.presentation`],
    endings: ['pptx', 'pptm', 'ppsx', 'potx'],
    load: async () => (await import('./pptx/index.ts')).pptxParser,
  },
  xlsx: {
    id: 'xlsx',
    title: 'Excel (xlsx)',
    mediaTypes: [`${ooxml}.spreadsheetml.sheet`],
    endings: ['xlsx', 'xlsm', 'xltx', 'xltm'],
    load: async () => (await import('./xlsx/index.ts')).xlsxParser,
  },
}

/** For error messages: what is read. */
export const formatsRead = Object.values(formats)
  .map((format) => format.title)
  .join(', ')

/** The format that a file name claims, if any. */
export function formatByName(name: string): FormatId | undefined {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase()
  if (!ending) return undefined
  return Object.values(formats).find((format) => format.endings.includes(ending))?.id
}
