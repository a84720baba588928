import { PlinthError, toPlinthError } from '#kernel'
import { type IndexedBase, indexName } from './indexed-base.ts'
import { type IndexHouse, loadIndex } from './loading.ts'
import type { IndexStats } from './types.ts'

export interface KeeperHouse extends IndexHouse {
  /** The knowledge bases of an organization as they are indexed now. */
  bases(organizationId: string): Promise<readonly IndexedBase[]>
  onFault(error: unknown): void
}

/** When an index is written. */
export interface KeeperPace {
  /** Between two looks at the epochs. */
  lookMs: number
  /** A changing index is written when it rested for one look, or at the latest after this. */
  restlessMs: number
  /** An index that moved at all is written after this … */
  staleMs: number
  /** … or as soon as this share of its chunks changed. */
  share: number
  /** Smaller ones are read from the rows as fast. */
  leastChunks: number
  /** Between two sweeps; what no row names is deleted at the second one. */
  sweepMs: number
  /** Removed text leaves the stored indexes of this process after so many seconds, and of all after `removedSeconds`. */
  purgeSeconds: number
  removedSeconds: number
  /** What no base uses any more is forgotten when it is so old. */
  unusedSeconds: number
}

const hour = 3_600

export const keeperPace: KeeperPace = {
  lookMs: 2_000,
  restlessMs: 60_000,
  staleMs: 600_000,
  share: 0.2,
  leastChunks: 500,
  sweepMs: 600_000,
  purgeSeconds: 20 * hour,
  removedSeconds: 24 * hour,
  unusedSeconds: 24 * hour,
}

const longestRestMs = 20_000
/** Bases that are followed; beyond it the others are loaded by who asks them. */
const maxFollowed = 10_000

interface Followed {
  base: IndexedBase
  /** Epoch at the last look, and when it first differed from what is stored. */
  epoch: number
  movedAt: number | undefined
  /** What is known to be stored. */
  stored: { epoch: number; at: number; changes: number; own: boolean } | undefined
  /** Whether removed rows have to leave the stored index: still to be asked of the index, or asked already. */
  purge: 'wanted' | 'asked' | undefined
}

/**
 * Keeps the search indexes of this process ready and stored: loads them before anybody asks, lets them follow what is
 * committed, and writes them to the object store when they have moved on enough. All in the background, one at a time.
 */
