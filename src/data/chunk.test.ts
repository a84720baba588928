import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Block, ParsedDocument } from '#ports'
import { chunkDocument, parentSpan } from './chunk.ts'
import { estimateTokens } from './tokens.ts'

interface Draft {
  kind: Block['kind']
  text: string
  level?: number
}

/** A parsed document as parsers make them: blocks in order, blank lines between, rows on lines. */
function parsed(drafts: readonly (Draft | Draft[])[], extra: Partial<ParsedDocument> = {}) {
  let text = ''
  const blocks: Block[] = []
  drafts.forEach((draft, i) => {
    const rows = Array.isArray(draft) ? draft : [draft]
    for (const { kind, text: words, level } of rows) {
      if (text !== '') text += rows.length > 1 && kind === 'table-row' ? '\n' : '\n\n'
      const start = text.length
      text += words
      blocks.push({
        kind,
        start,
        end: text.length,
        ...(level === undefined ? {} : { level }),
        ...(Array.isArray(draft) ? { table: i } : {}),
      })
    }
  })
  const document: ParsedDocument = {
    mediaType: 'text/plain',
    text,
    blocks,
    metadata: {},
    warnings: [],
    ...extra,
  }
  return document
}

const word = fc.constantFrom(
  'claim',
  'Wasserschaden',
  '水损',
  'a',
  '§ 4',
  '3.5',
  '👩‍👩‍👧',
  'e\u0301',
  'policy.',
  'fee?',
)
const sentence = (max: number) =>
  fc.array(word, { minLength: 1, maxLength: max }).map((w) => w.join(' '))
const draft: fc.Arbitrary<Draft | Draft[]> = fc.oneof(
  fc.record({
    kind: fc.constant('heading' as const),
    text: sentence(4),
    level: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    kind: fc.constantFrom('paragraph' as const, 'quote' as const, 'list-item' as const),
    text: sentence(120),
  }),
  fc.record({ kind: fc.constant('paragraph' as const), text: word.map((w) => w.repeat(300)) }),
  fc.record({
    kind: fc.constant('code' as const),
    text: fc.array(sentence(8), { minLength: 1, maxLength: 30 }).map((l) => l.join('\n  ')),
  }),
  fc
    .tuple(sentence(5), fc.array(sentence(12), { maxLength: 30 }))
    .map(([head, rows]) => [
      { kind: 'table-header' as const, text: head },
      ...rows.map((text) => ({ kind: 'table-row' as const, text })),
    ]),
)
const drafts = fc.array(draft, { maxLength: 25 })
const size = fc.constantFrom({ tokens: 20, tokensMax: 32 }, { tokens: 60, tokensMax: 100 }, {})

