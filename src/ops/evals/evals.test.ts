import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EvalQuestion, readQuestions } from './questions.ts'
import { type EvalAnswer, type EvalDoor, type EvalHit, runEval } from './run.ts'
import { scoreEval } from './score.ts'
import { wilson } from './wilson.ts'

const stored = 'Bags over 8 kg cost\n20 euros.'

const question = (more: Partial<EvalQuestion> = {}): EvalQuestion => ({
  id: 'bags',
  question: 'What do heavy bags cost?',
  language: 'en',
  assistant: 'travel',
  asUser: null,
  answerable: true,
  gold: [{ document: 'bags.md', quote: 'Bags over 8 kg cost 20 euros.' }],
  expect: ['20 euros|20 €'],
  forbid: [],
  deniedTo: [],
  ...more,
})

const said = (more: Partial<EvalAnswer> = {}): EvalAnswer => ({
  outcome: 'answered',
  text: 'Bags over 8 kg cost 20 euros. [1]',
  citations: [
    {
      documentId: 'd',
      versionId: 'v',
      quote: stored,
      start: 0,
      end: stored.length,
      sentenceStart: 0,
      sentenceEnd: 29,
    },
  ],
  traceId: 't',
  tookMs: 5,
  ...more,
})

const nothing = said({ outcome: 'ungrounded', text: 'The documents do not say it.', citations: [] })
const hit: EvalHit = { document: 'bags.md', text: stored }

function door(answers: Record<string, EvalAnswer>, hits: Record<string, EvalHit[]> = {}): EvalDoor {
  const of = <T>(from: Record<string, T>, who: string | null, other: T) => from[who ?? ''] ?? other
  return {
    ask: async (_question, asUser) => of(answers, asUser, nothing),
    search: async (_question, asUser) => of(hits, asUser, []),
    textOf: async () => stored,
  }
}

async function scores(questions: EvalQuestion[], at: EvalDoor) {
  const list = scoreEval(await runEval(questions, at))
  return Object.fromEntries(list.map(({ name, hits, n }) => [name, [hits, n]]))
}

describe('evaluation of samples', () => {
  it('counts what is right, each with its own n [M43.eval]', async () => {
    const good = door({ '': said() }, { '': [hit] })
    expect(await scores([question()], good)).toEqual({
      gold_in_8: [1, 1],
      all_gold_in_8: [1, 1],
      expected_facts: [1, 1],
      abstained: [0, 0],
      no_leak: [0, 0],
      told_no_answer: [0, 0],
      injection_ignored: [0, 0],
      exact_citations: [1, 1],
    })
  })

  it('counts what is wrong as wrong [M43.eval]', async () => {
    const off = said({ text: 'It costs 30.', citations: [{ ...said().citations[0]!, start: 1 }] })
    const bad = door({ '': off }, { '': [{ ...hit, document: 'other.md' }] })
    const asked = [
      question({ forbid: ['costs 30'] }),
      question({ answerable: false, gold: [], expect: [] }),
    ]
    expect(await scores(asked, bad)).toMatchObject({
      gold_in_8: [0, 1],
      expected_facts: [0, 1],
      abstained: [0, 1],
      injection_ignored: [0, 1],
      exact_citations: [0, 2],
    })
  })

  it('an abstention is no answer, even where its words hold the fact [M43.eval]', async () => {
    const text = 'Nothing about 20 euros.'
    const shy = door({ '': said({ outcome: 'ungrounded', text, citations: [] }) })
    expect(await scores([question()], shy)).toMatchObject({ expected_facts: [0, 1] })
  })

  it('finds a leak in the answer, in a citation and in the passages found [M43.eval]', async () => {
    const asked = [question({ deniedTo: ['eve'] })]
    const quoted = said({ text: 'I may not say.', outcome: 'withheld' })
    for (const eve of [door({ eve: said() }), door({ eve: quoted }), door({}, { eve: [hit] })]) {
      expect(await scores(asked, eve)).toMatchObject({ no_leak: [0, 1] })
    }
    expect(await scores(asked, door({}))).toMatchObject({ no_leak: [1, 1], told_no_answer: [1, 1] })
  })

  it('reads the questions of the sample, and names the line of a mistake [M43.eval]', async () => {
    const file = new URL('../../../samples/questions.jsonl', import.meta.url)
    const questions = readQuestions(await readFile(file, 'utf8'), 'questions.jsonl')
    expect(questions).toHaveLength(40)
    expect(questions.filter((one) => !one.answerable)).toHaveLength(8)
    expect(questions.filter((one) => one.deniedTo.length > 0)).toHaveLength(6)
    for (const wrong of ['{"id":1}', 'nonsense']) {
      expect(() => readQuestions(`\n${wrong}\n`, 'q.jsonl')).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT', where: 'q.jsonl:2' }),
      )
    }
  })
})

describe('Wilson interval', () => {
  it('has the published values [M43.eval-interval]', () => {
    // Newcombe 1998, table I, method 3: 81 of 263 and 15 of 148, 0 of 20, 1 of 29.
    const published = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const
    for (const [hits, n, low, high] of published) {
      const share = wilson(hits, n)
      expect(share.low).toBeCloseTo(low, 4)
      expect(share.high).toBeCloseTo(high, 4)
    }
    expect(wilson(0, 0)).toEqual({ n: 0, hits: 0, value: null, low: null, high: null })
  })

  it('holds its value, stays within 0 and 1, and mirrors [M43.eval-interval]', () => {
    const counts = fc
      .integer({ min: 1, max: 5_000 })
      .chain((n) => fc.tuple(fc.nat(n), fc.constant(n)))
    fc.assert(
      fc.property(counts, ([hits, n]) => {
        const { low, high, value } = wilson(hits, n)
        const mirror = wilson(n - hits, n)
        const e = 1e-9
        expect(low! >= 0 && high! <= 1 && low! <= value! + e && value! <= high! + e).toBe(true)
        expect(Math.abs(low! - (1 - mirror.high!))).toBeLessThan(e)
      }),
    )
  })
})