export class IndexKeeper {
  readonly #house: KeeperHouse
  readonly #pace: KeeperPace
  readonly #followed = new Map<string, Followed>()
  /** Epochs of bases when they were last looked at, by organization and base. */
  readonly #seen = new Map<string, number>()
  readonly #abort = new AbortController()
  #sweptAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(house: KeeperHouse, pace: Partial<KeeperPace> = {}) {
    this.#house = house
    this.#pace = { ...keeperPace, ...pace }
  }

  start(): void {
    const look = () => {
      const began = performance.now()
      this.#running = this.look()
        .catch((error) => this.#fault(error))
        .finally(() => {
          if (this.#abort.signal.aborted) return
          // A tenth of the time at most: whoever reads documents in goes first.
          const rest = Math.min(longestRestMs, (performance.now() - began) * 9)
          this.#timer = setTimeout(look, Math.max(rest, this.#pace.lookMs))
          this.#timer.unref()
        })
    }
    look()
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('The server is stopping.'))
    clearTimeout(this.#timer)
    await this.#running
  }

  /** One look: follow, write, sweep. */
  async look(): Promise<void> {
    await this.#follow()
    for (const [name, followed] of this.#followed) {
      if (this.#abort.signal.aborted) return
      await this.#keep(name, followed).catch((error) => this.#fault(error))
    }
    if (performance.now() - this.#sweptAt < this.#pace.sweepMs) return
    this.#sweptAt = performance.now()
    await this.sweep()
  }

  /** Has removed text rewritten or forgotten, and deletes what no row names any more. */
  async sweep(): Promise<void> {
    const { storedIndexes, store } = this.#house
    for (const one of await storedIndexes.holdingRemovedText(this.#pace.purgeSeconds)) {
      for (const followed of this.#followed.values()) {
        const { organizationId, knowledgeBase } = followed.base
        if (one.organizationId !== organizationId || one.knowledgeBase !== knowledgeBase) continue
        followed.purge = 'wanted'
      }
    }
    await storedIndexes.dropRemovedText(this.#pace.removedSeconds)
    const organizations = await store.system((tx) =>
      tx.selectFrom('organization').select('organization_id').limit(maxFollowed).execute(),
    )
    for (const { organization_id: id } of organizations) {
      if (this.#abort.signal.aborted) return
      const at = { bases: await this.#house.bases(id), seconds: this.#pace.unusedSeconds }
      await storedIndexes.dropUnused(id, at)
    }
    await storedIndexes.sweep(organizations.map((row) => row.organization_id))
  }

  /** Brings the indexes of bases that moved on up to their epochs. */
  async #follow(): Promise<void> {
    const rows = await this.#house.store.system((tx) =>
      tx
        .selectFrom('knowledge_epoch')
        .select(['organization_id', 'knowledge_base', 'epoch'])
        .limit(maxFollowed)
        .execute(),
    )
    const moved = new Map<string, Map<string, number>>()
    for (const { organization_id, knowledge_base, epoch } of rows) {
      if (this.#seen.get(`${organization_id}/${knowledge_base}`) === epoch) continue
      const bases = moved.get(organization_id) ?? new Map<string, number>()
      moved.set(organization_id, bases.set(knowledge_base, epoch))
    }
    for (const [organizationId, epochs] of moved) {
      const bases = await this.#house.bases(organizationId)
      for (const base of bases) {
        if (this.#abort.signal.aborted) return
        const epoch = epochs.get(base.knowledgeBase)
        if (epoch !== undefined) await this.#bringTo(base, epoch)
      }
      for (const [name, epoch] of epochs) this.#seen.set(`${organizationId}/${name}`, epoch)
    }
  }

  /** An index that cannot be loaded now is loaded by who asks for it, or with the base's next change. */
  async #bringTo(base: IndexedBase, epoch: number): Promise<void> {
    const { search } = this.#house
    const name = indexName(base)
    try {
      const held = search.epochOf(name)
      if (held === undefined && !(await this.#hasRoom())) return
      if ((held ?? -1) < epoch)
        await loadIndex(this.#house, base, { epoch, signal: this.#abort.signal })
      const known = this.#followed.get(name)
      if (known) known.base = base
      else {
        const fresh = { base, epoch: -1, movedAt: undefined, stored: undefined, purge: undefined }
        this.#followed.set(name, fresh)
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#fault(error)
    }
  }

  /** Whether another index may be loaded that nobody asked for: only while half of the memory is free. */
  async #hasRoom(): Promise<boolean> {
    const { search } = this.#house
    return (await search.stats()).bytes < search.memoryBytes / 2
  }

  /** Writes an index that has moved on enough since it was stored. */
  async #keep(name: string, followed: Followed): Promise<void> {
    const { search, storedIndexes } = this.#house
    const epoch = search.epochOf(name)
    if (epoch === undefined) {
      this.#followed.delete(name)
      return
    }
    const unproven = storedIndexes.isUnproven(followed.base)
    if (followed.stored?.epoch === epoch && !followed.purge && !unproven) return
    const rested = followed.epoch === epoch
    followed.epoch = epoch
    followed.movedAt ??= performance.now()
    if (!rested && performance.now() - followed.movedAt < this.#pace.restlessMs) return
    const stats = (await search.stats()).indexes[name]
    if (!stats || (unproven && rested && (await this.#heal(name, followed, stats)))) return
    if (!(await this.#isDue(followed, stats))) return
    await this.#write(name, followed, stats)
  }

  /** Builds an index from the rows again that came from what is stored and does not hold what they say. */
  async #heal(name: string, followed: Followed, stats: IndexStats): Promise<boolean> {
    const { search, storedIndexes } = this.#house
    const { base } = followed
    const proof = await storedIndexes.prove(base, stats, this.#abort.signal)
    if (proof !== 'wrong') return false
    const stored = await storedIndexes.newest(base)
    const why = 'it does not hold what the rows say'
    if (stored) storedIndexes.refuse(base, stored, new PlinthError('INTEGRITY', why))
    await search.unload(name)
    await loadIndex(this.#house, base, { epoch: stats.epoch, signal: this.#abort.signal })
    followed.stored = undefined
    return true
  }

  async #isDue(followed: Followed, stats: IndexStats): Promise<boolean> {
    const { base } = followed
    if (stats.chunks < this.#pace.leastChunks && !followed.purge) return false
    followed.stored ??= await this.#readStored(base, stats)
    const { stored } = followed
    if (!stored || followed.purge) return true
    if (stored.epoch >= stats.epoch) return false
    // An index that shares no parts with what is stored would be written whole: leave that to the one that does.
    const patience = stored.own ? 1 : 2
    const changed = stats.changes - stored.changes
    return (
      changed >= Math.max(1, stats.chunks * this.#pace.share * patience) ||
      Date.now() - stored.at > this.#pace.staleMs * patience
    )
  }

  async #readStored(base: IndexedBase, stats: IndexStats): Promise<Followed['stored']> {
    const { storedIndexes } = this.#house
    const found = await storedIndexes.newest(base)
    if (!found) return undefined
    const { epoch, createdAt } = found.manifest
    const own = storedIndexes.isOwn(base, found)
    return { epoch, at: createdAt.getTime(), changes: own ? 0 : stats.changes, own }
  }

  async #write(name: string, followed: Followed, now: IndexStats): Promise<void> {
    const { search, storedIndexes } = this.#house
    const { base } = followed
    if (isWorn(now)) {
      await storedIndexes.drop(base)
      followed.stored = { epoch: now.epoch, changes: now.changes, at: Date.now(), own: true }
      followed.purge = undefined
      return
    }
    let last = now
    const outcome = await storedIndexes.write(base, async (wanted) => {
      this.#abort.signal.throwIfAborted()
      const given = await search.snapshot(name, { ...wanted, purge: followed.purge === 'wanted' })
      if (given && followed.purge) followed.purge = 'asked'
      last = given?.stats ?? last
      return given
    })
    if (outcome === 'later') return
    followed.movedAt = undefined
    followed.purge = undefined
    followed.stored =
      outcome === 'outrun'
        ? await this.#readStored(base, last)
        : { epoch: last.epoch, changes: last.changes, at: Date.now(), own: true }
  }

  #fault(error: unknown): void {
    if (!this.#abort.signal.aborted) this.#house.onFault(toPlinthError(error))
  }
}

/** Most places of documents are empty: better built from the rows, with the next start, than carried on. */
function isWorn({ documents, ordinals }: IndexStats): boolean {
  return ordinals > documents * 5 + 100_000
}
