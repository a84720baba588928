import pg from 'pg'

export interface WatchTimes {
  /** A statement that takes longer makes one ask whether the server is there at all. */
  suspectMs: number
  /** The server answers a new connection within this time, or it is not there. */
  probeMs: number
  /** The server itself ends statements before: whoever still waits waits for a connection that is gone. */
  lostMs: number
}

/**
 * Ends connections on which nothing will ever be answered: a network that swallows packets tells nobody, and the system
 * would wait a quarter of an hour. What waits on them then fails as it does when a server goes away. A statement that is
 * only slow is left alone.
 */
export class ConnectionWatch {
  readonly #url: string
  readonly #times: WatchTimes
  readonly #waiting = new Map<pg.PoolClient, number>()
  readonly #timer: NodeJS.Timeout
  #probing = false

  constructor(url: string, times: WatchTimes) {
    this.#url = url
    this.#times = times
    this.#timer = setInterval(() => void this.#look(), Math.min(1_000, times.suspectMs / 2))
    this.#timer.unref()
  }

  /** Notes when each statement of a connection began, as long as it is not answered. */
  follow(client: pg.PoolClient): void {
    const query = client.query.bind(client) as (...given: unknown[]) => unknown
    const followed = (...given: unknown[]): unknown => {
      const answer = query(...given)
      if (answer instanceof Promise) {
        this.#waiting.set(client, performance.now())
        const done = () => this.#waiting.delete(client)
        answer.then(done, done)
      }
      return answer
    }
    client.query = followed as typeof client.query
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    this.#end(this.#times.lostMs)
    if (this.#probing || this.#longer(this.#times.suspectMs).length === 0) return
    this.#probing = true
    if (!(await this.#isThere())) this.#end(this.#times.suspectMs)
    this.#probing = false
  }

  #longer(ms: number): pg.PoolClient[] {
    const before = performance.now() - ms
    return [...this.#waiting].filter(([, since]) => since < before).map(([client]) => client)
  }

  /** With a statement under way this closes the socket at once, and the statement fails. */
  #end(ms: number): void {
    for (const client of this.#longer(ms)) {
      this.#waiting.delete(client)
      ;(client as unknown as pg.Client).end().catch(() => undefined)
    }
  }

  async #isThere(): Promise<boolean> {
    const { probeMs } = this.#times
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: probeMs,
      query_timeout: probeMs,
      application_name: 'plinth probe',
    })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select 1')
      return true
    } catch (error) {
      // What the server itself says shows that it is there: too many connections, for instance.
      return typeof (error as { severity?: unknown }).severity === 'string'
    } finally {
      client.end().catch(() => undefined)
    }
  }
}
