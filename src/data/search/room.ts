import { DamagedBytes } from './container.ts'
import { type IndexPart, KnowledgeIndex, Restoring } from './knowledge-index.ts'
import {
  type ReplyEnvelope,
  type SearchRequest,
  type SearchResult,
  unpackDelta,
} from './protocol.ts'

interface Answer {
  reply: ReplyEnvelope
  transfer: ArrayBuffer[]
}

/** What lives inside one search worker: its indexes, least recently used first, within a budget. */
export class SearchRoom {
  private readonly indexes = new Map<string, KnowledgeIndex>()
  private readonly restoring = new Map<string, Restoring>()
  private readonly memoryBytes: number

  constructor({ memoryBytes }: { memoryBytes: number }) {
    this.memoryBytes = memoryBytes
  }

  /** Never throws. */
  answer(id: number, request: SearchRequest): Answer {
    try {
      const result = this.handle(request)
      const parts = 'parts' in result ? result.parts : []
      const transfer = parts.map(({ bytes }) => bytes.buffer as ArrayBuffer)
      return { reply: { id, result }, transfer }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const kind =
        error instanceof RangeError
          ? 'invalid'
          : error instanceof DamagedBytes
            ? 'damaged'
            : 'fault'
      return { reply: { id, failure: { kind, message } }, transfer: [] }
    }
  }

  /** Some merging in one of the indexes; false when none needs it. */
  maintain(): boolean {
    for (const index of this.indexes.values()) if (index.maintain()) return true
    return false
  }

  private handle(request: SearchRequest): SearchResult {
    if (request.op === 'stats') return this.stats()
    if (request.op === 'unload') {
      this.indexes.delete(request.name)
      this.restoring.delete(request.name)
      return { state: 'unloaded' }
    }
    if (request.op === 'restore') return this.restore(request.name, request.parts)
    const index = this.use(request.name, request.op === 'apply' && request.create)
    if (index === undefined) return { state: 'unloaded' }
    if (request.op === 'snapshot') {
      const { known, mostBytes, purge } = request.wanted
      if (purge) index.purge()
      // What is about to be merged would be written in vain.
      const parts = index.isMerging ? [] : index.toParts(known, mostBytes)
      return { state: 'ready', epoch: index.epoch, parts, stats: index.stats }
    }
    if (request.op === 'apply') {
      for (const delta of request.deltas) index.apply(unpackDelta(delta))
      this.makeRoom(request.name)
      return { state: 'ready', epoch: index.epoch }
    }
    const started = performance.now()
    const hits = index.search(request.query)
    return { state: 'ready', epoch: index.epoch, hits, searchMs: performance.now() - started }
  }

  private restore(name: string, parts: readonly IndexPart[]): SearchResult {
    const restoring = this.restoring.get(name) ?? new Restoring()
    this.restoring.set(name, restoring)
    const index = restoring.add(parts)
    if (index === undefined) return { state: 'restoring' }
    this.restoring.delete(name)
    this.indexes.set(name, index)
    this.makeRoom(name)
    return { state: 'ready', epoch: index.epoch }
  }

  private use(name: string, create: boolean): KnowledgeIndex | undefined {
    const index = this.indexes.get(name) ?? (create ? new KnowledgeIndex() : undefined)
    if (index === undefined) return undefined
    this.indexes.delete(name)
    this.indexes.set(name, index)
    return index
  }

  /** Unloads what was used longest ago, never the one in use. */
  private makeRoom(keep: string): void {
    let bytes = this.bytes()
    for (const [name, index] of this.indexes) {
      if (bytes <= this.memoryBytes) return
      if (name === keep) continue
      bytes -= index.stats.bytes
      this.indexes.delete(name)
    }
  }

  private bytes(): number {
    let sum = 0
    for (const index of this.indexes.values()) sum += index.stats.bytes
    return sum
  }

  private stats(): SearchResult {
    const indexes = Object.fromEntries(
      [...this.indexes].map(([name, index]) => [name, index.stats]),
    )
    return { state: 'stats', indexes, bytes: this.bytes() }
  }
}
