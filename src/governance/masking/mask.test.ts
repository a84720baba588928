import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ParsedDocument } from '#ports'
import { detect } from './detect.ts'
import { detectInDocument, maskDocument } from './document.ts'
import { mapMaskedOffset, mapOffset, mask } from './mask.ts'
import { PlaceholderScope } from './placeholder.ts'
import { piecesOfText } from './text.fixture.ts'
import { unmask } from './unmask.ts'

describe('mask', () => {
  it('gives the same value the same placeholder and counts per kind [M11.placeholders]', async () => {
    const scope = new PlaceholderScope()
    const text = 'a@example.org, b@example.org, a@example.org, 10.0.0.1'
    const masked = mask(text, await detect(text), scope.mint)
    expect(masked.text).toBe('<EMAIL_1>, <EMAIL_2>, <EMAIL_1>, <IP_ADDRESS_1>')
    expect(mask('b@example.org', await detect('b@example.org'), scope.mint).text).toBe('<EMAIL_2>')
    expect(scope.size).toBe(3)
  })

  it('unmask(mask(x)) = x, also for text that looks masked already [M11.roundtrip]', async () => {
    await fc.assert(
      fc.asyncProperty(piecesOfText, async (text) => {
        const scope = new PlaceholderScope()
        const masked = mask(text, await detect(text), scope.mint)
        expect(unmask(masked.text, scope.lookup)).toBe(text)
      }),
      { numRuns: 300 },
    )
  })

  it('unmask(mask(x)) = x for findings anywhere, even inside placeholder shapes [M11.roundtrip]', () => {
    const spans = fc.array(
      fc.record({ start: fc.nat(60), length: fc.integer({ min: 1, max: 12 }) }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(piecesOfText, spans, (text, at) => {
        const scope = new PlaceholderScope()
        const findings = at.map(({ start, length }) => ({
          kind: 'EMAIL' as const,
          start,
          end: start + length,
          score: 1,
          rule: 'test',
        }))
        const masked = mask(text, findings, scope.mint)
        expect(unmask(masked.text, scope.lookup)).toBe(text)
        for (const r of masked.replacements) {
          expect(text.slice(r.start, r.end)).toBe(r.value)
          expect(masked.text.slice(r.maskedStart, r.maskedEnd)).toBe(r.placeholder)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('leaves a placeholder alone that was never given out [M11.never-minted]', () => {
    const scope = new PlaceholderScope()
    scope.mint('EMAIL', 'a@example.org')
    const text = '<EMAIL_9> <EMAIL_1> <email_1> <EMAIL_01> <EMAIL_> <PHONE_1>'
    expect(unmask(text, scope.lookup)).toBe(
      '<EMAIL_9> a@example.org a@example.org <EMAIL_01> <EMAIL_> <PHONE_1>',
    )
  })

  it('keeps placeholders of its own scope when told to [M11.placeholders]', async () => {
    const scope = new PlaceholderScope()
    scope.mint('EMAIL', 'a@example.org')
    const answer = 'Write to <EMAIL_1> or b@example.org'
    const masked = mask(answer, await detect(answer), scope.mint, { existing: 'keep' })
    expect(masked.text).toBe('Write to <EMAIL_1> or <EMAIL_2>')
  })

  it('maps offsets both ways [M11.offsets]', async () => {
    await fc.assert(
      fc.asyncProperty(piecesOfText, async (text) => {
        const { text: masked, replacements } = mask(
          text,
          await detect(text),
          new PlaceholderScope().mint,
        )
        const inside = (offset: number) =>
          replacements.some((r) => r.start < offset && offset < r.end)
        for (let offset = 0; offset <= text.length; offset++) {
          const there = mapOffset(replacements, offset)
          if (inside(offset)) continue
          expect(mapMaskedOffset(replacements, there)).toBe(offset)
          if (offset < text.length && !replacements.some((r) => r.start === offset)) {
            expect(masked[there]).toBe(text[offset])
          }
        }
        expect(mapOffset(replacements, text.length)).toBe(masked.length)
      }),
      { numRuns: 100 },
    )
  })

  it('goes on counting in a scope that was kept, and shows no value in JSON or logs [M11.placeholders]', () => {
    const first = new PlaceholderScope()
    first.mint('EMAIL', 'secret@example.org')
    const second = PlaceholderScope.of([...first.entries()])
    expect(second.mint('EMAIL', 'secret@example.org')).toBe('<EMAIL_1>')
    expect(second.mint('EMAIL', 'other@example.org')).toBe('<EMAIL_2>')
    expect(JSON.stringify({ second })).toBe('{"second":{"size":2}}')
    expect(() =>
      PlaceholderScope.of([{ kind: 'EMAIL', placeholder: 'EMAIL_1', value: 'x' }]),
    ).toThrow()
    expect(() => second.mint('NAME', 'x')).toThrow(/cannot stand/)
  })
})

const lines = [
  'Dear a.long.address@example.org,',
  '',
  'your card 4111 1111 1111',
  '1111 was charged.',
  'Total | IBAN DE89370400440532013000',
]

function sample(): ParsedDocument {
  const text = lines.join('\n')
  const spans = lines.map((line, i) => {
    const start = lines.slice(0, i).join('\n').length + (i === 0 ? 0 : 1)
    return { start, end: start + line.length }
  })
  const boxes = spans
    .filter((s) => s.end > s.start)
    .map((s) => ({ page: 1, ...s, x: 1, y: 2, width: 3, height: 4 }))
  return {
    mediaType: 'message/rfc822',
    title: 'Re: b@example.org',
    text,
    blocks: boxes.map(({ start, end }, i) => ({
      kind: i === 3 ? ('table-row' as const) : ('paragraph' as const),
      start,
      end,
    })),
    pages: [{ number: 1, start: 0, end: text.length }],
    boxes,
    metadata: { from: 'c@example.org', parts: 2 },
    warnings: [],
  }
}

describe('maskDocument', () => {
  it('moves every span, keeps order and coverage, and masks title and metadata [M11.document]', async () => {
    const original = sample()
    const scope = new PlaceholderScope()
    const { document, replacements } = maskDocument(
      original,
      await detectInDocument(original),
      scope,
    )
    expect(document.text).toBe(
      'Dear <EMAIL_1>,\n\nyour card <CREDIT_CARD_1> was charged.\nTotal | IBAN <IBAN_1>',
    )
    expect(replacements).toHaveLength(3)
    const parts = document.blocks.map((b) => document.text.slice(b.start, b.end))
    expect(parts).toEqual([
      'Dear <EMAIL_1>,',
      'your card <CREDIT_CARD_1>',
      ' was charged.',
      'Total | IBAN <IBAN_1>',
    ])
    expect(document.boxes!.map((b) => document.text.slice(b.start, b.end))).toEqual(parts)
    expect(document.pages![0]!.end).toBe(document.text.length)
    expect(document.title).toBe('Re: <EMAIL_2>')
    expect(document.metadata).toEqual({ from: '<EMAIL_3>', parts: 2 })
    expect(unmask(document.text, scope.lookup)).toBe(original.text)
  })

  it('covers every character that is not white space, once [M11.document]', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piecesOfText, { minLength: 1, maxLength: 4 }),
        async (paragraphs) => {
          const texts = paragraphs.map((p) => p.trim()).filter((p) => p !== '')
          let at = 0
          const blocks = texts.map((text) => {
            const block = { kind: 'paragraph' as const, start: at, end: at + text.length }
            at = block.end + 2
            return block
          })
          const original: ParsedDocument = {
            mediaType: 'text/plain',
            text: texts.join('\n\n'),
            blocks,
            metadata: {},
            warnings: [],
          }
          const { document } = maskDocument(
            original,
            await detectInDocument(original),
            new PlaceholderScope(),
          )
          let end = 0
          for (const block of document.blocks) {
            expect(document.text.slice(end, block.start).trim()).toBe('')
            expect(block.end).toBeGreaterThan(block.start)
            end = block.end
          }
          expect(document.text.slice(end).trim()).toBe('')
        },
      ),
      { numRuns: 100 },
    )
  })
})
