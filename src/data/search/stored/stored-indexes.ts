import { createHash, randomBytes } from 'node:crypto'
import { PlinthError, toPlinthError } from '#kernel'
import type { ObjectStore } from '#ports'
import { countIndexedRows, type Store, segmentsPrefix } from '#store'
import { type IndexedBase, indexName } from '../indexed-base.ts'
import { type IndexPart, readManifest } from '../knowledge-index.ts'
import type { IndexStats } from '../types.ts'
import {
  dropSeries,
  dropStoredIndex,
  holdingRemovedText,
  keepStoredIndex,
  namedSegments,
  readStoredIndex,
  type StoredIndex,
  type StoredPart,
  type StoredSeries,
  unusedIndexes,
} from './rows.ts'

/** Parts in memory at once on their way between object store and index. */
const batchBytes = 16 * 1024 * 1024
/** Rounds of a write before it is given up: an index of more than 100 GiB, or one that changes faster than it is written. */
const mostRounds = 8_192
/** A write that took longer looks whether its objects are still there. */
const longWriteMs = 120_000

export interface StoredIndexesParts {
  store: Store
  objects: ObjectStore
  /** Told what is wrong with a stored index; the rows answer instead. */
  onFault(message: string): void
}

/** Gives parts of the index that are not `known`, the manifest last; none while the index is merging. */
export type GiveParts = (wanted: {
  known: ReadonlySet<string>
  mostBytes: number
}) => Promise<{ parts: readonly IndexPart[]; stats: IndexStats } | undefined>

/**
 * Search indexes in the object store: immutable parts, a manifest that names them, rows that name both. A restart reads
 * them instead of every chunk. They are a copy only: what is missing or damaged is built again from the rows.
 */
export class StoredIndexes {
  readonly #store: Store
  readonly #objects: ObjectStore
  readonly #onFault: (message: string) => void
  /** Manifests that did not check, by their digest: not tried again, and written anew. */
  readonly #refused = new Map<string, string>()
  /** The manifest that this process wrote or read last, by name of index. */
  readonly #own = new Map<string, string>()
  /** Indexes that were read from what is stored and not yet compared with the rows. */
  readonly #unproven = new Set<string>()
  /** Objects that no row named at the last sweep. */
  #loose = new Set<string>()

  constructor({ store, objects, onFault }: StoredIndexesParts) {
    this.#store = store
    this.#objects = objects
    this.#onFault = onFault
  }

