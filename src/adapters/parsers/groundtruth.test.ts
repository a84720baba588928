import { existsSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import type { ParsedDocument } from '#ports'
import { parseAny } from './parse-any.ts'
import { formatsFolder, readSample, samplesOf } from './test-files/samples.ts'

/**
 * Token recall: which part of the words that the reference conversion holds stands in ours,
 * counted with repetition. Ours leaves out link targets, comments and headers on purpose, so 1 is
 * not the aim.
 */
function recall(expected: string, text: string): { found: number; total: number } {
  const counts = new Map<string, number>()
  for (const token of tokens(text)) counts.set(token, (counts.get(token) ?? 0) + 1)
  const wanted = tokens(expected)
  let found = 0
  for (const token of wanted) {
    const left = counts.get(token) ?? 0
    if (left > 0) found++
    counts.set(token, left - 1)
  }
  return { found, total: wanted.length }
}

function tokens(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replace(/<!--.*?-->|\]\([^)\s]*\)/g, ' ')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
}

const decoder = new TextDecoder()
const table: Record<string, string | number>[] = []
afterAll(() => console.table(table))

const formats = [
  { format: 'csv', endings: ['.csv'], least: 0.98 },
  { format: 'html', endings: ['.html'], least: 0.93 },
  { format: 'md', endings: ['.md'], least: 0.95 },
  { format: 'docx', endings: ['.docx'], least: 0.95 },
  { format: 'pptx', endings: ['.pptx'], least: 0.9 },
  { format: 'xlsx', endings: ['.xlsx', '.xlsm'], least: 0.87 },
]

describe('against the reference conversions', () => {
  it.each(formats)(
    'finds the words of $format files [M1.recall]',
    async ({ format, endings, least }) => {
      const shares: number[] = []
      for (const sample of endings.flatMap((ending) => samplesOf(format, ending))) {
        const reference = `${format}/groundtruth/${sample.name}.md`
        if (!existsSync(`${formatsFolder}/${reference}`)) continue
        const { document } = await parseAny({ name: sample.name, bytes: sample.bytes() })
        const { found, total } = recall(decoder.decode(readSample(reference)), document.text)
        shares.push(total === 0 ? 1 : found / total)
      }
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
      table.push({ format, files: shares.length, recall: Number(mean.toFixed(4)), target: least })
      expect(mean).toBeGreaterThanOrEqual(least)
    },
  )

  it('finds the words of PDF files on the right page [M1.pages]', async () => {
    let found = 0
    let total = 0
    let files = 0
    for (const sample of samplesOf('pdf', '.pdf')) {
      const reference = `pdf/groundtruth/${sample.name.replace(/\.pdf$/, '.json')}`
      if (!existsSync(`${formatsFolder}/${reference}`)) continue
      const { document } = await parseAny({ name: sample.name, bytes: sample.bytes() })
      for (const [page, words] of wordsByPage(JSON.parse(decoder.decode(readSample(reference))))) {
        const on = recall(words, pageText(document, page))
        found += on.found
        total += on.total
      }
      files++
    }
    table.push({
      format: 'pdf by page',
      files,
      recall: Number((found / total).toFixed(4)),
      target: 0.95,
    })
    expect(found / total).toBeGreaterThanOrEqual(0.95)
  })
})

interface Reference {
  texts: { text: string; label: string; content_layer?: string; prov: { page_no: number }[] }[]
}

/** Running heads are left out by both sides; formulas are pictures to the reference. */
function wordsByPage({ texts }: Reference): Map<number, string> {
  const pages = new Map<number, string>()
  for (const { text, label, prov, content_layer } of texts) {
    const page = prov[0]?.page_no
    if (page === undefined || content_layer === 'furniture' || /page_|formula/.test(label)) continue
    pages.set(page, `${pages.get(page) ?? ''} ${text}`)
  }
  return pages
}

function pageText(document: ParsedDocument, page: number): string {
  const span = document.pages?.[page - 1]
  return span ? document.text.slice(span.start, span.end) : ''
}
