import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numbersIn, splitSentences, statedNumbers } from './index.ts'

const parts = (text: string, language?: string) =>
  splitSentences(text, language).map((unit) => text.slice(unit.start, unit.end))

describe('splitSentences', () => {
  it('keeps abbreviations, initials and ordinals whole [M4.sentences]', () => {
    expect(parts('Dr. Smith met J. Doe at No. 5. They left.')).toEqual([
      'Dr. Smith met J. Doe at No. 5.',
      'They left.',
    ])
    expect(parts('Der Vertrag gilt ab 1. Januar 2026. Er endet z. B. nie.', 'de')).toHaveLength(2)
    expect(parts('第一句。第二句！还有吗？', 'zh')).toEqual(['第一句。', '第二句！', '还有吗？'])
  })

  it('reads wrapped lines as one sentence, rows and items one by one [M4.sentences]', () => {
    const text =
      'This sentence of a page was broken by its layout after a\nwide line and goes on here. Then the next.\n\n' +
      'Plan | Price\nGold | 49 EUR\n\n- first item\n- second item'
    const units = splitSentences(text)
    expect(units.map((unit) => unit.kind)).toEqual([
      'sentence',
      'sentence',
      'table-header',
      'row',
      'item',
      'item',
    ])
    expect(units[3]!.header).toBe(2)
  })

  it('covers every character that is not white space, in order, for any text [M4.sentences-cover]', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a | b', '- x', 'Dr. A. B.', '好。好', ''),
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = lines.join('\n')
        let rest = ''
        let at = 0
        for (const unit of splitSentences(text)) {
          expect(unit.start).toBeGreaterThanOrEqual(at)
          rest += text.slice(at, unit.start)
          at = unit.end
        }
        expect((rest + text.slice(at)).trim()).toBe('')
      }),
      { numRuns: 40 },
    )
  })
})

describe('numbers', () => {
  it('reads one number from its many notations [M4.numbers]', () => {
    expect(numbersIn('1,000 and 1.000 and 1000 and 1,5 and 1.5')).toEqual([
      '1000',
      '1000',
      '1000',
      '1.5',
      '1.5',
    ])
    expect(numbersIn('３０ days, 007')).toEqual(['30', '7'])
    expect(statedNumbers('thirty days, 三个月, zwei Wochen')).toEqual(new Set(['30', '2', '3']))
  })
})
