import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { PlinthError } from '#kernel'
import type { FusedHit } from '../fuse.ts'
import type { IndexPart } from './knowledge-index.ts'
import {
  type PackedDelta,
  packDelta,
  type ReplyEnvelope,
  type SearchRequest,
  type SearchResult,
  type SnapshotRequest,
} from './protocol.ts'
import type { IndexDelta, IndexQuery, IndexStats } from './types.ts'

/** The worker's entry: the same extension as this file, so that sources and build both work. */
const here = fileURLToPath(import.meta.url)
const entry = new URL(`./worker${extname(here)}`, import.meta.url)
/** Requests under way per worker; beyond it a caller is told to come back. */
const maxPending = 1_024
/**
 * Chunks sent to a worker at once, about 20 ms of its time; and most chunks made visible
 * together.
 */
const stepChunks = 200
const togetherChunks = 2_000

export interface SearchWorkersOptions {
  /** Threads; an index lives in one of them. */
  threads?: number
  /** Memory of all indexes together; the least recently used are unloaded beyond it. */
  memoryBytes?: number
}

/**
 * Fetches what an index lacks: called with the epoch it holds (0: nothing), yields the deltas after
 * that, in order. The first items may be the parts of a snapshot, its manifest among the first.
 */
export type IndexLoader = (from: { epoch: number }) => AsyncIterable<IndexDelta | IndexPart[]>

export type SearchAnswer =
  | { state: 'unloaded' }
  | { state: 'ready'; epoch: number; hits: FusedHit[]; searchMs: number }

interface Pending {
  resolve(result: SearchResult): void
  reject(error: Error): void
}

/** A thread and what it owes. `worker` is absent until the first request and after a crash. */
interface Thread {
  worker: Worker | undefined
  pending: Map<number, Pending>
  /** Indexes that are loaded to the end, with the epoch last heard of. */
  epochs: Map<string, number>
}

/**
 * The main thread's handle on the search workers: requests by name of index, results as promises.
 * A worker that dies fails what it owed with UNAVAILABLE; the next request starts another one,
 * whose indexes are unloaded until `load` is called again.
 */
export class SearchWorkers {
  private readonly threads: Thread[]
  readonly memoryBytes: number
  private readonly loading = new Map<string, Promise<number>>()
  private nextId = 1
  private closed = false

  constructor({ threads = 1, memoryBytes = 1024 * 1024 * 1024 }: SearchWorkersOptions = {}) {
    this.memoryBytes = memoryBytes
    this.threads = Array.from({ length: threads }, () => ({
      worker: undefined,
      pending: new Map(),
      epochs: new Map(),
    }))
  }

  /**
   * Brings an index up to date and gives back the epoch reached. Calls for one index at the same
   * time share one run, which may have begun before the epoch that a later caller wants: look at
   * the result. Until its first load has ended an index is not searched. Throws INTEGRITY on a
   * snapshot that does not check.
   */
  load(name: string, loader: IndexLoader): Promise<number> {
    const running = this.loading.get(name)
    if (running !== undefined) return running
    const run = this.runLoad(name, loader).finally(() => this.loading.delete(name))
    this.loading.set(name, run)
    return run
  }

  /** Applies a change to a loaded index; an unloaded one stays so and gets it when it is loaded. */
  async apply(name: string, delta: IndexDelta): Promise<{ state: 'ready' | 'unloaded' }> {
    if (!(await this.isReady(name))) return { state: 'unloaded' }
    const { state } = await this.applyTo(name, [delta], false)
    return { state: state === 'ready' ? 'ready' : 'unloaded' }
  }

  /** Waits for a load under way. The caller compares `epoch` with the database's. */
  async search(name: string, query: IndexQuery): Promise<SearchAnswer> {
    if (!(await this.isReady(name))) return { state: 'unloaded' }
    const result = await this.request(name, { op: 'search', name, query })
    if (result.state === 'ready' && 'hits' in result) return result
    return { state: 'unloaded' }
  }

