import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerText } from './answer-text.ts'
import { events, fakeIo } from './io.fixture.ts'

function shown(text: string, cuts: readonly number[] = []): string {
  const answer = new AnswerText()
  let out = ''
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    out += answer.push(text.slice(from, Math.min(cut, text.length)))
    from = Math.min(cut, text.length)
  }
  return out + answer.push(text.slice(from)) + answer.end()
}

const passage = (documentId: string, more: object = {}) => ({
  number: 1,
  documentId,
  title: `Title of ${documentId}`,
  headingPath: ['Bags'],
  page: 2,
  ...more,
})
const answer = {
  outcome: 'answered',
  text: '',
  reason: null,
  citations: [],
  unsupported: [],
  model: 'extractive',
  conversationId: null,
  traceId: 'trc_1',
  auditSeq: 7,
}

describe('AnswerText', () => {
  it('tells each cell of a row after its header’s, and the header no more [M8.cli-table]', () => {
    expect(shown('See: [1]\nPlan | Premium [1]\nGold | 12 EUR [1]\nSilver |  [1]\nDone. [2]')).toBe(
      'See: [1]\nPlan: Gold; Premium: 12 EUR [1]\nPlan: Silver [1]\nDone. [2]',
    )
    // Another width, a single line, a Markdown table: as they are.
    expect(shown('A | B [1]\n1 | 2 | 3 [1]')).toBe('1 | 2 | 3 [1]')
    expect(shown('Gold | 12 EUR [1]')).toBe('Gold | 12 EUR [1]')
    const markdown = '| a | b |\n| - | - |\n| 1 | 2 |'
    expect(shown(markdown)).toBe(markdown)
    // A blank line parts two tables.
    expect(shown('A | B\n1 | 2\n\nC | D\n3 | 4')).toBe('A: 1; B: 2\n\nC: 3; D: 4')
  })

  it('gives running text out at once and loses none of it, however it is cut [M8.cli-table]', () => {
    expect(new AnswerText().push('One bag of')).toBe('One bag of')
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '[1]', '.'), maxLength: 60 })
    fc.assert(
      fc.property(text, fc.array(fc.nat(80), { maxLength: 5 }), (one, cuts) => {
        expect(shown(one, cuts)).toBe(one)
      }),
    )
  })
})

describe('ask', () => {
  it('names a source once, with all that is quoted from it [M8.cli-sources]', async () => {
    const citation = { number: 1, title: 'T', headingPath: [], page: null, support: 1, exact: true }
    const citations = [
      { ...citation, quote: 'One bag.', start: 0, end: 8 },
      { ...citation, quote: 'No liquids.', start: 9, end: 20 },
    ]
    const cli = fakeIo(() =>
      events([{ type: 'answer', answer: { ...answer, citations } } as never]),
    )
    expect(await cli.run('ask', 'What?')).toBe(0)
    expect(cli.text.out).toContain('Sources\n[1] T\n    "One bag."\n    "No liquids."\n')
  })

  it('names the closest documents and what to do where nothing answers [M8.cli-next-step]', async () => {
    const text = 'The documents found do not mention “golf”.'
    const ungrounded = { ...answer, outcome: 'ungrounded', text, reason: text }
    const passages = ['doc_a', 'doc_a', 'doc_b', 'doc_c', 'doc_d'].map((id) => passage(id))
    const list = [
      { type: 'passages', passages },
      { type: 'answer', answer: ungrounded },
    ]
    const cli = fakeIo(() => events(list))
    expect(await cli.run('ask', 'Golf?')).toBe(10)
    expect(cli.text.out.match(/Title of doc_a, Bags, page 2/g)).toHaveLength(1)
    expect(cli.text.out).toContain('plinth documents show doc_c')
    expect(cli.text.out).not.toContain('doc_d')
    expect(cli.text.out).toContain('Next: ask again with the words of these documents')
    const none = fakeIo(() => events(list.slice(1)))
    expect(await none.run('ask', 'Golf?')).toBe(10)
    expect(none.text.out).toContain('plinth documents list')
  })
})
