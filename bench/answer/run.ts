import { join } from 'node:path'
import { MemoryWatch } from '../harness/memory.ts'
import { readOptions, wholeNumber } from '../harness/options.ts'
import { processorSeconds } from '../harness/processor.ts'
import { Progress, quantile, type Row, report, round } from '../harness/report.ts'
import { BenchServer, removeRoot, temporaryRoot, untilEnded } from '../harness/server.ts'
import { writeCompany } from './company.ts'

/**
 * What an answer costs beside its model, and how many a server gives: the real server in a process of its own, with a
 * knowledge base of `--chunks`, asked over HTTP with keep-alive. Every answer is kept (conversation, trace, audit).
 */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args, {
    chunks: '10000',
    clients: '16',
    seconds: '20',
    questions: '3000',
    embedder: 'none',
  })
  const chunks = wholeNumber('chunks', options.chunks)
  const seconds = wholeNumber('seconds', options.seconds)
  const clients = wholeNumber('clients', options.clients)
  const root = await temporaryRoot()
  const company = writeCompany(join(root, 'company'), {
    chunks,
    questions: wholeNumber('questions', options.questions),
  })
  const env = { PLINTH_EMBEDDER: options.embedder ?? 'none' }
  let server = await BenchServer.start(root, env)
  const memory = new MemoryWatch(server.pid)
  try {
    const loaded = await load(server, company.documents)
    const first = await timed(() => ask(server, company.questions[0] ?? ''))
    await askFor(server, { ...company, clients: 4, seconds: 3 })
    const overhead = await measureOverhead(server, company.questions)
    const crowd = await askFor(server, { ...company, clients, seconds })
    await server.stop()
    server = await BenchServer.start(root, env)
    const again = await timed(() => ask(server, company.questions[1] ?? ''))
    report(
      {
        ...loaded,
        first_answer_ms: round(first, 0),
        ...overhead,
        clients_count: clients,
        ...crowd,
        restart_s: round(server.startedInMs / 1_000),
        restart_first_answer_ms: round(again, 0),
        peak_rss_mb: round(memory.peakMb, 0),
      },
      options.json,
    )
  } finally {
    memory.stop()
    await server.stop()
    await removeRoot(root)
  }
}

const resources = (path: string) => `
kind: KnowledgeBase
name: company
project: default
spec: { readers: [everyone] }
---
kind: Source
name: company
project: default
spec:
  knowledgeBase: company
  folder: { path: ${JSON.stringify(path)} }
---
kind: Prompt
name: company
project: default
spec: { system: Answer from the passages. }
---
kind: Guardrail
name: company
project: default
spec: {}
---
kind: Route
name: company
project: default
spec: { models: [extractive] }
---
kind: Assistant
name: company
project: default
spec: { knowledgeBases: [company], route: company, prompt: company, guardrail: company }
`

async function load(server: BenchServer, documents: number): Promise<Row> {
  const began = performance.now()
  const path = join(server.root, 'company')
  await server.ask('POST', '/api/v1/resources', { yaml: resources(path) })
  const job = await server.ask('POST', '/api/v1/sources/company/sync')
  await server.loopDelay()
  const progress = new Progress()
  const ended = await untilEnded(server, job.id, ({ filesDone = 0, filesPerSecond }) =>
    progress.show(`read ${filesDone} of ${documents} documents, ${filesPerSecond ?? '?'}/s`),
  )
  progress.done()
  if (ended.state !== 'succeeded') throw new Error(`Loading ended as ${ended.state}.`)
  const took = (performance.now() - began) / 1_000
  const delay = await server.loopDelay()
  const { chunks, filesFailed } = ended.progress
  if (filesFailed) throw new Error(`${filesFailed} documents could not be read.`)
  return {
    chunks_count: chunks,
    load_s: round(took, 1),
    load_documents_per_s: round(documents / took, 1),
    load_loop_delay_p99_ms: round(delay.p99Ms),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: an answer as the API shows it
function ask(server: BenchServer, question: string): Promise<any> {
  return server.ask('POST', '/api/v1/ask', { question, assistant: 'company' })
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

const samples = 200

/** One question after the other: the whole as the client sees it, less the model's own span. */
async function measureOverhead(server: BenchServer, questions: readonly string[]): Promise<Row> {
  const asked: { ms: number; traceId: string }[] = []
  await server.loopDelay()
  for (let i = 0; i < samples; i++) {
    const question = questions[(i * 7) % questions.length] ?? ''
    const began = performance.now()
    const { traceId } = await ask(server, question)
    asked.push({ ms: performance.now() - began, traceId })
  }
  const delay = await server.loopDelay()
  const overhead: number[] = []
  const retrieval: number[] = []
  const steps = new Map<string, number[]>()
  for (const { ms, traceId } of asked) {
    const { spans } = await server.ask('GET', `/api/v1/traces/${traceId}`)
    const span = (name: string) => spans.find((one: { name: string }) => one.name === name)
    for (const one of spans) {
      steps.set(one.name, [...(steps.get(one.name) ?? []), one.durationMs])
    }
    overhead.push(ms - (span('execute')?.durationMs ?? 0))
    const found = span('retrieve')
    retrieval.push(found.durationMs - (found.attributes.embedMs ?? 0))
  }
  const whole = asked.map(({ ms }) => ms)
  return {
    answer_p50_ms: round(quantile(whole, 0.5)),
    answer_p95_ms: round(quantile(whole, 0.95)),
    overhead_p50_ms: round(quantile(overhead, 0.5)),
    overhead_p95_ms: round(quantile(overhead, 0.95)),
    retrieval_p50_ms: round(quantile(retrieval, 0.5)),
    retrieval_p95_ms: round(quantile(retrieval, 0.95)),
    ...Object.fromEntries(
      [...steps].map(([name, times]) => [`step_${name}_p50_ms`, round(quantile(times, 0.5))]),
    ),
    single_loop_delay_p99_ms: round(delay.p99Ms),
  }
}

/** Clients that ask one question after the other, each on its own connection. */
async function askFor(
  server: BenchServer,
  load: { questions: readonly string[]; clients: number; seconds: number },
): Promise<Row> {
  const { questions, clients, seconds } = load
  await server.loopDelay()
  const times: number[] = []
  const outcomes = new Map<string, number>()
  const busyBefore = processorSeconds(server.pid)
  const began = performance.now()
  const until = began + seconds * 1_000
  let next = 0
  const client = async () => {
    while (performance.now() < until) {
      const at = performance.now()
      const answer = await ask(server, questions[next++ % questions.length] ?? '')
      times.push(performance.now() - at)
      outcomes.set(answer.outcome, (outcomes.get(answer.outcome) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  const took = (performance.now() - began) / 1_000
  const busy = processorSeconds(server.pid)
  const processor = busy === null || busyBefore === null ? null : busy - busyBefore
  const delay = await server.loopDelay()
  return {
    processor_ms_per_answer: processor && round((processor * 1_000) / times.length, 1),
    answers_per_s: round(times.length / took, 1),
    answers_count: times.length,
    answered_count: outcomes.get('answered') ?? 0,
    crowd_p50_ms: round(quantile(times, 0.5)),
    crowd_p95_ms: round(quantile(times, 0.95)),
    loop_delay_p99_ms: round(delay.p99Ms),
    loop_delay_max_ms: round(delay.maxMs),
  }
}
