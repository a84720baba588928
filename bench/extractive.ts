import { analyse, type Language } from '../src/data/index.ts'
import { createExtractor, extract } from '../src/models/extractive/index.ts'
import { scifactCases, xquadCases } from './fit/cases.ts'

/** Milliseconds that the built-in model takes for one question over eight passages. `node bench/extractive.ts` */
const analyser = (text: string, language?: string) => analyse(text, (language ?? 'en') as Language)
const rows: Record<string, unknown>[] = []
for (const [set, cases] of [
  ['xquad-en', xquadCases('en')],
  ['xquad-zh', xquadCases('zh')],
  ['scifact', scifactCases()],
] as const) {
  const some = cases.slice(0, 300)
  const ask = (i: number) => {
    const { question, passages, language } = some[i]!
    return extract(question, passages, { analyse: analyser, language })
  }
  for (let i = 0; i < some.length; i++) ask(i)
  const extractor = createExtractor({ analyse: analyser })
  const remember = (i: number) => {
    const { question, passages, language } = some[i]!
    return extractor(question, passages, { language })
  }
  const timesOf = (work: (i: number) => unknown) =>
    some
      .map((_, i) => {
        const started = performance.now()
        work(i)
        return performance.now() - started
      })
      .sort((a, b) => a - b)
  const at = (times: number[], share: number) =>
    Number(times[Math.floor(times.length * share)]!.toFixed(2))
  const fresh = timesOf(ask)
  const remembered = timesOf(remember)
  const chars = some.reduce(
    (sum, one) => sum + one.passages.reduce((n, p) => n + p.text.length, 0),
    0,
  )
  rows.push({
    set,
    n: some.length,
    chars_per_question: Math.round(chars / some.length),
    p50_ms: at(fresh, 0.5),
    p95_ms: at(fresh, 0.95),
    remembered_p50_ms: at(remembered, 0.5),
    remembered_p95_ms: at(remembered, 0.95),
  })
}
console.table(rows)
