import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { analyse, type Language } from '../src/data/index.ts'
import { abstainFeatures, evidence } from '../src/models/extractive/abstain.ts'
import { askedOf } from '../src/models/extractive/extract.ts'
import type { Asked } from '../src/models/extractive/question.ts'
import {
  type Candidate,
  type ReadPassage,
  rankFeatures,
  rankUnits,
  readPassage,
} from '../src/models/extractive/score.ts'
import { type FitCase, mtragCases, scifactCases, xquadCases } from './fit/cases.ts'
import {
  auc,
  dot,
  type Example,
  fitLogistic,
  fitRanking,
  interval,
  type Logistic,
  type RankingList,
  sigmoid,
} from './fit/logistic.ts'

/**
 * Fits the built-in model: which sentence answers (conditional logit on where the answer stands), then whether the
 * passages answer at all (logistic regression; XQuAD questions with their paragraph and without it, SciFact claims with
 * evidence and without). Everything reported is out of fold: five folds by article or claim, the parallel
 * languages of an article in one fold. `node bench/fit-abstention.ts [--json FILE] [--dry]`
 */
const folds = 5
const ridge = 1
const generated = new URL('../src/models/extractive/generated/coefficients.ts', import.meta.url)

interface Row {
  fit: FitCase
  asked: Asked
  read: ReadPassage[]
  ranked: Candidate[]
  features: number[]
}

interface Scored {
  score: number
  label: 0 | 1
  group: string
  set: string
}

const read = new Map<string, ReadPassage>()
const analyser = (text: string, language?: string) => analyse(text, (language ?? 'en') as Language)

function readCase(fit: FitCase): Row {
  const passages = fit.passages.map((passage) => {
    const key = `${fit.set} ${passage.documentId}`
    const known = read.get(key) ?? readPassage(passage, analyser, fit.language)
    read.set(key, known)
    return { ...known, passage }
  })
  const asked = askedOf(fit.question, passages, { analyse: analyser, language: fit.language })
  return { fit, asked, read: passages, ranked: rankUnits(asked, passages, 1_000), features: [] }
}

function rankingList({ fit, ranked }: Row): RankingList | undefined {
  const gold = ranked.map(({ passage, unit }) =>
    fit.gold.some(
      ({ document, start, end }) =>
        document === passage.passage.documentId && unit.start < end && unit.end > start,
    ),
  )
  if (!gold.some(Boolean)) return undefined
  const features = ranked.map((candidate) => candidate.features)
  return { features, gold, weight: 1, group: fit.group, set: fit.set }
}

/** No questions stand among these documents, as they do in lists of frequent ones: this weight is set by hand. */
const askedBack = -3

const foldOf = (group: string) => {
  let hash = 0
  for (const char of group) hash = (hash * 31 + char.charCodeAt(0)) >>> 0
  return hash % folds
}

/** Orders a row's candidates by these weights and reads the evidence anew. */
function judge(row: Row, weights: readonly number[]): number[] {
  const ranked = row.ranked
    .map((candidate) => ({ ...candidate, score: dot(weights, candidate.features) }))
    .sort((a, b) => b.score - a.score)
  return evidence(row.asked, row.read, ranked)
}

function exampleOf(row: Row, weights: readonly number[]): Example {
  const { group, set, answerable } = row.fit
  return { features: judge(row, weights), label: answerable ? 1 : 0, weight: 1, group, set }
}

/** Each row scored by models that saw nothing of its group; and how often the best sentence was right. */
function outOfFold(rows: readonly Row[], lists: readonly RankingList[]) {
  const scored: Scored[] = []
  const first: { right: number; group: string; set: string }[] = []
  for (let fold = 0; fold < folds; fold++) {
    const inside = <T extends { group: string }>(item: T) => foldOf(item.group) === fold
    const weights = fitRanking(
      lists.filter((list) => !inside(list)),
      ridge,
    )
    for (const list of lists.filter(inside)) {
      const scores = list.features.map((row) => dot(weights, row))
      const best = scores.indexOf(Math.max(...scores))
      first.push({ right: list.gold[best] ? 1 : 0, group: list.group, set: list.set })
    }
    const train = rows.filter((row) => !inside(row.fit) && row.fit.set !== 'mtrag-un')
    const model = fitLogistic(
      train.map((row) => exampleOf(row, weights)),
      ridge,
    )
    for (const row of rows.filter((one) => inside(one.fit))) {
      const { features, label, group, set } = exampleOf(row, weights)
      scored.push({
        score: sigmoid(model.intercept + dot(model.weights, features)),
        label,
        group,
        set,
      })
    }
  }
  return { scored, first }
}

