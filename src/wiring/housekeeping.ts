import { type ApiHouse, purgeIdempotencyKeys } from '#api'
import { purgeUploads } from '#data'
import { purgeCredentials } from '#governance'
import type { Log } from './foundation.ts'

const everyMs = 3_600_000
const dayMs = 86_400_000
/** An upload that broke off can be resumed for a week; ended sessions are kept as long for the list of sessions. */
const keptMs = 7 * dayMs

/** Once an hour: what was left lying (broken-off uploads, ended sessions, spent links, answers kept for repeats) goes. */
export class Housekeeping {
  readonly #house: Pick<ApiHouse, 'store' | 'uploads' | 'clock'>
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(house: Pick<ApiHouse, 'store' | 'uploads' | 'clock'>, log: Log) {
    this.#house = house
    this.#log = log
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running = this.clear().catch((error) =>
        this.#log({ level: 'warn', message: `housekeeping: ${String(error)}` }),
      )
    }, everyMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  /** Rows first: a file without a row is found by nobody, a row without a file would promise bytes that are gone. */
  async clear(): Promise<{ uploads: number; credentials: number; answers: number }> {
    const { store, uploads, clock } = this.#house
    const before = new Date(clock.now().getTime() - keptMs)
    const stale = await purgeUploads(store, before)
    for (const id of stale) await uploads.discard(id)
    const credentials = await purgeCredentials(store, before)
    return { uploads: stale.length, credentials, answers: await purgeIdempotencyKeys(store) }
  }
}
