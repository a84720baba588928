import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { analyseIn, detectLanguage } from '../src/data/index.ts'
import { createExtractor } from '../src/models/extractive/index.ts'
import { allCases, type FitCase } from './fit/cases.ts'
import { ask, type Outcome, outcomeOf, summary } from './fit/measure.ts'

/**
 * What the built-in model makes of questions it was not fitted on: how often it answers, whether the answer holds what
 * it should, how much else it says, how often it refuses what nothing answers, and the milliseconds that takes.
 * `node bench/extractive.ts [--embedders none,all-minilm-l6-v2,multilingual-e5-small] [--sets ...] [--json FILE]`.
 * `--curve` gives recall and refusals at several thresholds instead.
 */
const { values } = parseArgs({
  options: {
    embedders: { type: 'string', default: 'none' },
    sets: { type: 'string' },
    /** Answers below this confidence are refused; absent: the fitted threshold. 0 answers everything. */
    below: { type: 'string' },
    curve: { type: 'boolean' },
    json: { type: 'string' },
  },
})
const below = values.below === undefined ? undefined : Number(values.below)
const timed = 200

function timesOf(cases: readonly FitCase[], work: (one: FitCase) => unknown): number[] {
  return cases
    .slice(0, timed)
    .map((one) => {
      const started = performance.now()
      work(one)
      return performance.now() - started
    })
    .sort((a, b) => a - b)
}

function milliseconds(cases: readonly FitCase[]): Record<string, number> {
  const at = (times: number[], share: number) =>
    Number(times[Math.floor(times.length * share)]!.toFixed(2))
  const extractor = createExtractor({ analyse: analyseIn, detectLanguage })
  const remember = ({ text, passages, language }: FitCase) =>
    extractor(text, passages, language === undefined ? {} : { language })
  timesOf(cases, remember)
  const [fresh, remembered] = [timesOf(cases, (one) => ask(one)), timesOf(cases, remember)]
  return {
    p50_ms: at(fresh, 0.5),
    p95_ms: at(fresh, 0.95),
    remembered_p50_ms: at(remembered, 0.5),
    remembered_p95_ms: at(remembered, 0.95),
  }
}

const cases = (await allCases(values.embedders.split(','), values.sets?.split(','))).filter(
  ({ part }) => part === 'held-out',
)
const kinds = [...new Set(cases.map(({ embedder, set }) => `${embedder} ${set}`))]
const thresholds = Array.from({ length: 11 }, (_, i) => (40 + 2.5 * i) / 100)

/** What each threshold would make of these questions, each asked once. */
function curveOf(outcomes: readonly Outcome[]) {
  return thresholds.map((threshold) => {
    const cut = outcomes.map((one): Outcome => {
      const answered = one.answered && one.confidence >= threshold
      return { ...one, answered, right: answered ? one.right : 0 }
    })
    const { answered, answer_recall, refused } = summary(cut)
    return { threshold, answered, answer_recall, refused }
  })
}

const rows = kinds.flatMap((kind): Record<string, unknown>[] => {
  const [embedder, set] = kind.split(' ')
  const some = cases.filter((one) => one.embedder === embedder && one.set === set)
  const at = values.curve ? 0 : below
  const outcomes = some.map((one) => outcomeOf(one, ask(one, at)))
  if (values.curve) return curveOf(outcomes).map((row) => ({ set, embedder, ...row }))
  return [{ set, embedder, ...summary(outcomes), ...milliseconds(some) }]
})
console.table(rows)
if (values.json) {
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify({ rows }, null, 2)}\n`)
}
