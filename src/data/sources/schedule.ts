import type { AuditActor } from '#governance'
import type { Resource } from '#kernel'
import type { DocumentSource } from '#ports'
import type { Snapshot, Store } from '#store'
import { requestSync } from './sync.ts'

export interface ScheduleHouse {
  store: Store
  organizations(): Promise<string[]>
  snapshot(organizationId: string): Promise<Snapshot>
  openSource(source: Resource<'Source'>): DocumentSource
  actor: AuditActor
  /** Called after a job was added, so that it starts at once. */
  added(): void
  onFault(error: unknown): void
}

interface Watched {
  digest: string
  stop(): void
  /** Milliseconds since the epoch when the next scan is due; Infinity for none. */
  dueAt: number
  rescanMs: number
}

const lookEveryMs = 5_000

/**
 * Keeps folder sources up to date by themselves: watches those that ask for it and re-scans at their interval. It
 * follows the resources: a source that changed is watched anew, one that was deleted no more. Several servers may do
 * the same; the scan itself is one job, however many ask.
 */
export class SourceSchedule {
  readonly #house: ScheduleHouse
  readonly #watched = new Map<string, Watched>()
  #timer: NodeJS.Timeout | undefined
  #looking = Promise.resolve()

  constructor(house: ScheduleHouse) {
    this.#house = house
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#looking = this.#look().catch((error) => this.#house.onFault(error))
    }, lookEveryMs)
    this.#timer.unref()
    this.#looking = this.#look().catch((error) => this.#house.onFault(error))
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
    for (const watched of this.#watched.values()) watched.stop()
    this.#watched.clear()
  }

  async #look(): Promise<void> {
    const live = new Set<string>()
    for (const organizationId of await this.#house.organizations()) {
      const snapshot = await this.#house.snapshot(organizationId)
      for (const source of snapshot.list('Source')) {
        const { folder } = source.spec
        if (!folder || (!folder.watch && folder.rescanMinutes === 0)) continue
        const key = `${organizationId}/${source.name}`
        live.add(key)
        this.#follow(key, { organizationId, source })
        const watched = this.#watched.get(key)
        if (watched && watched.dueAt <= Date.now()) {
          watched.dueAt = Date.now() + watched.rescanMs
          await this.#request(organizationId, source.name)
        }
      }
    }
    for (const [key, watched] of this.#watched) {
      if (live.has(key)) continue
      watched.stop()
      this.#watched.delete(key)
    }
  }

  #follow(
    key: string,
    at: { organizationId: string; source: Resource<'Source'> & { digest: string } },
  ): void {
    const { source, organizationId } = at
    const known = this.#watched.get(key)
    if (known?.digest === source.digest) return
    known?.stop()
    const { watch, rescanMinutes } = source.spec.folder ?? { watch: false, rescanMinutes: 0 }
    const rescanMs = rescanMinutes > 0 ? rescanMinutes * 60_000 : Number.POSITIVE_INFINITY
    const dueAt = Date.now() + rescanMs
    this.#watched.set(key, {
      digest: source.digest,
      dueAt,
      rescanMs,
      stop: this.#watch(watch, organizationId, source),
    })
  }

  #watch(wanted: boolean, organizationId: string, source: Resource<'Source'>): () => void {
    if (!wanted) return () => undefined
    try {
      const request = () => {
        this.#request(organizationId, source.name).catch((error) => this.#house.onFault(error))
      }
      return this.#house.openSource(source).watch?.(request) ?? (() => undefined)
    } catch (error) {
      // The folder is not there now; the next scan by hand or by interval says so.
      this.#house.onFault(error)
      return () => undefined
    }
  }

  async #request(organizationId: string, source: string): Promise<void> {
    const { actor } = this.#house
    await this.#house.store.within(organizationId, (tx) =>
      requestSync(tx, { source, actor }, actor.id),
    )
    this.#house.added()
  }
}
