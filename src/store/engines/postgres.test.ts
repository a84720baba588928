import { createServer, connect as dial, type Socket } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase } from '../../../test/open-store.ts'
import { openStore, type Store } from '../store.ts'
import { openPostgres } from './postgres.ts'

const server = process.env.PLINTH_TEST_DATABASE_URL
const watch = { suspectMs: 400, probeMs: 800, lostMs: 3_000 }

/** A way to the database that can swallow all that is sent, as a network that lost it. */
class Way {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((near) => this.#join(near))
  readonly #to: URL
  /** Connections of before are swallowed; new ones too where `all`. */
  silent: 'no' | 'old' | 'all' = 'no'

  constructor(to: URL) {
    this.#to = to
  }

  listen(): Promise<number> {
    return new Promise((resolve) =>
      this.#server.listen(0, '127.0.0.1', () =>
        resolve((this.#server.address() as { port: number }).port),
      ),
    )
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(near: Socket): void {
    const far = dial(Number(this.#to.port || 5432), this.#to.hostname)
    const late = this.silent === 'old'
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => into.destroy())
      from.on('data', (data) => {
        if (this.silent === 'no' || (late && this.silent === 'old')) into.write(data)
      })
    }
  }
}

describe.runIf(server)('a PostgreSQL server', () => {
  let way: Way
  let store: Store
  let drop: () => Promise<unknown>
  beforeAll(async () => {
    const database = await freshDatabase(server!)
    drop = database.drop
    const url = new URL(database.url)
    way = new Way(new URL(database.url))
    url.hostname = '127.0.0.1'
    url.port = String(await way.listen())
    store = await openStore(await openPostgres(url.href, { connections: 2, watch }))
  })
  afterAll(async () => {
    way.silent = 'no'
    await store?.close()
    way?.close()
    await drop?.()
  })

  const ask = () => store.system((tx) => sql`select 1 as one`.execute(tx))
  const held = async (work: Promise<unknown>) => {
    const began = performance.now()
    const error = await work.then(
      () => undefined,
      (thrown) => thrown.code,
    )
    return { error, ms: performance.now() - began }
  }

  it('that a network swallows is given up soon, by those who wait and those who come [M32.database-silent]', async () => {
    await Promise.all([ask(), ask()])
    way.silent = 'all'
    for (const one of await Promise.all([held(ask()), held(ask())])) {
      expect(one.error).toBe('UNAVAILABLE')
      expect(one.ms).toBeLessThan(watch.lostMs)
    }
    way.silent = 'no'
    expect((await held(ask())).error).toBeUndefined()
  }, 60_000)

  it('that swallows only the connections of before is used by new ones [M32.database-silent]', async () => {
    await Promise.all([ask(), ask()])
    way.silent = 'old'
    const lost = await Promise.all([held(ask()), held(ask())])
    expect(lost.map((one) => one.error)).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
    expect((await held(ask())).error).toBeUndefined()
    way.silent = 'no'
  }, 60_000)

  it('that is only slow is waited for [M32.database-silent]', async () => {
    const slow = store.system((tx) => sql`select pg_sleep(1.6)`.execute(tx))
    expect((await held(slow)).error).toBeUndefined()
  }, 60_000)
})