describe('chunkDocument', () => {
  it('cuts and rejoins any document without losing a character [M1.chunk-rejoin]', () => {
    fc.assert(
      fc.property(drafts, size, (made, options) => {
        const { text, ...rest } = parsed(made)
        const chunks = chunkDocument({ text, ...rest }, options)
        let at = 0
        for (const { ordinal, start, end } of chunks) {
          expect(chunks[ordinal]!.start).toBe(start)
          expect(text.slice(at, start).trim()).toBe('')
          expect(start).toBeLessThan(end)
          expect(text.slice(start, end).isWellFormed()).toBe(true)
          at = end
        }
        expect(text.slice(at).trim()).toBe('')
      }),
      { numRuns: 300 },
    )
  })

  it('stays within the cap, headings aside, and counts its tokens [M1.chunk-cap]', () => {
    fc.assert(
      fc.property(drafts, (made) => {
        const document = parsed(made)
        for (const chunk of chunkDocument(document, { tokens: 60, tokensMax: 100 })) {
          expect(chunk.tokens).toBe(estimateTokens(document.text, chunk.start, chunk.end))
          // Headings in a chunk are not counted against the cap of what they head.
          const headings = document.blocks
            .filter((b) => b.kind === 'heading' && b.start >= chunk.start && b.end <= chunk.end)
            .reduce((sum, b) => sum + estimateTokens(document.text, b.start, b.end) + 1, 0)
          expect(chunk.tokens).toBeLessThanOrEqual(100 + headings)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('keeps the heading path on every chunk and cuts at sections [M1.chunk-headings]', () => {
    const long = 'The insurer pays for repairs after a storm. '.repeat(12).trim()
    const chunks = chunkDocument(
      parsed(
        [
          { kind: 'heading', text: 'Home policy', level: 1 },
          { kind: 'heading', text: 'Storm', level: 2 },
          { kind: 'paragraph', text: long },
          { kind: 'paragraph', text: long },
          { kind: 'paragraph', text: long },
          { kind: 'paragraph', text: long },
          { kind: 'heading', text: 'Fire', level: 2 },
          { kind: 'paragraph', text: long },
        ],
        { title: 'Handbook' },
      ),
    )
    expect(chunks.map((c) => c.headingPath.join('/'))).toEqual([
      'Home policy/Storm',
      'Home policy/Storm',
      'Home policy/Fire',
    ])
    expect(chunks[0]!.context).toBe('Handbook')
    expect(chunks[1]!.context).toBe('Handbook > Home policy > Storm')
    expect(parentSpan(chunks, 1)).toEqual({
      first: 0,
      last: 1,
      start: chunks[0]!.start,
      end: chunks[1]!.end,
    })
  })

  it('cuts a long table between rows and repeats its header in the context only [M1.chunk-tables]', () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      kind: 'table-row' as const,
      text: `Tariff ${i} | ${i * 10} euro | valid for private customers in the north`,
    }))
    const header = { kind: 'table-header' as const, text: 'Tariff | Price | Validity' }
    const document = parsed([
      { kind: 'heading', text: 'Prices', level: 1 },
      { kind: 'paragraph', text: 'All prices include tax.' },
      [header, ...rows],
      { kind: 'paragraph', text: 'Ask us for more.' },
    ])
    const chunks = chunkDocument(document)
    const tables = chunks.filter(({ kind }) => kind === 'table')
    expect(tables.length).toBeGreaterThan(2)
    tables.forEach((chunk, i) => {
      const text = document.text.slice(chunk.start, chunk.end)
      expect(text.startsWith(header.text)).toBe(i === 0)
      expect(chunk.context.includes(header.text)).toBe(i > 0)
      for (const line of text.split('\n').filter(Boolean)) {
        expect([header.text, ...rows.map((row) => row.text)]).toContain(line)
      }
    })
    expect(chunks[0]!.kind).toBe('text')
    expect(chunks.at(-1)!.kind).toBe('text')
  })

  it('does not tear tables and code that fit, nor sentences [M1.chunk-whole]', () => {
    const code = Array.from({ length: 20 }, (_, i) => `const value${i} = compute(${i})`).join('\n')
    const sentences = Array.from(
      { length: 90 },
      (_, i) => `Clause ${i} covers damage by water and storm.`,
    )
    const document = parsed([
      { kind: 'paragraph', text: 'Short introduction.' },
      { kind: 'code', text: code },
      { kind: 'paragraph', text: sentences.join(' ') },
    ])
    const texts = chunkDocument(document).map((c) => document.text.slice(c.start, c.end))
    expect(texts).toContain(code)
    expect(
      texts.flatMap((t) => t.match(/Clause \d+ covers damage by water and storm\./g) ?? []),
    ).toEqual(sentences)
  })

  it('says on which pages a chunk stands [M1.chunk-pages]', () => {
    const document = parsed([
      { kind: 'paragraph', text: 'One.' },
      { kind: 'paragraph', text: 'Two.' },
    ])
    document.pages = [
      { number: 1, start: 0, end: 4 },
      { number: 2, start: 6, end: 10 },
    ]
    expect(chunkDocument(document)).toMatchObject([{ page: 1, pageEnd: 2 }])
  })

  it('cuts a single endless line in linear time [M1.chunk-limits]', () => {
    const document = parsed([{ kind: 'paragraph', text: 'x'.repeat(3_000_000) }])
    const started = process.cpuUsage()
    expect(chunkDocument(document).length).toBeGreaterThan(1_000)
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(5_000)
  })
})
