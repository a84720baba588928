import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Passage } from '#ports'
import {
  type CheckedPart,
  type Citation,
  CitationChecker,
  type CitationFinding,
} from './citations.ts'
import { SentenceStream } from './sentence-stream.ts'

const segmenter = new Intl.Segmenter('zh', { granularity: 'word' })
const analyse = (text: string): string[] =>
  [...segmenter.segment(text.toLowerCase())]
    .filter((part) => part.isWordLike)
    .map((part) => part.segment.replace(/(?<=\w{3})(?:ies|es|s|ed|ing|en|e|n)$/, ''))

const texts = [
  'Employees receive 28 days of paid leave per year. Unused days expire on 31 March, unless the manager agreed otherwise.',
  'Travel costs are refunded within 14 days.\nHotels up to 1,800 EUR per stay need no approval. The fee is not refundable.',
  '保险理赔需要在三十天内提交申请。报销金额上限为5000元。',
]
const passages: Passage[] = texts.map((text, i) => ({
  number: i + 1,
  chunkId: `c${i}`,
  documentId: `d${i}`,
  documentVersionId: `v${i}`,
  title: 'Handbook',
  headingPath: [],
  text,
  start: 1000 * i,
  end: 1000 * i + text.length,
  page: i + 1,
  score: 1,
}))

type Policy = 'mark' | 'remove' | 'withhold'

function check(chunks: string | string[], unsupported: Policy = 'mark') {
  const checker = new CitationChecker({
    passages,
    analyse,
    policy: { unsupported, minSupport: 0.5 },
  })
  const parts: CheckedPart[] = []
  for (const chunk of [chunks].flat()) parts.push(...checker.push(chunk))
  parts.push(...checker.end())
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  const citations = parts.filter((part): part is Citation => part.type === 'citation')
  const findings = parts.filter((part): part is CitationFinding => part.type === 'finding')
  return { text, citations, findings, parts, report: checker.report }
}

