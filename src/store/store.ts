import { type Kysely, sql } from 'kysely'
import { PlinthError } from '#kernel'
import { type Epochs, EpochWatch } from './epochs.ts'
import { migrate } from './migrate.ts'
import type { Schema } from './schema.ts'
import { OrganizationScope } from './scope.ts'

/** A handle on the database, confined to one organization (or, from `system`, to none). */
export type Tx = Kysely<Schema>

/**
 * Our one database. Rows are reached through `within`, `read` or `system` only; each hands out a Kysely that is
 * already confined, so that object checks stand here and not in routes.
 */
export interface Store {
  readonly engine: 'pglite' | 'postgres'
  /** One transaction over the rows of one organization. No I/O but the database inside it. */
  within<T>(organizationId: string, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Reads of one organization without a transaction where the engine allows it (each statement sees its own state). */
  read<T>(organizationId: string, work: (db: Tx) => Promise<T>): Promise<T>
  /** The server's own work across organizations: claiming jobs, finding a session's organization. Never for a request's data. */
  system<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** How far rights and resources have come; not a promise where it was read within `trustMs`. */
  epochs(organizationId: string): Epochs | Promise<Epochs>
  close(): Promise<void>
}

export interface Engine {
  readonly name: 'pglite' | 'postgres'
  readonly db: Kysely<Schema>
  /** Whether row-level security binds this connection; then each unit of work names its organization. */
  readonly rowSecurity: boolean
  close(): Promise<void>
}

const scopes = new Map<string, OrganizationScope>()

function scopeOf(organizationId: string): OrganizationScope {
  let scope = scopes.get(organizationId)
  if (!scope) {
    if (scopes.size > 10_000) scopes.clear()
    scope = new OrganizationScope(organizationId)
    scopes.set(organizationId, scope)
  }
  return scope
}

/** Brings the schema up to date and returns the store. Throws UNAVAILABLE when the database cannot be reached. */
export async function openStore(engine: Engine): Promise<Store> {
  await migrate(engine.db)
  return new SqlStore(engine)
}

class SqlStore implements Store {
  readonly engine: Engine['name']
  readonly #engine: Engine
  readonly #epochs = new EpochWatch((organizationId) => this.read(organizationId, readEpochs))

  constructor(engine: Engine) {
    this.engine = engine.name
    this.#engine = engine
  }

  within<T>(organizationId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const scope = scopeOf(organizationId)
    let scoped: Tx | undefined
    const done = this.#transaction(organizationId, (tx) => {
      scoped = tx.withPlugin(scope)
      return work(scoped)
    })
    return done.then(async (result) => {
      const alone = this.engine === 'pglite'
      if (scoped) await this.#epochs.committed(organizationId, scoped, alone)
      return result
    })
  }

  epochs(organizationId: string): Epochs | Promise<Epochs> {
    return this.#epochs.current(organizationId)
  }

  read<T>(organizationId: string, work: (db: Tx) => Promise<T>): Promise<T> {
    if (this.#engine.rowSecurity) return this.within(organizationId, work)
    return mapped(() => work(this.#engine.db.withPlugin(scopeOf(organizationId))))
  }

  system<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#transaction('*', work)
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  #transaction<T>(organizationId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const once = () =>
      this.#engine.db.transaction().execute(async (tx) => {
        if (this.#engine.rowSecurity) {
          await sql`select set_config('plinth.organization_id', ${organizationId}, true)`.execute(
            tx,
          )
        }
        return work(tx)
      })
    return mapped(() => againOnDeadlock(once))
  }
}

async function readEpochs(tx: Tx): Promise<Epochs> {
  const row = await tx
    .selectNoFrom((eb) => [
      eb.selectFrom('access_epoch').select('epoch').as('access'),
      eb.selectFrom('resource_epoch').select('epoch').as('resources'),
      eb.selectFrom('resource_epoch').select('caches').as('caches'),
    ])
    .executeTakeFirstOrThrow()
  return { access: row.access ?? 0, resources: row.resources ?? 0, caches: row.caches ?? 0 }
}

/** Errors of the connection become UNAVAILABLE, so that callers can wait and try again. */
async function mapped<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PlinthError) throw error
    const code = (error as { code?: unknown }).code
    if (code === '53100') {
      throw new PlinthError('UNAVAILABLE', {
        detail: 'The disk of the database is full.',
        remedy: 'Free space on the disk that holds the database; the work then goes on by itself.',
        cause: error,
      })
    }
    if (isConnectionError(error)) {
      throw new PlinthError('UNAVAILABLE', {
        detail: 'The database cannot be reached.',
        cause: error,
      })
    }
    if (code === '22021' || code === '22P05') {
      throw new PlinthError('INVALID_INPUT', {
        detail: 'A text holds a character that the database cannot keep (NUL or half a pair).',
        cause: error,
      })
    }
    throw error
  }
}

/** SQLSTATE 40P01 and 40001: the server rolled one of two back; it may simply run again. */
async function againOnDeadlock<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const code = (error as { code?: unknown }).code
      if ((code !== '40P01' && code !== '40001') || attempt === 5) throw error
    }
  }
}

/** Input and output of the server, a statement that took too long, a server that became a standby; sockets. */
const otherOutages = new Set([
  '58030',
  '57014',
  '25006',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/**
 * What the server ends a connection with (severity FATAL), SQLSTATE class 08, 53 (too many connections, out of memory) and 57P0x;
 * socket errors, and what the driver says of a connection that broke.
 */
function isConnectionError(error: unknown): boolean {
  const { code, severity, message } = error as Record<string, unknown>
  if (severity === 'FATAL') return true
  if (typeof code !== 'string') {
    return /^Connection terminated|connection error|not queryable|timeout exceeded when trying to connect|driver has already been destroyed/.test(
      String(message),
    )
  }
  return (
    code.startsWith('08') ||
    code.startsWith('57P') ||
    code.startsWith('53') ||
    otherOutages.has(code)
  )
}

/** SQLSTATE 23505: two writers wanted the same unique row. */
export function isUniqueViolation(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '23505'
}
