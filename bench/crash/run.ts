import { join } from 'node:path'
import { readOptions, wholeNumber } from '../harness/options.ts'
import { numbers } from '../harness/random.ts'
import { Progress, quantile, report, round } from '../harness/report.ts'
import { BenchServer, removeRoot, temporaryRoot } from '../harness/server.ts'
import { changeFiles, writeFiles } from './files.ts'
import { checkServed, untilQuiet } from './served.ts'
import { checkStopped } from './stopped.ts'
import { Traffic } from './traffic.ts'

/**
 * Ends a real server by SIGKILL at random moments while it reads documents and answers questions, starts it on the same
 * data, again and again. Then compares what it had acknowledged with what is there.
 */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args, { kills: '200', seed: '1', 'longest-ms': '5000' })
  const kills = wholeNumber('kills', options.kills)
  const random = numbers(wholeNumber('seed', options.seed))
  const longest = wholeNumber('longest-ms', options['longest-ms'])
  const root = await temporaryRoot()
  const traffic = new Traffic(random)
  const starts: number[] = []
  const progress = new Progress()
  try {
    const files = writeFiles(join(root, 'files'))
    for (let kill = 0; kill < kills; kill++) {
      const server = await BenchServer.start(root)
      starts.push(server.startedInMs)
      if (kill === 0) await prepare(server)
      if (kill % 10 === 0) await changeFiles(server, { kill, folder: join(root, 'files') })
      traffic.start(server)
      await new Promise((done) => setTimeout(done, random() * longest))
      await server.kill()
      await traffic.ended()
      progress.show(`${kill + 1} of ${kills} kills; ${traffic.summary}`)
    }
    progress.done()
    const server = await BenchServer.start(root)
    const quietS = await untilQuiet(server)
    const served = await checkServed(server, { traffic, files, rounds: Math.ceil(kills / 10) })
    await server.stop()
    const stopped = await checkStopped(root)
    const faults = [...served.faults, ...stopped.faults]
    for (const fault of faults.slice(0, 20)) console.error(fault)
    if (faults.length > 0) process.exitCode = 1
    report(
      {
        kills_count: kills,
        ...traffic.counts,
        ...served.counts,
        ...stopped.counts,
        faults_count: faults.length,
        restart_p50_ms: round(quantile(starts, 0.5), 0),
        restart_p95_ms: round(quantile(starts, 0.95), 0),
        last_work_s: round(quietS, 1),
      },
      options.json,
    )
  } finally {
    await removeRoot(root)
  }
}

const resources = (folder: string) => `
kind: KnowledgeBase
name: bench
project: default
spec: { readers: [everyone] }
---
kind: Source
name: files
project: default
spec:
  knowledgeBase: bench
  folder: { path: ${JSON.stringify(folder)} }
---
kind: Source
name: texts
project: default
spec: { knowledgeBase: bench, upload: {} }
---
kind: Prompt
name: bench
project: default
spec: { system: Answer from the passages. }
---
kind: Guardrail
name: bench
project: default
spec: {}
---
kind: Route
name: bench
project: default
spec: { models: [extractive] }
---
kind: Assistant
name: bench
project: default
spec: { knowledgeBases: [bench], route: bench, prompt: bench, guardrail: bench }
`

async function prepare(server: BenchServer): Promise<void> {
  const yaml = resources(join(server.root, 'files'))
  await server.ask('POST', '/api/v1/resources', { yaml })
}
