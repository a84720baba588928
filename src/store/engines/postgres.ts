import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { PlinthError } from '#kernel'
import type { Schema } from '../schema.ts'
import type { Engine } from '../store.ts'
import { ConnectionWatch, type WatchTimes } from './postgres-watch.ts'

const INT8 = 20
const statementMs = 120_000
const watchTimes: WatchTimes = {
  suspectMs: 5_000,
  probeMs: 10_000,
  lostMs: statementMs + 10_000,
}

/**
 * A PostgreSQL server (15 or newer, no extension) by its URL. Throws UNAVAILABLE when it cannot be reached or is too old.
 * Superusers bypass row-level security: the engine then relies on the store's scope alone, and `doctor` says so.
 */
export async function openPostgres(
  url: string,
  options: { connections: number; watch?: WatchTimes },
): Promise<Engine> {
  const types = new pg.TypeOverrides()
  types.setTypeParser(INT8, (value: string) => Number(value))
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections,
    types,
    connectionTimeoutMillis: 10_000,
    statement_timeout: statementMs,
    keepAlive: true,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'plinth',
  })
  const watch = new ConnectionWatch(url, options.watch ?? watchTimes)
  // An idle connection that breaks must not end the process; the pool opens another.
  pool.on('error', () => undefined)
  // Nor one that breaks between two statements of a transaction: its next statement fails.
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    watch.follow(client)
  })
  try {
    const version = await versionOf(pool)
    if (version < 150_000) {
      throw new PlinthError(
        'UNAVAILABLE',
        `PostgreSQL 15 or newer is needed; this server is ${version / 10_000}.`,
      )
    }
  } catch (error) {
    watch.stop()
    await pool.end().catch(() => undefined)
    if (error instanceof PlinthError) throw error
    throw new PlinthError('UNAVAILABLE', {
      detail: 'The PostgreSQL server of DATABASE_URL cannot be reached.',
      remedy: 'Check host, port, user and password in DATABASE_URL, and that the server runs.',
      cause: error,
    })
  }
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const close = async () => {
    await db.destroy()
    watch.stop()
  }
  return { name: 'postgres', db, rowSecurity: true, close }
}

async function versionOf(pool: pg.Pool): Promise<number> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ version: string }>(
      `select current_setting('server_version_num') as version`,
    )
    return Number(rows[0]?.version ?? 0)
  } finally {
    client.release()
  }
}
