import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { numbers } from '../answer/company.ts'
import { readOptions, wholeNumber } from '../harness/options.ts'
import { Progress, quantile, report, round } from '../harness/report.ts'
import {
  BenchServer,
  removeRoot,
  startAndKill,
  temporaryRoot,
  untilEnded,
} from '../harness/server.ts'
import { ask, type Life, resources, scan, write } from './clients.ts'
import { Ledger } from './ledger.ts'
import { verify } from './verify.ts'

/** Of the kills, so many come while the server is still starting. */
const startingShare = 0.1
/** A server lives at most so long once it is ready. */
const lifeMs = 4_000
const scanEvery = 5

/**
 * Kills the real server with SIGKILL at random moments of ingestion, answering and starting, on one data directory, and
 * then holds what is there against all that was acknowledged. Exits with 1 where anything is lost, doubled or damaged.
 */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args, { kills: '200', seed: '1' })
  const kills = wholeNumber('kills', options.kills)
  const random = numbers(wholeNumber('seed', options.seed))
  const root = await temporaryRoot()
  const ledger = new Ledger()
  const began = performance.now()
  const lives = await killOften(root, { kills, random, ledger })
  const server = await BenchServer.start(root)
  try {
    const drainedMs = await untilIdle(server)
    await scanAll(server, ledger)
    const found = await verify(server, ledger)
    const faults = [...found.lost, ...found.doubled, ...found.doctor, ...found.audit]
    for (const fault of faults.slice(0, 50)) console.error(`WRONG: ${fault}`)
    if (faults.length > 0) process.exitCode = 1
    report(
      {
        kills_count: kills,
        kills_while_starting_count: lives.starting,
        acknowledged_documents_count: ledger.acknowledgedDocuments,
        acknowledged_scans_count: ledger.scans.length,
        scanned_files_count: ledger.filesWritten,
        acknowledged_answers_count: ledger.answers.length,
        broken_requests_count: ledger.brokenRequests,
        lost_count: found.lost.length,
        doubled_count: found.doubled.length,
        fsck_failed_count: found.doctor.length,
        audit_problems_count: found.audit.length,
        audit_events_count: found.auditEvents,
        restart_p50_s: round(quantile(lives.startMs, 0.5) / 1_000),
        restart_p95_s: round(quantile(lives.startMs, 0.95) / 1_000),
        drain_s: round(drainedMs / 1_000, 1),
        took_s: round((performance.now() - began) / 1_000, 0),
      },
      options.json,
    )
  } finally {
    await server.stop()
    if (process.exitCode) console.error(`The data directory is kept: ${root}`)
    else await removeRoot(root)
  }
}

interface Plan {
  kills: number
  random: () => number
  ledger: Ledger
}

async function killOften(root: string, { kills, random, ledger }: Plan) {
  const folder = join(root, 'files')
  const startMs: number[] = []
  let starting = 0
  const progress = new Progress()
  for (let kill = 0; kill < kills; kill++) {
    if (kill > 0 && random() < startingShare) {
      starting++
      await startAndKill(root, random() * Math.max(500, quantile(startMs, 0.5)))
      continue
    }
    const server = await BenchServer.start(root)
    startMs.push(server.startedInMs)
    if (kill === 0) await prepare(server, folder)
    const life: Life = { server, ledger, random, over: false }
    const busy = [write(life), ask(life), ask(life)]
    if (kill % scanEvery === 0) busy.push(scan(life, folder))
    await new Promise((done) => setTimeout(done, random() * lifeMs))
    life.over = true
    await server.kill()
    await Promise.all(busy)
    progress.show(`killed ${kill + 1} of ${kills}; ${ledger.answers.length} answers acknowledged`)
  }
  progress.done()
  return { startMs, starting }
}

async function prepare(server: BenchServer, folder: string): Promise<void> {
  // Applying a source begins its first scan.
  mkdirSync(folder, { recursive: true })
  await server.ask('POST', '/api/v1/resources', { yaml: resources(folder) })
}

/** A last scan, so that every file must be there once, whichever scans were broken off. */
async function scanAll(server: BenchServer, ledger: Ledger): Promise<void> {
  const job = await server.ask('POST', '/api/v1/sources/files/sync')
  ledger.noteScan(job.id, ledger.filesWritten)
  await untilEnded(server, job.id)
}

const patienceMs = 20 * 60_000

/** Waits until no job is left. */
async function untilIdle(server: BenchServer): Promise<number> {
  const began = performance.now()
  const progress = new Progress()
  while (performance.now() - began < patienceMs) {
    const states = ['queued', 'running', 'waiting'].map((state) =>
      server.ask('GET', `/api/v1/jobs?limit=1&state=${state}`),
    )
    const live = (await Promise.all(states)).flatMap((page) => page.items)
    if (live.length === 0) {
      progress.done()
      return performance.now() - began
    }
    progress.show(`waiting for job ${live[0].id}`)
    await new Promise((done) => setTimeout(done, 500))
  }
  throw new Error(`Jobs were still there after ${patienceMs / 60_000} minutes.`)
}
