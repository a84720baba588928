import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import {
  type Statement,
  type StatementError,
  type StatementResult,
  Statements,
} from './pglite-statements.ts'

/** Runs PGlite off the main thread: there a 160 ms query would stall every request for 160 ms. */
export type WorkerRequest =
  | {
      id: number
      statements: readonly Statement[]
      /** One unit of work: what follows a failed statement is not run. */
      together: boolean
    }
  | { id: number; task: 'close' | 'dump' }

export type WorkerReply =
  | { id: number; results: StatementResult[] }
  | { id: number; bytes: Uint8Array }
  | { id: number; error: StatementError }

const port = parentPort
if (!port) throw new Error('pglite-worker runs as a worker thread')

const { dataDir, seed } = workerData as { dataDir: string; seed?: Uint8Array<ArrayBuffer> }
const INT8 = 20
/**
 * PGlite's own start, but for the memory that PostgreSQL takes for itself: 160 MB by default, all of it touched at once.
 * The system caches the files as well; measured, an answer takes the same time with a fifth of it.
 */
const startParams = [
  ...PGlite.defaultStartParams,
  ...['-c', 'shared_buffers=32MB'],
  // A prepared statement keeps its plan while its table grows: one made for ten rows must do for a million. Every
  // statement of ours has its index; where one has none, a scan is taken all the same.
  ...['-c', 'enable_seqscan=off'],
  // A tenth of the usual sample: enough to tell a key from a category, and a table is read in a few milliseconds.
  ...['-c', 'default_statistics_target=10'],
]

async function start(): Promise<{ db: PGlite; statements: Statements }> {
  const db = await PGlite.create({
    dataDir,
    startParams,
    ...(seed ? { loadDataDir: new Blob([seed]) } : {}),
    // Our counters stay far below 2^53.
    parsers: { [INT8]: (value: string) => Number(value) },
  })
  return { db, statements: new Statements(db) }
}

const opened = start()
opened.then(
  () => reply({ id: 0, results: [] }),
  (error: unknown) => reply(failure(0, error)),
)

/** One message after the other, in the order they came: statements of two must never mingle. */
let last: Promise<void> = Promise.resolve()
port.on('message', (message: WorkerRequest) => {
  last = last.then(() => handle(message))
})

async function handle(message: WorkerRequest): Promise<void> {
  try {
    const { db, statements } = await opened
    if ('statements' in message) {
      reply({ id: message.id, results: await runAll(statements, message) })
    } else if (message.task === 'dump') {
      const dump = await db.dumpDataDir('none')
      reply({ id: message.id, bytes: new Uint8Array(await dump.arrayBuffer()) })
    } else {
      await db.close()
      reply({ id: message.id, results: [] })
      port?.close()
    }
  } catch (error) {
    reply(failure(message.id, error))
  }
}

async function runAll(
  statements: Statements,
  message: Extract<WorkerRequest, { statements: unknown }>,
): Promise<StatementResult[]> {
  const results: StatementResult[] = []
  for (const statement of message.statements) {
    const result = await statements.run(statement)
    results.push(result)
    if (message.together && 'error' in result) break
  }
  return results
}

function reply(message: WorkerReply): void {
  port?.postMessage(message)
}

function failure(id: number, error: unknown): WorkerReply {
  const e = error as { message?: string; code?: string; detail?: string }
  return {
    id,
    error: {
      message: e.message ?? String(error),
      ...(e.code ? { code: e.code } : {}),
      ...(e.detail ? { detail: e.detail } : {}),
    },
  }
}
