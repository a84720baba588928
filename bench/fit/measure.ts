import { analyseIn, detectLanguage } from '../../src/data/index.ts'
import { stopTerms } from '../../src/kernel/index.ts'
import { type Extraction, type ExtractOptions, extract } from '../../src/models/extractive/index.ts'
import type { FitCase } from './cases.ts'
import { auc, interval } from './logistic.ts'

/** What became of one question. */
export interface Outcome {
  group: string
  wanted: boolean
  answered: boolean
  confidence: number
  /** The answer holds all that was expected, or a gold sentence where nothing is; share of the reference's words. */
  right: number
  /** Share of the answer's sentences that stand where the answer does. */
  precision: number
  sentences: number
  chars: number
}

const squeeze = (text: string) => text.toLowerCase().replace(/\s+/g, ' ')

/** Asks the built-in model as the product does. */
export function ask(one: FitCase, abstainBelow?: number): Extraction {
  const options: ExtractOptions = { analyse: analyseIn, detectLanguage }
  if (one.language !== undefined) options.language = one.language
  if (abstainBelow !== undefined) options.abstainBelow = abstainBelow
  return extract(one.text, one.passages, options)
}

export function outcomeOf(one: FitCase, { sentences, confidence }: Extraction): Outcome {
  const text = squeeze(sentences.map((sentence) => sentence.text).join(' '))
  const goldAt = sentences.filter((sentence) => {
    const { chunkId } = one.passages[sentence.passage - 1]!
    return one.gold.some(
      ({ document, start, end }) =>
        document === chunkId && sentence.start < end && sentence.end > start,
    )
  })
  const held = one.expect?.every((each) =>
    each.split('|').some((alternative) => text.includes(squeeze(alternative))),
  )
  const right = one.reference ? wordsHeld(one.reference, text) : (held ?? goldAt.length > 0) ? 1 : 0
  return {
    group: one.group,
    wanted: one.wanted,
    answered: sentences.length > 0,
    confidence,
    right,
    precision: sentences.length === 0 ? 0 : goldAt.length / sentences.length,
    sentences: sentences.length,
    chars: text.length,
  }
}

/** Share of a reference's content stems that an answer holds. */
function wordsHeld(reference: string, text: string): number {
  const stops = stopTerms(analyseIn)
  const wanted = new Set(analyseIn(reference, 'en').filter((term) => !stops.has(term)))
  const held = new Set(analyseIn(text, 'en'))
  return [...wanted].filter((term) => held.has(term)).length / Math.max(1, wanted.size)
}

const round = (value: number) => Math.round(value * 1_000) / 1_000
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

function measured(items: readonly Outcome[], of: (one: Outcome) => number): [string, number][] {
  const value = (sample: readonly Outcome[]) => mean(sample.map(of))
  const [low, high] = items.length > 0 ? interval(items, value) : [0, 0]
  return [
    ['', round(value(items))],
    ['_low', round(low)],
    ['_high', round(high)],
  ]
}

/** One row of the table: rates with bootstrap intervals over groups. */
export function summary(outcomes: readonly Outcome[]): Record<string, number> {
  const wanted = outcomes.filter((one) => one.wanted)
  const unwanted = outcomes.filter((one) => !one.wanted)
  const answered = wanted.filter((one) => one.answered)
  const row: Record<string, number> = {
    n_answerable: wanted.length,
    n_unanswerable: unwanted.length,
  }
  const add = (name: string, items: readonly Outcome[], of: (one: Outcome) => number) => {
    for (const [end, value] of measured(items, of)) row[name + end] = value
  }
  add('answered', wanted, (one) => (one.answered ? 1 : 0))
  add('answer_recall', wanted, (one) => one.right)
  add('refused', unwanted, (one) => (one.answered ? 0 : 1))
  row.recall_if_answered = round(mean(answered.map((one) => one.right)))
  row.sentence_precision = round(mean(answered.map((one) => one.precision)))
  row.sentences = round(mean(answered.map((one) => one.sentences)))
  row.chars = Math.round(mean(answered.map((one) => one.chars)))
  row.auc = round(
    auc(outcomes.map((one) => ({ score: one.confidence, label: one.wanted ? 1 : 0 }))),
  )
  return row
}
