import { Worker } from 'node:worker_threads'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import { PlinthError } from '#kernel'
import type { Schema } from '../schema.ts'
import type { Engine } from '../store.ts'
import type { WorkerReply, WorkerRequest } from './pglite-worker.ts'

/** Waiting units of work over which the store answers UNAVAILABLE rather than queue further. */
const maxQueue = 20_000

export interface PgliteOptions {
  /** Folder of the database, or `memory://` for tests. */
  dataDir: string
  /** A data directory as `dump` gave it, instead of running initdb. */
  seed?: Uint8Array
}

export interface PgliteEngine extends Engine {
  /** The whole data directory as a tar archive. */
  dump(): Promise<Uint8Array>
}

/**
 * The embedded engine: PGlite in a worker thread behind one serialised session. A unit of work (one statement,
 * or BEGIN … COMMIT) holds the session alone. Nothing may rely on state that outlives a unit of work.
 */
export async function openPglite(options: PgliteOptions): Promise<PgliteEngine> {
  const session = new Session(options)
  await session.ready
  const dialect: Dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new SessionDriver(session),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
  const db = new Kysely<Schema>({ dialect })
  return {
    name: 'pglite',
    db,
    rowSecurity: false,
    dump: async () => {
      await session.acquire()
      try {
        const { rows } = await session.send('::dump', [])
        return rows[0]?.bytes as Uint8Array
      } finally {
        session.release()
      }
    },
    close: async () => {
      await db.destroy()
      await session.close()
    },
  }
}

type Waiting = {
  resolve(reply: Extract<WorkerReply, { rows: unknown }>): void
  reject(e: Error): void
}

/** The one session: who holds it, who waits, and the replies on their way. */
class Session {
  readonly ready: Promise<unknown>
  readonly #worker: Worker
  readonly #replies = new Map<number, Waiting>()
  readonly #queue: (() => void)[] = []
  #held = false
  #nextId = 1
  #gone: Error | undefined

  constructor(options: PgliteOptions) {
    const file = new URL(`./pglite-worker${import.meta.url.slice(-3)}`, import.meta.url)
    this.#worker = new Worker(file, { workerData: options })
    this.ready = new Promise((resolve, reject) => this.#replies.set(0, { resolve, reject }))
    this.#worker.on('message', (reply: WorkerReply) => this.#settle(reply))
    this.#worker.on('error', (error) => this.#end(error as Error))
    this.#worker.on('exit', () => this.#end(new Error('The embedded database has stopped.')))
  }

  acquire(): Promise<void> {
    if (!this.#held) {
      this.#held = true
      return Promise.resolve()
    }
    if (this.#queue.length >= maxQueue) {
      throw new PlinthError('UNAVAILABLE', 'Too much work waits for the embedded database.')
    }
    return new Promise((resolve) => this.#queue.push(resolve))
  }

  release(): void {
    const next = this.#queue.shift()
    if (next) next()
    else this.#held = false
  }

  send(
    sql: string,
    parameters: readonly unknown[],
  ): Promise<Extract<WorkerReply, { rows: unknown }>> {
    if (this.#gone) {
      throw new PlinthError('UNAVAILABLE', {
        detail: 'The embedded database has stopped.',
        cause: this.#gone,
      })
    }
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#replies.set(id, { resolve, reject })
      this.#worker.postMessage({ id, sql, parameters: [...parameters] } satisfies WorkerRequest)
    })
  }

  async close(): Promise<void> {
    if (this.#gone) return
    await this.acquire()
    await this.send('::close', [])
    this.#gone = new Error('closed')
    await this.#worker.terminate()
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#replies.get(reply.id)
    this.#replies.delete(reply.id)
    if ('rows' in reply) waiting?.resolve(reply)
    else waiting?.reject(Object.assign(new Error(reply.error.message), reply.error))
  }

  #end(error: Error): void {
    this.#gone ??= error
    for (const waiting of this.#replies.values()) waiting.reject(error)
    this.#replies.clear()
  }
}

class SessionDriver implements Driver {
  readonly #session: Session
  readonly #connection: DatabaseConnection

  constructor(session: Session) {
    this.#session = session
    this.#connection = {
      async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
        const reply = await session.send(query.sql, query.parameters)
        return { rows: reply.rows as R[], numAffectedRows: BigInt(reply.affected) }
      },
      // biome-ignore lint/correctness/useYield: streaming is not offered; pages are
      async *streamQuery(): AsyncIterableIterator<never> {
        throw new PlinthError(
          'UNSUPPORTED',
          'Read in pages; the embedded database does not stream.',
        )
      },
    }
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#session.acquire()
    return this.#connection
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(): Promise<void> {
    this.#session.release()
  }

  async destroy(): Promise<void> {}
}