  /**
   * Parts of an index for the object store but for those already `known` there; the manifest comes
   * last, once nothing else is left out. None while segments are being merged. Undefined where the
   * index is not loaded to the end.
   */
  async snapshot(
    name: string,
    wanted: Partial<SnapshotRequest> = {},
  ): Promise<{ parts: IndexPart[]; stats: IndexStats } | undefined> {
    if (this.epochOf(name) === undefined) return undefined
    const { known = new Set(), mostBytes = Number.POSITIVE_INFINITY, purge = false } = wanted
    const result = await this.request(name, {
      op: 'snapshot',
      name,
      wanted: { known, mostBytes, purge },
    })
    if (result.state !== 'ready' || !('parts' in result)) return undefined
    return { parts: result.parts, stats: result.stats }
  }

  async unload(name: string): Promise<void> {
    await this.request(name, { op: 'unload', name })
  }

  /** The epoch an index had when last heard of; undefined where it is not loaded. */
  epochOf(name: string): number | undefined {
    return this.threadOf(name).epochs.get(name)
  }

  async stats(): Promise<{ indexes: Record<string, IndexStats>; bytes: number }> {
    const all = { indexes: {} as Record<string, IndexStats>, bytes: 0 }
    for (const thread of this.threads) {
      if (thread.worker === undefined) continue
      const result = await this.send(thread, { op: 'stats' })
      if (result.state !== 'stats') continue
      Object.assign(all.indexes, result.indexes)
      all.bytes += result.bytes
    }
    return all
  }

  async close(): Promise<void> {
    this.closed = true
    for (const thread of this.threads) {
      const { worker } = thread
      this.lost(thread, worker, 'The server is stopping.')
      await worker?.terminate()
    }
  }

  private async runLoad(name: string, loader: IndexLoader): Promise<number> {
    const held = await this.heldEpoch(name)
    try {
      const epoch = await this.applyAll(name, loader({ epoch: held ?? 0 }), held)
      this.threadOf(name).epochs.set(name, epoch)
      return epoch
    } catch (error) {
      // What was loaded in part must not be taken for the whole.
      if (held === undefined) await this.unload(name).catch(() => undefined)
      throw error
    }
  }

  /**
   * What the worker holds: it may have unloaded an index to make room without being asked since.
   */
  private async heldEpoch(name: string): Promise<number | undefined> {
    if (this.epochOf(name) === undefined) return undefined
    const result = await this.applyTo(name, [], false)
    return result.state === 'ready' ? result.epoch : undefined
  }

  private async applyAll(
    name: string,
    items: AsyncIterable<IndexDelta | IndexPart[]>,
    held: number | undefined,
  ): Promise<number> {
    let epoch = held ?? 0
    let waiting: IndexDelta[] = []
    let restoring = false
    const flush = async () => {
      if (waiting.length === 0) return
      epoch = epochOf(name, await this.applyTo(name, waiting, false))
      waiting = []
    }
    // An index without anything in it is loaded, too.
    if (held === undefined) await this.applyTo(name, [{ epoch }], true)
    for await (const item of items) {
      if (Array.isArray(item)) {
        const result = await this.request(name, { op: 'restore', name, parts: item })
        restoring = result.state === 'restoring'
        if (!restoring) epoch = epochOf(name, result)
        continue
      }
      if (restoring) break
      for (const delta of sliced(item)) {
        waiting.push(delta)
        // Nobody searches during a first load, so that it may go in small steps. A later one is
        // seen at once: a document that was replaced must not be gone for a moment.
        const most = held === undefined ? stepChunks : togetherChunks
        if (waiting.reduce((sum, { add = [] }) => sum + add.length, 0) >= most) await flush()
      }
    }
    if (restoring) throw new PlinthError('INTEGRITY', 'A part of a stored index is missing.')
    await flush()
    return epoch
  }

  /** Whether the index can be searched, after a first load that is under way. */
  private async isReady(name: string): Promise<boolean> {
    const { epochs } = this.threadOf(name)
    if (!epochs.has(name)) await this.loading.get(name)?.catch(() => undefined)
    return epochs.has(name)
  }

