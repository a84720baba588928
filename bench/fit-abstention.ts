import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { analyseIn, detectLanguage } from '../src/data/index.ts'
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
import { allCases, type FitCase } from './fit/cases.ts'
import { leastThreshold, reportOf, type Scored } from './fit/judging.ts'
import {
  dot,
  type Example,
  fitLogistic,
  fitRanking,
  type Logistic,
  type RankingList,
  sigmoid,
} from './fit/logistic.ts'

/**
 * Fits the built-in model on the fit part of XQuAD, SciFact and MTRAG-UN: which sentence answers (conditional logit on
 * where the answer stands), then on XQuAD and SciFact whether the passages answer at all (logistic regression), with the
 * lowest threshold that refuses often enough. What is reported is of the held-out part, and of sets never fitted.
 * `node bench/fit-abstention.ts [--json FILE] [--dry]`
 */
const ridge = 1
const generated = new URL('../src/models/extractive/generated/coefficients.ts', import.meta.url)

interface Row {
  fit: FitCase
  asked: Asked
  read: ReadPassage[]
  ranked: Candidate[]
}

const read = new Map<string, ReadPassage>()

function readCase(fit: FitCase): Row {
  const question = fit.text
  const language = fit.language ?? detectLanguage(fit.passages[0]?.text ?? question)
  const passages = fit.passages.map((passage) => {
    const key = `${fit.set} ${language} ${passage.chunkId}`
    const known = read.get(key) ?? readPassage(passage, analyseIn, language)
    read.set(key, known)
    return { ...known, passage }
  })
  const asked = askedOf(question, passages, { analyse: analyseIn, language })
  return { fit, asked, read: passages, ranked: rankUnits(asked, passages, 1_000) }
}

function rankingList(row: Row): RankingList | undefined {
  const { fit, ranked } = row
  const gold = fit.reference ? saysReference(row) : ranked.map((one) => standsAtGold(fit, one))
  if (!gold.some(Boolean)) return undefined
  const features = ranked.map((candidate) => candidate.features)
  return { features, gold, weight: 1, group: fit.group, set: fit.set }
}

const standsAtGold = (fit: FitCase, { passage, unit }: Candidate): boolean =>
  fit.gold.some(
    ({ document, start, end }) =>
      document === passage.passage.chunkId && unit.start < end && unit.end > start,
  )

/** Where only an answer in other words is given: sentences of its passages that say mostly what it says. */
function saysReference({ fit, ranked }: Row): boolean[] {
  const reference = new Set(analyseIn(fit.reference ?? '', fit.language))
  return ranked.map((one) => {
    const held = [...one.unit.set].filter((term) => reference.has(term)).length
    return standsAtGold(fit, one) && held >= 3 && held >= 0.5 * one.unit.set.size
  })
}

/** Weights that no set of running text can tell: questions and causes among table rows, set by hand. */
const byHand = { asks: -3, rowForReason: -2 }

/** Orders a row's candidates by these weights and reads the evidence anew. */
function exampleOf(
  { fit, asked, read: passages, ranked }: Row,
  weights: readonly number[],
): Example {
  const ordered = ranked
    .map((candidate) => ({ ...candidate, score: dot(weights, candidate.features) }))
    .sort((a, b) => b.score - a.score)
  const { group, set, answerable } = fit
  const features = evidence(asked, passages, ordered)
  return { features, label: answerable ? 1 : 0, weight: 1, group, set }
}

function scoresOf(rows: readonly Row[], weights: readonly number[], model: Logistic): Scored[] {
  return rows.map((row) => {
    const { features, label, group, set } = exampleOf(row, weights)
    const best = row.ranked
      .map((one) => ({ one, score: dot(weights, one.features) }))
      .reduce((a, b) => (b.score > a.score ? b : a), { one: row.ranked[0], score: -Infinity })
    const right = best.one !== undefined && standsAtGold(row.fit, best.one)
    return {
      score: sigmoid(model.intercept + dot(model.weights, features)),
      label,
      group,
      set,
      right,
    }
  })
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
 * Written by \`node bench/fit-abstention.ts\`; do not edit. On the held-out part:
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
const cases = await allCases(['none'])
const fitCases = cases.filter(({ part }) => part === 'fit')
const fitted = fitCases.map(readCase)
const weights = fitRanking(
  fitted.map(rankingList).filter((list) => list !== undefined),
  ridge,
)
for (const [name, weight] of Object.entries(byHand))
  weights[(rankFeatures as readonly string[]).indexOf(name)] = weight
const told = fitted.filter(({ fit }) => fit.set !== 'mtrag-un')
const model = fitLogistic(
  told.map((row) => exampleOf(row, weights)),
  ridge,
)
const threshold = leastThreshold(scoresOf(fitted, weights, model))
const held = cases.filter(({ part }) => part === 'held-out')
const all = scoresOf(held.map(readCase), weights, model)
const table = [...new Set(all.map(({ set }) => set))].map((set) =>
  reportOf(
    set,
    all.filter((one) => one.set === set),
    threshold,
  ),
)
console.table(table)
console.log({ threshold, intercept: model.intercept })
for (const [i, name] of rankFeatures.entries()) console.log('rank', name, weights[i]!.toFixed(3))
for (const [i, name] of abstainFeatures.entries())
  console.log('abstain', name, model.weights[i]!.toFixed(3))
if (!values.dry) writeFileSync(generated, source(weights, model, threshold, table))
if (values.json) {
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify({ threshold, rows: table }, null, 2)}\n`)
}