describe('CitationChecker', () => {
  it('gives a verbatim sentence its exact span in the document [M4.citation-exact]', () => {
    const { text, citations } = check('Hotels up to 1,800 EUR per stay need no approval. [2] Bye')
    expect(text).toBe('Hotels up to 1,800 EUR per stay need no approval. [2] Bye')
    const [one] = citations
    expect(one).toMatchObject({
      number: 2,
      documentVersionId: 'v1',
      page: 2,
      support: 1,
      exact: true,
      sentenceStart: 0,
    })
    expect(texts[1]!.slice(one!.start - 1000, one!.end - 1000)).toBe(
      'Hotels up to 1,800 EUR per stay need no approval.',
    )
    expect(text.slice(one!.sentenceStart, one!.sentenceEnd)).toBe(
      'Hotels up to 1,800 EUR per stay need no approval. [2]',
    )
  })

  it('scores a paraphrase and demands that its numbers stand in the text [M4.citation-support]', () => {
    const good = check('Unused leave days expire on 31 March [1].')
    expect(good.citations[0]).toMatchObject({ exact: false, repaired: false })
    expect(good.citations[0]!.support).toBeGreaterThan(0.8)
    expect(good.findings).toEqual([])
    const bad = check('Unused leave days expire on 30 March [1].')
    expect(bad.findings[0]).toMatchObject({ kind: 'number', detail: expect.stringContaining('30') })
    expect(check('A hotel up to 1800 EUR per stay needs no approval [2].').findings).toEqual([])
    expect(check('The fee is refundable [2].').findings[0]).toMatchObject({ kind: 'unsupported' })
    expect(check('Penguins live in Antarctica [1].').findings[0]).toMatchObject({
      kind: 'unsupported',
    })
  })

  it('demands quotations word by word [M4.citation-quotation]', () => {
    expect(check('It says “days expire on 31 March” [1].').citations[0]!.exact).toBe(true)
    expect(check('It says “days of leave expire on 31 March” [1].').findings[0]!.kind).toBe(
      'quotation',
    )
  })

  it('drops markers that point to nothing and reads lists and ranges of markers [M4.citation-markers]', () => {
    const { text, report } = check(
      'Travel costs are refunded within 14 days [9]. Employees receive 28 days of leave [1, 9].',
    )
    expect(text).toBe(
      'Travel costs are refunded within 14 days [2]. Employees receive 28 days of leave [1].',
    )
    expect(report.unknownMarkers).toBe(2)
    const both = check('Employees receive 28 days and travel costs are refunded in 14 days [1][2].')
    expect(both.citations.map((one) => one.number)).toEqual([1, 2])
    expect(check('An array [0] and [see below] stay.').text).toBe('An array and [see below] stay.')
  })

  it('finds the right passage where the model named none or another [M4.citation-repair]', () => {
    const { text, citations } = check(
      'Employees receive 28 days of paid leave per year. Travel costs are refunded within 14 days [1].',
    )
    expect(text).toBe(
      'Employees receive 28 days of paid leave per year. [1] Travel costs are refunded within 14 days [2].',
    )
    expect(citations.map((one) => one.repaired)).toEqual([true, true])
  })

  it('lets an honest "the documents do not say" pass without a citation [M4.citation-unanswered]', () => {
    for (const sentence of [
      'The documents do not say who won.',
      'I could not find this in the sources.',
      'Die Dokumente enthalten dazu keine Angaben.',
      '文档中没有提到这个问题。',
    ]) {
      const { findings, report } = check(sentence, 'withhold')
      expect(findings[0]).toMatchObject({ kind: 'unanswered' })
      expect(report).toMatchObject({ unanswered: true, withheld: false })
    }
  })

  it('marks, removes or withholds as the guardrail says [M8.citation-policy]', () => {
    const answer =
      'Employees receive 28 days of paid leave per year [1]. Penguins live in Antarctica [1]. Travel costs are refunded within 14 days [2].'
    expect(check(answer, 'mark').text).toBe(answer)
    const removed = check(answer, 'remove')
    expect(removed.text).toBe(
      'Employees receive 28 days of paid leave per year [1]. Travel costs are refunded within 14 days [2].',
    )
    expect(removed.findings[0]).toMatchObject({ removed: true })
    expect(check(answer, 'withhold').parts).toEqual([
      { type: 'withheld', reason: expect.stringContaining('1 of 3') },
    ])
    expect(check('Penguins live in Antarctica [1].', 'remove').parts.at(-1)).toMatchObject({
      type: 'withheld',
    })
  })

  it('gives text out before the sentence is over where the policy allows [M8.citation-stream]', () => {
    const checker = new CitationChecker({
      passages,
      analyse,
      policy: { unsupported: 'mark', minSupport: 0.5 },
    })
    expect(checker.push('Employees receive 28')).toEqual([
      { type: 'text', text: 'Employees receive 28' },
    ])
    expect(checker.push(' days ')).toEqual([{ type: 'text', text: ' days' }])
    expect(checker.push('of leave [')).toEqual([{ type: 'text', text: ' of leave' }])
    expect(checker.push('1')).toEqual([])
  })

  it('checks Chinese sentences that follow each other without a space [M4.citation-chinese]', () => {
    const { citations, text } = check(
      '保险理赔需要在三十天内提交申请。[3]报销金额上限为5000元。[3]',
    )
    expect(
      citations.map((one) => [one.exact, text.slice(one.sentenceStart, one.sentenceEnd)]),
    ).toEqual([
      [true, '保险理赔需要在三十天内提交申请。[3]'],
      [true, '报销金额上限为5000元。[3]'],
    ])
  })

  const words = fc.constantFrom(
    'Employees receive 28 days of paid leave per year',
    '.',
    '. ',
    ' [1]',
    '[2, 3]',
    '[1][2]',
    '[99]',
    ' [',
    ']',
    '\n',
    '。',
    'Dr. Who',
    ' "days expire on 31 March"',
    ' 3.5',
    ' am 1. Januar ',
    '!',
    '?',
    ' ',
    '【1】',
    '- item',
    '# T',
    ': ',
    '报销金额',
    '😀',
  )
  const answers = fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: words },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
      ),
      { maxLength: 30 },
    )
    .map((all) => all.join(''))

  it('says the same whatever the split of the stream [M8.citation-any-split]', () => {
    fc.assert(
      fc.property(
        answers,
        fc.array(fc.nat(300), { maxLength: 12 }),
        fc.constantFrom<Policy>('mark', 'remove', 'withhold'),
        (answer, cuts, policy) => {
          const places = [...new Set(cuts.filter((cut) => cut < answer.length))].sort(
            (a, b) => a - b,
          )
          const chunks = [0, ...places].map((from, i, all) =>
            answer.slice(from, all[i + 1] ?? answer.length),
          )
          const whole = check(answer, policy)
          const split = check(chunks, policy)
          const each = check([...answer], policy)
          for (const other of [split, each]) {
            expect(other.text).toBe(whole.text)
            expect(other.citations).toEqual(whole.citations)
            expect(other.findings).toEqual(whole.findings)
            expect(other.report).toEqual(whole.report)
          }
          for (const one of whole.citations) {
            expect(whole.text.slice(one.sentenceStart, one.sentenceEnd)).toContain(one.marker)
          }
        },
      ),
      {
        numRuns: 300,
        // A number with a point may be an ordinal, which the next letters tell: they were given out twice.
        examples: [[' 3.5. Employees receive 28 days of paid leave per year', [], 'mark']],
      },
    )
  })

  it('keeps a table row with a question mark in one statement [M8.table-row]', () => {
    const stream = new SentenceStream()
    const row = 'Situation | Covered? | Remark [1]\n'
    const next = 'Burst pipe | Yes! | excess of £450 [1]'
    const cut = [...row, ...next].flatMap((letter) => stream.push(letter))
    expect([...cut, ...stream.end()]).toEqual([row, next])
  })
})
