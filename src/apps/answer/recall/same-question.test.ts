import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differenceOf } from './same-question.ts'

const asked = 'What is the notice period for tenants in Hamburg?'

describe('two questions', () => {
  it('are one where only politeness, case and marks differ [M15.same-question]', () => {
    for (const other of [
      'what is the notice period for tenants in hamburg',
      'Please tell me: what is the notice period for tenants in Hamburg?',
      "What's the notice period for tenants in Hamburg, please?",
      'Can you explain what the notice period for tenants in Hamburg is?',
    ]) {
      expect([other, differenceOf(asked, other, 'en')]).toEqual([other, undefined])
    }
    expect(
      differenceOf('Wie lange gilt die Frist?', 'Sag mir bitte, wie lange die Frist gilt.', 'de'),
    ).toBe('order')
    expect(
      differenceOf('Wie lange gilt die Frist?', 'Bitte: Wie lange gilt die Frist?', 'de'),
    ).toBeUndefined()
  })

  it('are two where a number, date, name, denial, contrast or word differs [M15.same-question-differs]', () => {
    const pairs: [string, string, string][] = [
      ['What is paid after 3 years?', 'What is paid after 4 years?', 'numbers'],
      ['What is paid after two years?', 'What is paid after three years?', 'numbers'],
      ['What is covered?', 'What is not covered?', 'negation'],
      ["Why isn't it covered?", 'Why is it covered?', 'negation'],
      ['What is due in March?', 'What is due in May?', 'dates'],
      ['What is due before delivery?', 'What is due after delivery?', 'dates'],
      ['What does Anna pay?', 'What does Bert pay?', 'names'],
      ['Who signs the contract?', 'When is the contract signed?', 'what is asked for'],
      ['How many days is it?', 'How long is it?', 'what is asked for'],
      ['What is the minimum fee?', 'What is the maximum fee?', 'opposites'],
      ['Is storm damage covered?', 'Is flood damage covered?', 'words'],
      ['Is damage covered?', 'Is glass damage covered?', 'words'],
      ['Does the landlord pay the owner?', 'Does the owner pay the landlord?', 'order'],
    ]
    for (const [one, other, why] of pairs) {
      expect([one, differenceOf(one, other, 'en')]).toEqual([one, why])
      expect(differenceOf(other, one, 'en')).toBe(why)
    }
    expect(differenceOf('保险期是多久', '保险期是多长', 'zh')).toContain('language')
    expect(differenceOf('保险期是多久', '保险期是多久', 'zh')).toBeUndefined()
  })

  it('are compared alike in both directions, whatever they say [M15.same-question]', () => {
    const words = fc.constantFrom(
      'not',
      '3',
      'Anna',
      'May',
      'who',
      'pays',
      'the',
      'rent',
      'no',
      '🙂',
      "isn't",
      'min',
    )
    const question = fc.array(words, { maxLength: 8 }).map((list) => list.join(' '))
    fc.assert(
      fc.property(question, question, (one, other) => {
        expect(differenceOf(one, other, 'en')).toBe(differenceOf(other, one, 'en'))
        expect(differenceOf(one, one, 'en')).toBeUndefined()
      }),
      { seed: 5, numRuns: 500 },
    )
  })
})
