import type { Session } from './pglite-session.ts'

/** How often tables are looked at, at most. */
const everyMs = 30_000
/** A look follows soon after so many rows were written since the last one. */
const rowsUntilLook = 1_000
const mostRowsUntilLook = 8_000
const soonMs = 250

/**
 * Tables whose statistics are missing or old, or that hold many dead rows, by the rules of PostgreSQL's autovacuum.
 * Counters start anew after a crash; a table that was never analysed shows by its catalog row.
 */
const stale = `
  select c.oid::regclass::text as name,
         s.n_dead_tup > 500 + 0.2 * s.n_live_tup as dead
  from pg_stat_user_tables s join pg_class c on c.oid = s.relid
  where c.reltuples < 0 and pg_relation_size(c.oid) > 0
     or s.n_mod_since_analyze > 250 + 0.2 * greatest(c.reltuples, 0)
     or s.n_dead_tup > 500 + 0.2 * s.n_live_tup
  order by c.relpages`

/**
 * PGlite runs no autovacuum: without this, tables have no statistics and the planner guesses (reading eight passages of
 * 10,000 took 9 ms instead of 0.3), and the room of dead rows is never used again. One table at a time, so that
 * others get their turns between them.
 */
export class Upkeep {
  readonly #session: Session
  readonly #interval: NodeJS.Timeout
  #soon: NodeJS.Timeout | undefined
  #written = 0
  #until = rowsUntilLook
  #running: Promise<void> | undefined
  #closed = false

  constructor(session: Session) {
    this.#session = session
    this.#interval = setInterval(() => this.#look(), everyMs)
    this.#interval.unref()
  }

  /** Rows that a statement wrote; many of them bring the next look forward. */
  wrote(rows: number): void {
    this.#written += rows
    if (this.#written < this.#until || this.#soon || this.#closed) return
    this.#until = Math.min(mostRowsUntilLook, this.#until * 2)
    this.#soon = setTimeout(() => this.#look(), soonMs)
    this.#soon.unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#interval)
    clearTimeout(this.#soon)
    await this.#running
  }

  #look(): void {
    this.#soon = undefined
    if (this.#closed || this.#running || this.#written === 0) return
    this.#written = 0
    // A look that fails changes nothing; the next one tries again.
    this.#running = this.#tidy()
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined
      })
  }

  async #tidy(): Promise<void> {
    const { rows } = await this.#session.single({ sql: stale, parameters: [] })
    for (const { name, dead } of rows) {
      if (this.#closed) return
      const sql = `${dead ? 'vacuum (analyze, truncate false)' : 'analyze'} ${name}`
      await this.#session.single({ sql, parameters: [] })
    }
  }
}
