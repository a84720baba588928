import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

/** Runs PGlite off the main thread: there a 160 ms query would stall every request for 160 ms. */
export interface WorkerRequest {
  id: number
  sql: string
  parameters: unknown[]
}

export type WorkerReply =
  | { id: number; rows: Record<string, unknown>[]; affected: number }
  | { id: number; error: { message: string; code?: string; detail?: string } }

const port = parentPort
if (!port) throw new Error('pglite-worker runs as a worker thread')

const { dataDir, seed } = workerData as { dataDir: string; seed?: Uint8Array<ArrayBuffer> }
const INT8 = 20

async function start(): Promise<PGlite> {
  return PGlite.create({
    dataDir,
    ...(seed ? { loadDataDir: new Blob([seed]) } : {}),
    // Our counters stay far below 2^53.
    parsers: { [INT8]: (value: string) => Number(value) },
  })
}

const opened = start()
opened.then(
  () => port.postMessage({ id: 0, rows: [], affected: 0 } satisfies WorkerReply),
  (error: unknown) => port.postMessage(failure(0, error)),
)

port.on('message', async (message: WorkerRequest) => {
  try {
    const db = await opened
    if (message.sql === '::close') {
      await db.close()
      port.postMessage({ id: message.id, rows: [], affected: 0 } satisfies WorkerReply)
      port.close()
      return
    }
    if (message.sql === '::dump') {
      const dump = await db.dumpDataDir('none')
      const bytes = new Uint8Array(await dump.arrayBuffer())
      port.postMessage({ id: message.id, rows: [{ bytes }], affected: 0 } satisfies WorkerReply)
      return
    }
    const result = await db.query<Record<string, unknown>>(message.sql, message.parameters)
    port.postMessage({
      id: message.id,
      rows: result.rows,
      affected: result.affectedRows ?? 0,
    } satisfies WorkerReply)
  } catch (error) {
    port.postMessage(failure(message.id, error))
  }
})

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
