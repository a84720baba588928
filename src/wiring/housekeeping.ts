import { type ApiHouse, purgeIdempotencyKeys } from '#api'
import { purgeResponses } from '#apps'
import type { Config } from '#config'
import { purgeOriginals, purgeUploads } from '#data'
import { purgeCredentials } from '#governance'
import { purgeCalls } from '#ops'
import type { Log } from './foundation.ts'

const everyMs = 3_600_000
const dayMs = 86_400_000
/** An upload that broke off can be resumed for a week; ended sessions are kept as long for the list of sessions. */
const keptMs = 7 * dayMs
/** Originals that nothing refers to any more: a backup that began before may still copy them. */
const originalsMs = dayMs

interface Cleared {
  uploads: number
  originals: number
  credentials: number
  answers: number
  calls: number
  responses: number
}

type Kept = Pick<ApiHouse, 'store' | 'uploads' | 'objects' | 'clock' | 'appendAudit'>

/**
 * Once an hour: what was left lying (broken-off uploads, originals of removed documents, ended sessions, spent links,
 * answers kept for repeats) goes, as do calls of models that are older than `callsKeptDays`, and answers whose days are over.
 */
export class Housekeeping {
  readonly #house: Kept
  readonly #callsKeptDays: number
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(house: Kept, { callsKeptDays }: Pick<Config, 'callsKeptDays'>, log: Log) {
    this.#house = house
    this.#callsKeptDays = callsKeptDays
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
  async clear(): Promise<Cleared> {
    const { store, uploads, objects, clock } = this.#house
    const now = clock.now().getTime()
    const before = new Date(now - keptMs)
    const stale = await purgeUploads(store, before)
    for (const id of stale) await uploads.discard(id)
    const credentials = await purgeCredentials(store, before)
    const unused = { objects, before: new Date(now - originalsMs) }
    const originals = await purgeOriginals(store, unused)
    const answers = await purgeIdempotencyKeys(store)
    const calls = await purgeCalls(this.#house, new Date(now - this.#callsKeptDays * dayMs))
    const responses = await purgeResponses(this.#house, new Date(now))
    return { uploads: stale.length, originals, credentials, answers, calls, responses }
  }
}
