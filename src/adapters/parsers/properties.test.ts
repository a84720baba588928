import fc from 'fast-check'
import { strToU8 } from 'fflate'
import { describe, expect, it } from 'vitest'
import type { ParsedDocument } from '#ports'
import { DocumentAssembly, headOfDocument, partsOfDocument } from '#ports'
import { checkParsed } from '../../../conformance/parser/index.ts'
import { type BlockKind, cleanText, DocumentBuilder } from './builder.ts'
import { csvRecords } from './csv-dialect.ts'
import { parseAny } from './parse-any.ts'
import { makeDocx } from './test-files/make.ts'

const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
    fc.constantFrom('\n', '\n\n', ' ', '|', '"', ',', '#', '- ', '\0', '\ud800', '<b>', '> ', '`'),
  ),
})

async function read(name: string, bytes: Uint8Array): Promise<ParsedDocument | undefined> {
  try {
    return (await parseAny({ name, bytes })).document
  } catch (error) {
    expect(['UNSUPPORTED', 'UNPARSABLE', 'PARSER_LIMIT']).toContain(
      (error as { code: string }).code,
    )
    return undefined
  }
}

const words = (text: string) => cleanText(text).replace(/[\s\uFEFF]+/g, '')

describe('properties of parsers', () => {
  it.each(['a.txt', 'a.md', 'a.html', 'a.csv', 'a.eml', 'a'])(
    'reads any text as %s into a correct document [M1.parser-invariants]',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(anyText, async (text) => {
          const document = await read(name, Buffer.from(text))
          if (document) expect(checkParsed(document)).toEqual([])
        }),
        { numRuns: 150 },
      )
    },
  )

  it('keeps every character of plain text that is not white space [M1.faithful]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (text) => {
        const document = await read('a.txt', strToU8(`Words ${text}`))
        if (document?.mediaType === 'text/plain')
          expect(words(document.text)).toBe(words(`Words ${text}`))
      }),
    )
  })

  it('keeps the text of a docx paragraph [M1.faithful]', async () => {
    const kept = (text: string) => text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '')
    const escaped = (text: string) =>
      text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
        async (texts) => {
          const body = texts
            .map((t) => `<w:p><w:r><w:t>${escaped(kept(t))}</w:t></w:r></w:p>`)
            .join('')
          const document = await read('a.docx', makeDocx(body))
          expect(document && checkParsed(document)).toEqual([])
          expect(words(document!.text)).toBe(words(texts.map((t) => kept(t)).join('')))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('reads back any table that RFC 4180 can write [M1.csv]', () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', 'b', '"', ',', ';', '\n', '\r\n', ' ', 'é'),
    })
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1 }),
        fc.constantFrom(',', ';', '\t', '|'),
        (rows, delimiter) => {
          const written = rows
            .map((row) => row.map((c) => `"${c.replaceAll('"', '""')}"`).join(delimiter))
            .join('\r\n')
          expect([...csvRecords(written, delimiter)]).toEqual(rows)
        },
      ),
    )
  })

  it('travels between processes unchanged [M1.wire]', () => {
    const kind = fc.constantFrom<BlockKind>('heading', 'paragraph', 'list-item', 'code', 'quote')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(kind, anyText, fc.integer({ min: 1, max: 6 }), fc.boolean())),
        (blocks) => {
          const builder = new DocumentBuilder('text/plain', { name: 'x' })
          for (const [k, text, level, turn] of blocks) {
            if (turn) builder.startPage({ width: 595, height: 842 })
            const piece = { start: 0, end: 3, x: level, y: 0.5, width: 10, height: 12 }
            builder.addPlaced(k, cleanText(text), { level, placed: [piece] })
          }
          const document = builder.finish()
          const assembly = new DocumentAssembly()
          for (const part of partsOfDocument(document)) assembly.take(structuredClone(part))
          expect(assembly.finish(headOfDocument(document, 'x/1'))).toEqual({
            ...document,
            parserId: 'x/1',
          })
        },
      ),
    )
  })
})