  private async applyTo(
    name: string,
    deltas: readonly IndexDelta[],
    create: boolean,
  ): Promise<SearchResult> {
    const packed = deltas.map(packOrRefuse)
    const transfer = packed.map(({ packed: vectors }) => vectors.buffer as ArrayBuffer)
    return this.request(name, { op: 'apply', name, deltas: packed, create }, transfer)
  }

  private async request(
    name: string,
    request: SearchRequest,
    transfer: ArrayBuffer[] = [],
  ): Promise<SearchResult> {
    const thread = this.threadOf(name)
    const result = await this.send(thread, request, transfer)
    if (result.state !== 'ready') thread.epochs.delete(name)
    else if (thread.epochs.has(name)) thread.epochs.set(name, result.epoch)
    return result
  }

  private send(
    thread: Thread,
    request: SearchRequest,
    transfer: ArrayBuffer[] = [],
  ): Promise<SearchResult> {
    if (this.closed) return Promise.reject(unavailable('The server is stopping.'))
    if (thread.pending.size >= maxPending) {
      return Promise.reject(unavailable('Too many searches are waiting.'))
    }
    const worker = thread.worker ?? this.start(thread)
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      thread.pending.set(id, { resolve, reject })
      // A thread keeps the process alive only while it owes something.
      worker.ref()
      worker.postMessage({ id, request }, transfer)
    })
  }

  private start(thread: Thread): Worker {
    const memoryBytes = Math.floor(this.memoryBytes / this.threads.length)
    const worker = new Worker(entry, {
      workerData: { memoryBytes },
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    })
    thread.worker = worker
    worker.on('message', (reply: ReplyEnvelope) => {
      const pending = thread.pending.get(reply.id)
      thread.pending.delete(reply.id)
      if (thread.pending.size === 0) worker.unref()
      if ('result' in reply) pending?.resolve(reply.result)
      else pending?.reject(failed(reply.failure))
    })
    worker.on('error', (error) => this.lost(thread, worker, `A search worker failed: ${error}`))
    worker.on('exit', (code) => this.lost(thread, worker, `A search worker ended (${code}).`))
    worker.unref()
    return worker
  }

  /** Fails what a worker owed and forgets its indexes. */
  private lost(thread: Thread, worker: Worker | undefined, detail: string): void {
    if (thread.worker !== worker) return
    thread.worker = undefined
    thread.epochs.clear()
    const owed = [...thread.pending.values()]
    thread.pending.clear()
    for (const { reject } of owed) reject(unavailable(detail))
  }

  private threadOf(name: string): Thread {
    let hash = 0
    for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) >>> 0
    return this.threads[hash % this.threads.length]!
  }
}

/** The delta in pieces that a worker applies in a few milliseconds each. */
function* sliced(delta: IndexDelta): Generator<IndexDelta> {
  const { add = [], documents, vectors, ...removals } = delta
  if (add.length <= stepChunks) {
    yield delta
    return
  }
  // Only the last piece carries the epoch: what breaks off before it is applied again.
  yield { ...removals, epoch: 0, add: add.slice(0, stepChunks) }
  for (let at = stepChunks; at < add.length; at += stepChunks) {
    yield { epoch: 0, add: add.slice(at, at + stepChunks) }
  }
  yield {
    epoch: delta.epoch,
    ...(documents === undefined ? {} : { documents }),
    ...(vectors === undefined ? {} : { vectors }),
  }
}

function packOrRefuse(delta: IndexDelta): PackedDelta {
  try {
    return packDelta(delta)
  } catch (error) {
    throw new PlinthError('INVALID_INPUT', (error as Error).message)
  }
}

function epochOf(name: string, result: SearchResult): number {
  if (result.state === 'ready') return result.epoch
  throw unavailable(`The index "${name}" was unloaded while it was being loaded.`)
}

function unavailable(detail: string): PlinthError {
  return new PlinthError('UNAVAILABLE', detail)
}

function failed({ kind, message }: { kind: string; message: string }): PlinthError {
  if (kind === 'invalid') return new PlinthError('INVALID_INPUT', message)
  return new PlinthError(kind === 'damaged' ? 'INTEGRITY' : 'INTERNAL', message)
}
