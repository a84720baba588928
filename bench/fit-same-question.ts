import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { differenceOf } from '../src/apps/answer/recall/same-question.ts'
import { wilson } from '../src/ops/evals/wilson.ts'
import { dot } from './fit/logistic.ts'
import { xquadSet } from './fit/sets.ts'
import { openVectors } from './fit/vectors.ts'

/**
 * From which similarity on, and past which checks, two questions are one. Pairs come from XQuAD: rewordings that keep the
 * meaning (made by rule), against near misses: every other question of the same paragraph, and the same question with
 * another number, name or word, with a denial, or with two nouns swapped. The threshold is the highest that keeps 99 % of
 * the rewordings that pass the checks, and counts only if the upper end of the 95 % interval of false hits among near
 * misses is within the bound. Half of the paragraphs fit it, the other half is reported.
 * `node bench/fit-same-question.ts [--model all-minilm-l6-v2] [--bound 0.005] [--json FILE]`
 */
interface Pair {
  one: string
  other: string
  same: boolean
  kind: string
}

const openings = [
  'Please tell me: ',
  'Hello, I would like to know: ',
  'Can you tell me ',
  'Just a question: ',
]

function rewordings(question: string, at: number): Pair[] {
  const bare = question.replace(/\s*\?\s*$/, '')
  const first = bare.charAt(0).toLowerCase() + bare.slice(1)
  const made = [
    ['case and marks', `${bare.toLowerCase()} ??`],
    ['opening', `${openings[at % openings.length]}${first}?`],
    ['ending', `${bare}, please?`],
    ['contraction', question.replace(/\b(What|Who|Where|When|How) is\b/, "$1's")],
    ['what is', question.replace(/^What (is|are|was|were) /, 'Can you explain what $1 ')],
    ['place first', question.replace(/^(\w.*) (in (?:the )?[A-Z0-9]\w*)\?$/, '$2, $1?')],
    ['which', question.replace(/^What (\w+) (was|is|did|were|are)\b/, 'Which $1 $2')],
  ] as const
  return made
    .filter(([, other]) => other !== question)
    .map(([kind, other]) => ({ one: question, other, same: true, kind }))
}

function nearMisses(question: string, others: readonly string[], names: readonly string[]): Pair[] {
  const words = question.split(' ')
  const made: [string, string][] = others.map((other) => ['same paragraph', other])
  made.push(['number', question.replace(/\d+/, (number) => String(Number(number) + 1))])
  made.push([
    'negation',
    question.replace(/\b(is|are|was|were|did|does|do|can|has|have)\b/, '$1 not'),
  ])
  const name = words.findIndex((word, i) => i > 0 && /^[A-Z][a-z]+$/.test(word))
  const instead = names[question.length % names.length]
  if (name > 0 && instead) made.push(['name', words.with(name, instead).join(' ')])
  const nouns = words.flatMap((word, i) => (i > 1 && /^[a-zA-Z]{5,}$/.test(word) ? [i] : []))
  const [left, right] = [nouns[0], nouns.at(-1)]
  if (left !== undefined && right !== undefined && left < right) {
    made.push(['swapped', words.with(left, words[right]!).with(right, words[left]!).join(' ')])
  }
  const long = words.findLastIndex((word, i) => i > 1 && /^[a-z]{6,}$/.test(word))
  if (long > 0) made.push(['word', words.with(long, 'insurance').join(' ')])
  return made
    .filter(([, other]) => other !== question)
    .map(([kind, other]) => ({ one: question, other, same: false, kind }))
}

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'all-minilm-l6-v2' },
    bound: { type: 'string', default: '0.005' },
    json: { type: 'string' },
  },
})
const set = xquadSet('en')
const groups = Map.groupBy(
  [...new Map(set.questions.map((one) => [one.text, one])).values()],
  ({ group }) => group,
)
const names = set.questions
  .flatMap(({ text }) => text.split(' ').slice(1))
  .filter((w) => /^[A-Z][a-z]{3,}$/.test(w))
const parts: [Pair[], Pair[]] = [[], []]
for (const [i, group] of [...groups.values()].entries()) {
  for (const [k, { text }] of group.entries()) {
    const others = group.filter((_, j) => j > k).map((one) => one.text)
    parts[i % 2]!.push(...rewordings(text, k), ...nearMisses(text, others, names))
  }
}
const vectors = await openVectors(values.model)
const scored = []
for (const pairs of parts) {
  const [a, b] = [
    await vectors.queries(pairs.map(({ one }) => one)),
    await vectors.queries(pairs.map(({ other }) => other)),
  ]
  scored.push(
    pairs.map((pair, i) => ({
      ...pair,
      score: dot([...a[i]!], [...b[i]!]),
      passes: differenceOf(pair.one, pair.other, 'en') === undefined,
    })),
  )
}
await vectors.close()
type Scored = (typeof scored)[number]
const [fit, held] = scored as [Scored, Scored]

function at(rows: Scored, threshold: number, verified: boolean) {
  const hit = (row: Scored[number]) => row.score >= threshold && (!verified || row.passes)
  const [good, bad] = [rows.filter((row) => row.same), rows.filter((row) => !row.same)]
  const [right, wrong] = [good.filter(hit).length, bad.filter(hit).length]
  return {
    threshold,
    precision: right / Math.max(1, right + wrong),
    recall: wilson(right, good.length),
    falseHits: wilson(wrong, bad.length),
  }
}

const bound = Number(values.bound)
const steps = Array.from({ length: 100 }, (_, i) => 0.5 + i * 0.005)
/** The highest that keeps nearly all rewordings which pass the checks: a second wall behind them. */
const kept = 0.99
const least = (verified: boolean) => {
  const all = at(fit, 0, verified).recall.hits
  return steps.findLast((threshold) => {
    const { falseHits, recall } = at(fit, threshold, verified)
    return (falseHits.high ?? 1) <= bound && recall.hits >= kept * all
  })
}
const report = {
  model: values.model,
  bound,
  pairs: { fit: fit.length, held: held.length },
  withVerifier: { chosen: least(true), held: at(held, least(true) ?? 1, true) },
  withoutVerifier: { chosen: least(false), held: at(held, least(false) ?? 1, false) },
  curve: [0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975].map((t) => ({
    ...at(held, t, true),
    alone: at(held, t, false),
  })),
  kinds: Object.fromEntries(
    [...Map.groupBy(held, ({ kind }) => kind)].map(([kind, rows]) => [
      kind,
      {
        pairs: rows.length,
        hits: rows.filter((row) => row.passes && row.score >= (least(true) ?? 1)).length,
        passes: rows.filter((row) => row.passes).length,
      },
    ]),
  ),
}
const share = (value: number | null) => (value === null ? '-' : value.toFixed(4))
for (const { threshold, precision, recall, falseHits, alone } of report.curve) {
  console.log(
    `${threshold}  precision ${share(precision)}  recall ${share(recall.value)}  false hits ${falseHits.hits}/${falseHits.n} (<= ${share(falseHits.high)})   without verifier: recall ${share(alone.recall.value)}  false hits ${alone.falseHits.hits}`,
  )
}
console.log(JSON.stringify({ ...report, curve: undefined }, null, 1))
if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
