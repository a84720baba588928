import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ComparedModel, Comparison } from '@plinth/sdk'
import type { ExitName } from '../exits.ts'
import { type Verb, type VerbCall, wholeNumber } from '../verb.ts'
import { watchJobs } from '../watch.ts'

const listed = (text: string) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)

export const compareVerbs: Verb[] = [
  {
    name: 'models compare',
    summary: 'Ask several Models the same questions over the same knowledge; one table',
    needs: ['jobs.read', 'models.write'],
    define: (command) =>
      command
        .requiredOption('--suite <file>', 'questions in the form of samples/questions.jsonl')
        .requiredOption('--models <list>', 'names of Models, separated by commas', listed)
        .option('--assistant <name>', 'instead of what each question names')
        .option('--concurrency <n>', 'questions under way at once [1]', wholeNumber)
        .option('--volume <n>', 'answers a month, for the cost of running it [10000]', wholeNumber)
        .option('--class <list>', 'classes of data that it has to be cleared for', listed)
        .option('--region <list>', 'which its data must not leave', listed)
        .option('--name <text>', 'by which it is found later'),
    run: compare,
  },
]

async function compare(call: VerbCall): Promise<ExitName> {
  const { readQuestions } = await import('#ops')
  const file = resolve(call.io.cwd, call.option('suite') ?? '')
  const questions = readQuestions(await readFile(file, 'utf8'), file)
  const client = await call.client()
  const options = {
    assistant: call.option('assistant'),
    concurrency: call.option<number>('concurrency'),
    volume: call.option<number>('volume'),
    dataClasses: call.option<string[]>('class'),
    regions: call.option<string[]>('region'),
    name: call.option('name'),
  }
  const said = Object.fromEntries(Object.entries(options).filter(([, one]) => one !== undefined))
  const models = call.option<string[]>('models') ?? []
  const { id } = await client.models.compare({ models, questions, ...said })
  call.note(`Compared by job ${id}; it goes on without this command.`)
  await watchJobs(call, [id])
  const done = await client.models.comparison(id)
  await call.data(done)
  if (!call.json) await print(call, done)
  return done.state === 'succeeded' ? 'ok' : 'failed'
}

async function print(call: VerbCall, done: Comparison): Promise<void> {
  if (done.error) call.note(`${done.error.code}: ${done.error.detail}`)
  await call.rows(done.candidates, columns, 'Nothing was measured.')
  for (const { model, unfit } of done.candidates) {
    for (const reason of unfit) call.note(`${model}: ${reason}`)
  }
}

const columns: Record<string, (one: ComparedModel) => string> = {
  model: ({ model }) => model,
  right: ({ right: r }) => (r.value === null ? 'no data' : `${percent(r.value)} of ${r.n}`),
  '95 %': ({ right: r }) => (r.low === null ? '' : `${percent(r.low)} to ${percent(r.high ?? 1)}`),
  failed: ({ failed }) => String(failed),
  'p50/p95': ({ latencyMs: l }) => (l ? `${Math.round(l.p50)}/${Math.round(l.p95)} ms` : 'no data'),
  'answers/s': ({ answersPerSecond: rate }) => rate?.toPrecision(3) ?? 'no data',
  'per answer': ({ costPerAnswerUsd: usd }) => (usd === null ? 'unknown' : `$${usd.toFixed(6)}`),
  'a month': ({ monthlyUsd: usd, monthlyFrom }) =>
    usd === null ? 'unknown' : `$${usd.toFixed(2)} (${monthlyFrom})`,
  licence: ({ licence }) => licence ?? 'unknown',
  fit: ({ unfit }) => (unfit.length === 0 ? 'yes' : 'no'),
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`
