import cluster, { type Worker } from 'node:cluster'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '#config'
import type { BreakerNews } from '#models'
import type { Log } from './foundation.ts'

/** What one process tells the others, through the one that began them. */
interface ProcessNews {
  plinth: 'breaker'
  news: BreakerNews
}

/** Set for each process that serves: its place among them. */
const indexName = 'PLINTH_PROCESS_INDEX'

/** Restarts of a process that ended at once wait longer each time, up to this. */
const longestRestMs = 30_000
/** A process that ran so long had started well. */
const wellMs = 10_000

/** Whether this process only begins others that serve. */
export function beginsOthers(config: Config): boolean {
  return config.processes > 1 && cluster.isPrimary
}

/** Whether another process began this one, and tells it to end. */
export function beganByAnother(): boolean {
  return !cluster.isPrimary
}

/** This process's place among those that serve on one port; 0 for one that serves alone. */
export function processIndex(): number {
  return cluster.isPrimary ? 0 : Number(process.env[indexName] ?? 0)
}

/** What this process does of the whole: the first one ingests as well, the others only serve. */
export function shareOf(config: Config): Config {
  return processIndex() === 0 ? config : { ...config, sample: false, workers: 0 }
}

/** Who is just ending hears nothing, and that is no fault: without this it would end the one that tells. */
const unheard = (): void => undefined

/** Tells the other processes of one server what happened to an endpoint. Nobody hears where there is only one. */
export function tellOthers(news: BreakerNews): void {
  if (cluster.isPrimary || !process.connected) return
  const told: ProcessNews = { plinth: 'breaker', news }
  process.send?.(told, undefined, undefined, unheard)
}

/** Hears what other processes of one server tell. */
export function hearOthers(hear: (news: BreakerNews) => void): void {
  if (cluster.isPrimary) return
  process.on('message', (message) => {
    if (isNews(message)) hear(message.news)
  })
}

function isNews(message: unknown): message is ProcessNews {
  return (message as ProcessNews | null)?.plinth === 'breaker'
}

/**
 * Begins `config.processes` processes that serve on one port (`node:cluster`) and keeps them there: one that dies is
 * begun anew, with a wait that grows where it dies at once. The first is begun alone: it migrates the database.
 * A signal ends all of them; resolves with the code to exit with.
 */
export async function runProcesses(config: Config, log: Log): Promise<number> {
  const running = new Map<number, Worker>()
  const stopping = new AbortController()
  let urgent = false
  const stop = (): void => {
    if (stopping.signal.aborted) urgent = true
    stopping.abort()
    for (const { process: child } of running.values()) child.kill(urgent ? 'SIGKILL' : 'SIGTERM')
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  cluster.on('message', (from, message: unknown) => {
    if (!isNews(message)) return
    for (const worker of running.values()) {
      if (worker !== from && worker.isConnected()) worker.send(message, undefined, unheard)
    }
  })
  const first = begin(0, running)
  const code = await startOf(first)
  if (code !== undefined) return code
  const kept = Array.from({ length: config.processes }, (_, i) =>
    keep(i, { first: i === 0 ? first : undefined, running, signal: stopping.signal, log }),
  )
  await Promise.all(kept)
  return urgent ? 130 : 0
}

function begin(index: number, running: Map<number, Worker>): Worker {
  const worker = cluster.fork({ [indexName]: String(index) })
  running.set(index, worker)
  return worker
}

/** Undefined once it listens; its exit code where it ends before. */
function startOf(worker: Worker): Promise<number | undefined> {
  return new Promise((resolve) => {
    worker.once('listening', () => resolve(undefined))
    worker.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)))
  })
}

/** Keeps one place filled until the signal is aborted and whoever has it has ended. */
async function keep(
  index: number,
  {
    first,
    running,
    signal,
    log,
  }: {
    first: Worker | undefined
    running: Map<number, Worker>
    signal: AbortSignal
    log: Log
  },
): Promise<void> {
  let worker = first
  for (let rest = 250; ; ) {
    const began = performance.now()
    worker ??= begin(index, running)
    const ended = worker
    const [code, why] = await new Promise<[number | null, string | null]>((resolve) => {
      if (ended.isDead()) resolve([ended.process.exitCode, ended.process.signalCode])
      else ended.once('exit', (...how: [number, string]) => resolve(how))
    })
    running.delete(index)
    worker = undefined
    if (signal.aborted) return
    log({ level: 'error', message: `process ${index} ended (${why ?? code}); it is begun anew` })
    rest = performance.now() - began > wellMs ? 250 : Math.min(longestRestMs, rest * 2)
    await delay(rest, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
  }
}