function balanced(
  scored: readonly Scored[],
  threshold: number,
): { answered: number; abstained: number; accuracy: number } {
  const share = (label: 0 | 1) => {
    const of = scored.filter((one) => one.label === label)
    const right = of.filter((one) => one.score >= threshold === (label === 1))
    return right.length / of.length
  }
  const [answered, abstained] = [share(1), share(0)]
  return { answered, abstained, accuracy: (answered + abstained) / 2 }
}

function bestThreshold(scored: readonly Scored[]): number {
  let best = 0.5
  for (let at = 0.05; at < 0.95; at += 0.005) {
    if (balanced(scored, at).accuracy > balanced(scored, best).accuracy) best = at
  }
  return Math.round(best * 1000) / 1000
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length
const round = (value: number) => Math.round(value * 10_000) / 10_000

function report(
  set: string,
  scored: readonly Scored[],
  first: readonly { right: number; group: string }[],
  threshold: number,
) {
  const both = scored.some((one) => one.label === 0)
  const at = balanced(scored, threshold)
  const row: Record<string, string | number> = {
    set,
    n: scored.length,
    n_answerable: scored.filter((one) => one.label === 1).length,
  }
  if (both) {
    const [low, high] = interval(scored, auc)
    Object.assign(row, {
      auc: round(auc(scored)),
      auc_low: round(low),
      auc_high: round(high),
      balanced_accuracy: round(at.accuracy),
      abstains_rightly: round(at.abstained),
    })
  }
  row.answers_rightly = round(at.answered)
  if (first.length > 0) {
    const [low, high] = interval(first, (sample) => mean(sample.map((one) => one.right)))
    Object.assign(row, {
      first_sentence_right: round(mean(first.map((one) => one.right))),
      first_low: round(low),
      first_high: round(high),
    })
  }
  return row
}

function source(
  weights: readonly number[],
  model: Logistic,
  threshold: number,
  rows: object[],
): string {
  const list = (values: readonly number[]) =>
    `[${values.map((value) => Number(value.toFixed(4))).join(', ')}]`
  const lines = rows.map((row) => ` *   ${JSON.stringify(row)}`)
  return `/**
 * Written by \`node bench/fit-abstention.ts\`; do not edit. Out of fold:
${lines.join('\n')}
 */

/** ${rankFeatures.join(', ')} */
export const rankWeights: readonly number[] = ${list(weights)}

/** ${abstainFeatures.join(', ')} */
export const abstention = {
  intercept: ${Number(model.intercept.toFixed(4))},
  weights: ${list(model.weights)},
  threshold: ${threshold},
}
`
}

const { values } = parseArgs({ options: { json: { type: 'string' }, dry: { type: 'boolean' } } })
const cases = [
  ...xquadCases('en'),
  ...xquadCases('de'),
  ...xquadCases('zh'),
  ...scifactCases(),
  ...mtragCases(),
]
const rows = cases.map(readCase)
const lists = rows.map(rankingList).filter((list) => list !== undefined)
const { scored, first } = outOfFold(rows, lists)
const fitted = scored.filter((one) => one.set !== 'mtrag-un')
const threshold = bestThreshold(fitted)
const sets = [...new Set(cases.map((fit) => fit.set))]
const table = [
  report('all fitted', fitted, first, threshold),
  ...sets.map((set) =>
    report(
      set,
      scored.filter((one) => one.set === set),
      first.filter((one) => one.set === set),
      threshold,
    ),
  ),
]
console.table(table)
const weights = fitRanking(lists, ridge)
weights[rankFeatures.indexOf('asks')] = askedBack
const model = fitLogistic(
  rows.filter((row) => row.fit.set !== 'mtrag-un').map((row) => exampleOf(row, weights)),
  ridge,
)
console.log({ threshold, intercept: model.intercept })
for (const [i, name] of rankFeatures.entries()) console.log('rank', name, weights[i]!.toFixed(3))
for (const [i, name] of abstainFeatures.entries())
  console.log('abstain', name, model.weights[i]!.toFixed(3))
if (!values.dry) writeFileSync(generated, source(weights, model, threshold, table))
if (values.json) {
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify({ threshold, rows: table }, null, 2)}\n`)
}
