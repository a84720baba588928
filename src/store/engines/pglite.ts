import {
  type CompiledQuery,
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
import { type PgliteOptions, Session } from './pglite-session.ts'
import { Upkeep } from './pglite-upkeep.ts'

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
  const upkeep = new Upkeep(session)
  const dialect: Dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new SessionDriver(session, upkeep),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
  const db = new Kysely<Schema>({ dialect })
  return {
    name: 'pglite',
    db,
    rowSecurity: false,
    dump: () => session.dump(),
    close: async () => {
      await upkeep.close()
      await db.destroy()
      await session.close()
    },
  }
}

const begin = { sql: 'begin', parameters: [] }
const commit = { sql: 'commit', parameters: [] }
const rollback = { sql: 'rollback', parameters: [] }

/**
 * What Kysely holds during a unit of work. A statement by itself goes into the session's queue; a transaction holds
 * the session, and its BEGIN travels with its first statement.
 */
class Connection implements DatabaseConnection {
  readonly #session: Session
  readonly #upkeep: Upkeep
  #state: 'single' | 'begun' | 'open' = 'single'

  constructor(session: Session, upkeep: Upkeep) {
    this.#session = session
    this.#upkeep = upkeep
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affected } = await this.#run({ sql, parameters })
    if (affected > 0) this.#upkeep.wrote(affected)
    return { rows: rows as R[], numAffectedRows: BigInt(affected) }
  }

  #run(statement: { sql: string; parameters: readonly unknown[] }) {
    if (this.#state === 'single') return this.#session.single(statement)
    if (this.#state === 'open') return this.#session.inside([statement])
    this.#state = 'open'
    return this.#session.inside([begin, statement])
  }

  async begin(): Promise<void> {
    await this.#session.acquire()
    this.#state = 'begun'
  }

  /** Ends the transaction; one without a statement was never begun in the database. */
  async end(how: 'commit' | 'rollback'): Promise<void> {
    if (this.#state === 'open') await this.#session.inside([how === 'commit' ? commit : rollback])
  }

  release(): void {
    if (this.#state !== 'single') this.#session.release()
    this.#state = 'single'
  }

  // biome-ignore lint/correctness/useYield: streaming is not offered; pages are
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new PlinthError('UNSUPPORTED', 'Read in pages; the embedded database does not stream.')
  }
}

class SessionDriver implements Driver {
  readonly #session: Session
  readonly #upkeep: Upkeep

  constructor(session: Session, upkeep: Upkeep) {
    this.#session = session
    this.#upkeep = upkeep
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Connection(this.#session, this.#upkeep)
  }

  beginTransaction(connection: DatabaseConnection): Promise<void> {
    return (connection as Connection).begin()
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return (connection as Connection).end('commit')
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return (connection as Connection).end('rollback')
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    ;(connection as Connection).release()
  }

  async destroy(): Promise<void> {}
}