  /** The stored index of a base, unless it was found damaged. */
  async newest(base: IndexedBase): Promise<StoredIndex | undefined> {
    const stored = await readStoredIndex(this.#store, base)
    return stored && !this.#isRefused(base, stored) ? stored : undefined
  }

  /** Whether this process's index grew from the stored one, so that it shares parts with it. */
  isOwn(base: IndexedBase, { manifest }: StoredIndex): boolean {
    return this.#own.get(indexName(base)) === manifest.digest
  }

  /** The parts of a stored index, the manifest first. Throws INTEGRITY, NOT_FOUND, or what the object store throws. */
  async *read(base: IndexedBase, stored: StoredIndex): AsyncGenerator<IndexPart[]> {
    const manifest = await this.#get(stored.manifest)
    if (digestOf(manifest) !== stored.manifest.digest) {
      throw new PlinthError('INTEGRITY', 'The manifest has other bytes than were written.')
    }
    yield [{ name: 'manifest', bytes: manifest }]
    const parts = readManifest(manifest).parts.map((name) => {
      const part = stored.parts.get(name)
      if (!part) throw new PlinthError('INTEGRITY', `The manifest names ${name}, no row does.`)
      return part
    })
    let ahead = this.#batch(parts, 0)
    for (let at = 0; at < parts.length; ) {
      const batch = await ahead
      at += batch.length
      ahead = this.#batch(parts, at)
      // Awaited in the next round; what it throws must not end the process before.
      ahead.catch(() => undefined)
      yield batch
    }
    this.#own.set(indexName(base), stored.manifest.digest)
    this.#unproven.add(indexName(base))
  }

  /** Whether the index was read from what is stored and not yet compared with the rows. */
  isUnproven(base: IndexedBase): boolean {
    return this.#unproven.has(indexName(base))
  }

  /**
   * Whether an index that was read from what is stored holds as much as the rows say; `unknown` where that cannot be said
   * of its epoch. Told once: what is right stays right. The rows are counted in pages, so that nobody waits for all of them.
   */
  async prove(
    base: IndexedBase,
    stats: IndexStats,
    signal?: AbortSignal,
  ): Promise<'right' | 'wrong' | 'unknown'> {
    const { organizationId, knowledgeBase, model } = base
    const place = { organizationId, base: knowledgeBase, model }
    const options = { expected: stats.epoch, ...(signal ? { signal } : {}) }
    const rows = await countIndexedRows(this.#store, place, options)
    if (rows === 'moved') return 'unknown'
    this.#unproven.delete(indexName(base))
    return rows.chunks === stats.chunks && rows.vectors === stats.vectors ? 'right' : 'wrong'
  }

  /** Not to be read again: it is told once, and the next write begins afresh. */
  refuse(base: IndexedBase, { manifest }: StoredIndex, error: unknown): void {
    this.#refused.set(indexName(base), manifest.digest)
    const { message } = toPlinthError(error)
    this.#onFault(
      `the stored index of ${base.knowledgeBase} cannot be read and is built again: ${message}`,
    )
  }

  /**
   * Writes what is not there yet, the manifest last, and makes it the stored index. Broken off anywhere, it leaves objects
   * that no row names. `later`: the index is being merged, or a part vanished meanwhile.
   */
  async write(base: IndexedBase, give: GiveParts): Promise<'kept' | 'outrun' | 'later'> {
    const began = performance.now()
    const stored = await readStoredIndex(this.#store, base)
    const afresh = stored !== undefined && this.#isRefused(base, stored)
    const known = new Set(afresh ? [] : stored?.parts.keys())
    const written: StoredPart[] = []
    for (let round = 0; round < mostRounds; round++) {
      const given = await give({ known, mostBytes: batchBytes })
      const last = given?.parts.at(-1)
      if (!given || !last) break
      for (const part of given.parts) {
        written.push(await this.#put(base, part))
        known.add(part.name)
      }
      if (last.name === 'manifest') {
        return this.#commit(base, { written, bytes: last.bytes, afresh, began })
      }
    }
    await this.#discard(written)
    return 'later'
  }

  /** Forgets what is stored of a base's index. */
  drop(base: IndexedBase): Promise<void> {
    return dropStoredIndex(this.#store, base)
  }

  /** Stored indexes in which text still stands that was removed longer ago than so many seconds. */
  holdingRemovedText(seconds: number): Promise<StoredSeries[]> {
    return holdingRemovedText(this.#store, seconds)
  }

  /** Forgets stored indexes in which such text stands. Returns how many. */
  async dropRemovedText(seconds: number): Promise<number> {
    const found = await this.holdingRemovedText(seconds)
    for (const one of found) await dropSeries(this.#store, one)
    return found.length
  }

  /** Forgets stored indexes that no base has used for so many seconds. Returns how many. */
  async dropUnused(
    organizationId: string,
    at: { bases: readonly IndexedBase[]; seconds: number },
  ): Promise<number> {
    const found = await unusedIndexes(this.#store, organizationId, at)
    for (const one of found) await dropSeries(this.#store, one)
    return found.length
  }

  /**
   * Deletes the segments of these organizations that no row named at the last sweep either: by then whoever reads or
   * writes them has long ended. Returns how many.
   */
  async sweep(organizationIds: readonly string[]): Promise<number> {
    const loose = new Set<string>()
    let deleted = 0
    for (const organizationId of organizationIds) {
      const keys: string[] = []
      for await (const key of this.#objects.list(segmentsPrefix(organizationId))) keys.push(key)
      if (keys.length === 0) continue
      // Rows after objects: what was committed in between is named.
      const named = await namedSegments(this.#store, organizationId)
      for (const key of keys.filter((one) => !named.has(one))) {
        if (!this.#loose.has(key)) loose.add(key)
        else {
          await this.#objects.delete(key)
          deleted++
        }
      }
    }
    this.#loose = loose
    return deleted
  }

  async #commit(
    base: IndexedBase,
    at: { written: StoredPart[]; bytes: Uint8Array; afresh: boolean; began: number },
  ): Promise<'kept' | 'outrun' | 'later'> {
    const manifest = at.written.pop()!
    const { epoch, cleanEpoch, parts } = readManifest(at.bytes)
    const needed = new Set(parts)
    const useful = at.written.filter((part) => needed.has(part.name))
    if (performance.now() - at.began > longWriteMs) {
      for (const part of useful) if (!(await this.#objects.has(part.objectKey))) return 'later'
    }
    const outcome = await keepStoredIndex(this.#store, base, {
      manifest: { ...manifest, epoch, cleanEpoch },
      written: useful,
      needed: parts,
      afresh: at.afresh,
    })
    if (outcome === 'kept') {
      await this.#discard(at.written.filter((part) => !needed.has(part.name)))
      this.#own.set(indexName(base), manifest.digest)
      return 'kept'
    }
    await this.#discard([...at.written, manifest])
    return outcome === 'outrun' ? 'outrun' : 'later'
  }

  /** Objects that no row names and nobody else knows: each has a name of its own. */
  async #discard(written: readonly StoredPart[]): Promise<void> {
    // What cannot be deleted now is swept later.
    for (const { objectKey } of written)
      await this.#objects.delete(objectKey).catch(() => undefined)
  }

  async #put(base: IndexedBase, { name, bytes }: IndexPart): Promise<StoredPart> {
    const digest = digestOf(bytes)
    // The digest says what it is, the rest whose: nobody deletes what another one is about to name.
    const mark = `${digest.slice(7, 39)}-${randomBytes(6).toString('hex')}`
    const objectKey = `${segmentsPrefix(base.organizationId)}${mark}`
    await this.#objects.put(objectKey, bytes)
    const size = bytes.byteLength
    return { name, objectKey, digest, bytes: size, cleanEpoch: 0, epoch: 0, createdAt: new Date() }
  }

  async #batch(parts: readonly StoredPart[], from: number): Promise<IndexPart[]> {
    const batch: IndexPart[] = []
    for (let at = from, bytes = 0; at < parts.length && bytes < batchBytes; at++) {
      const part = parts[at]!
      batch.push({ name: part.name, bytes: await this.#get(part) })
      bytes += part.bytes
    }
    return batch
  }

  async #get(part: StoredPart): Promise<Uint8Array> {
    const bytes = await this.#objects.get(part.objectKey)
    if (bytes.byteLength === part.bytes) return bytes
    throw new PlinthError('INTEGRITY', `${part.objectKey} has ${bytes.byteLength} bytes.`)
  }

  #isRefused(base: IndexedBase, { manifest }: StoredIndex): boolean {
    return this.#refused.get(indexName(base)) === manifest.digest
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
