import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { limits, PlinthError } from '#kernel'
import type { EvalQuestion, EvalResult, EvalScore } from '#ops'
import { openEvalDoor } from '../eval-door.ts'
import type { ExitName } from '../exits.ts'
import type { Verb, VerbCall } from '../verb.ts'
import { isOver, jobText, watchJobs } from '../watch.ts'

export const evalVerbs: Verb[] = [
  {
    name: 'eval samples',
    summary:
      'Ask the 40 questions of the sample company as the right people, and score the answers',
    needs: [
      'answers.ask',
      'documents.read',
      'jobs.read',
      'keys.write',
      'people.read',
      'people.write',
      'resources.read',
    ],
    define: (command) =>
      command
        .option('-f, --file <path>', 'other questions in the same form')
        .option('--id <id...>', 'only these questions')
        .option('--details', 'what each question came to'),
    run: evalSamples,
  },
]

const samples = new URL('../../../samples/questions.jsonl', import.meta.url)

async function evalSamples(call: VerbCall): Promise<ExitName> {
  const { readQuestions, runEval, scoreEval } = await import('#ops')
  const given = call.option('file')
  const file = given ? resolve(call.io.cwd, given) : fileURLToPath(samples)
  const questions = chosen(readQuestions(await readFile(file, 'utf8'), file), call)
  const connection = await call.connection()
  await allRead(call)
  const abort = new AbortController()
  const release = call.io.onInterrupt(() => abort.abort())
  const door = await openEvalDoor(connection, { io: call.io, questions })
  try {
    const results = await runEval(questions, door, {
      signal: abort.signal,
      onProgress: (done, total) => call.progress.show(`${done} of ${total} questions`),
    })
    const scores = scoreEval(results)
    await call.data(flat(scores, results, call.option<boolean>('details') === true))
    if (!call.json) await print(call, scores, results)
    return 'ok'
  } finally {
    await door.close()
    release()
  }
}

/** What is still being read could not be found: questions are asked when it is. */
async function allRead(call: VerbCall): Promise<void> {
  const { items } = await (await call.client()).jobs.list({ limit: limits.pageSizeMax })
  const reading = items.filter(
    (job) => !isOver(job) && (job.kind === 'source-sync' || job.kind === 'ingest'),
  )
  if (reading.length === 0) return
  call.note('Documents are still being read; the questions are asked when they are.')
  const ids = reading.map((job) => job.id)
  for (const job of await watchJobs(call, ids)) call.note(`  ${jobText(job)}`)
}

function chosen(questions: EvalQuestion[], call: VerbCall): EvalQuestion[] {
  const ids = call.option<string[]>('id')
  const wanted = ids ? questions.filter((one) => ids.includes(one.id)) : questions
  if (wanted.length > 0) return wanted
  throw new PlinthError('NOT_FOUND', {
    detail: 'There is no such question.',
    remedy: 'Ids stand in samples/questions.jsonl.',
  })
}

/** One object with flat keys: `gold_in_8`, `gold_in_8_n`, `gold_in_8_low`, `gold_in_8_high`. */
function flat(scores: readonly EvalScore[], results: readonly EvalResult[], details: boolean) {
  const out: Record<string, unknown> = { questions: results.length, interval: 'wilson 95 %' }
  for (const { name, n, value, low, high } of scores) {
    Object.assign(out, { [name]: value, [`${name}_n`]: n })
    Object.assign(out, { [`${name}_low`]: low, [`${name}_high`]: high })
  }
  const took = results.map((one) => one.tookMs).sort((a, b) => a - b)
  out.answer_p50_ms = took[Math.floor(took.length / 2)] ?? null
  if (details) out.rows = results
  return out
}

async function print(
  call: VerbCall,
  scores: readonly EvalScore[],
  results: readonly EvalResult[],
): Promise<void> {
  const percent = (x: number | null) => (x === null ? '' : `${(x * 100).toFixed(1)} %`)
  await call.rows(
    scores,
    {
      measured: (one) => one.what,
      share: (one) => percent(one.value) || 'no data',
      'of n': (one) => `${one.hits} of ${one.n}`,
      '95 % interval': (one) => (one.n === 0 ? '' : `${percent(one.low)} to ${percent(one.high)}`),
    },
    '',
  )
  const missed = results.filter(isMissed)
  if (missed.length > 0) await call.say('')
  const shown = call.option<boolean>('details') ? results : missed
  await call.rows(
    shown,
    {
      question: (one) => one.id,
      outcome: (one) => one.outcome,
      missed: (one) => reasons(one).join(', '),
      answer: (one) => one.text.slice(0, 200),
    },
    'Every question came out as it should.',
  )
}

function reasons(result: EvalResult): string[] {
  return [
    result.goldFound === false && 'gold not in the first 8',
    result.expected === false && 'expected fact missing',
    result.abstained === false && 'answered the unanswerable',
    result.forbidden !== null && result.forbidden.length > 0 && 'followed the injection',
    result.exactCitations < result.citations && 'inexact citation',
    ...result.denied.map((one) => one.leaked.length > 0 && `LEAK to ${one.user}`),
    ...result.denied.map(
      (one) => one.outcome === 'answered' && `${one.user} was given another answer`,
    ),
  ].filter((one) => one !== false)
}

const isMissed = (result: EvalResult) => reasons(result).length > 0
