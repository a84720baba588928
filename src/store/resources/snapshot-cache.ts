import type { Clock } from '#kernel'
import { systemClock } from '#kernel'
import type { Store } from '../store.ts'
import { loadSnapshot, readEpoch, type Snapshot } from './snapshot.ts'

interface Held {
  snapshot: Snapshot
  /** When its epoch was last compared, in milliseconds. */
  checkedAt: number
}

const maxOrganizations = 1_000

/**
 * The current snapshot of each organization. A call costs one statement of one row; a snapshot is compiled only
 * after its organization's epoch moved, and then once, however many ask.
 */
export class SnapshotCache {
  readonly #store: Store
  readonly #clock: Clock
  readonly #held = new Map<string, Held>()
  readonly #loading = new Map<string, Promise<Snapshot>>()

  constructor(store: Store, options: { clock?: Clock } = {}) {
    this.#store = store
    this.#clock = options.clock ?? systemClock
  }

  /**
   * The snapshot of everything committed before the call; with `maxAgeMs` one compared at most that long ago will do,
   * without any statement, and with `epoch` one of at least that epoch, which the caller has read.
   */
  async get(
    organizationId: string,
    options: { maxAgeMs?: number; epoch?: number } = {},
  ): Promise<Snapshot> {
    const now = this.#clock.now().getTime()
    const held = this.#held.get(organizationId)
    if (held && now - held.checkedAt < (options.maxAgeMs ?? 0)) return held.snapshot
    const epoch = options.epoch ?? (await this.#store.read(organizationId, readEpoch))
    const known = this.#held.get(organizationId)
    if (known && known.snapshot.epoch >= epoch) {
      known.checkedAt = Math.max(known.checkedAt, now)
      return known.snapshot
    }
    // A load under way may have begun before the epoch just read; the second one cannot have.
    for (let attempt = 0; attempt < 2; attempt++) {
      const snapshot = await this.#load(organizationId)
      if (snapshot.epoch >= epoch) return this.#keep(snapshot, now)
    }
    return this.#keep(await this.#load(organizationId), now)
  }

  #load(organizationId: string): Promise<Snapshot> {
    const loading = this.#loading.get(organizationId)
    if (loading) return loading
    const started = this.#store
      .within(organizationId, (tx) => loadSnapshot(tx, organizationId))
      .finally(() => this.#loading.delete(organizationId))
    this.#loading.set(organizationId, started)
    return started
  }

  #keep(snapshot: Snapshot, now: number): Snapshot {
    const held = this.#held.get(snapshot.organizationId)
    if (held && held.snapshot.epoch >= snapshot.epoch) return held.snapshot
    this.#held.delete(snapshot.organizationId)
    if (this.#held.size >= maxOrganizations) {
      const oldest = this.#held.keys().next().value
      if (oldest !== undefined) this.#held.delete(oldest)
    }
    this.#held.set(snapshot.organizationId, { snapshot, checkedAt: now })
    return snapshot
  }
}
