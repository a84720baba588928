import { createHash } from 'node:crypto'
import { type FusedHit, fuse } from '../fuse.ts'
import { DamagedBytes, pack, unpack } from './container.ts'
import { DocumentTable } from './documents.ts'
import { defaultLayout, type Layout, LexicalIndex } from './lexical.ts'
import { Segment } from './segment.ts'
import type { IndexDelta, IndexedChunk, IndexQuery, IndexStats } from './types.ts'
import { VectorStore } from './vectors.ts'

const legKDefault = 100
const denseWeightDefault = 0.5
const kDefault = 10

/** A piece of a snapshot: checksummed, and named by its content but for the `manifest`. */
export interface IndexPart {
  name: string
  bytes: Uint8Array
}

interface Manifest {
  kind: 'manifest'
  epoch: number
  cleanEpoch: number
  segments: string[]
  vectors: string[]
  dimensions: number
  documents: unknown
}

/** What a manifest says of itself, and the parts it needs, in order. Throws DamagedBytes. */
export function readManifest(bytes: Uint8Array): {
  epoch: number
  cleanEpoch: number
  parts: string[]
} {
  const { epoch, cleanEpoch, segments, vectors } = unpack(bytes).meta as Manifest
  return { epoch, cleanEpoch, parts: [...segments, ...vectors] }
}

/**
 * The built-in index of one knowledge base, exact and permission-aware, in memory. It only
 * proposes: the database holds the truth and reads the winners again under the same constraint.
 * Scores are those of one brute-force pass over the live rows, however the rows are laid out.
 */
export class KnowledgeIndex {
  /** The epoch of the last delta applied; 0 before the first. */
  epoch = 0
  /** Chunks, documents and vectors that deltas touched since this index was made or read. */
  changes = 0
  /** What was removed up to this epoch stands in no segment any more. */
  private cleanEpoch = 0
  private purgedFrom = 0
  private documents = new DocumentTable()
  private lexical: LexicalIndex
  private vectors: VectorStore | undefined

  constructor(layout: Layout = defaultLayout) {
    this.lexical = new LexicalIndex(layout)
  }

  /** Makes a change visible to the next search. Throws RangeError on a vector of another length. */
  apply(delta: IndexDelta): void {
    this.checkVectors(delta)
    this.removeDocuments(delta)
    for (const chunkId of delta.removeChunks ?? []) this.removeChunk(chunkId)
    for (const chunk of delta.add ?? []) this.addChunk(chunk)
    for (const { documentKey, permissionSet, metadata } of delta.documents ?? []) {
      const ordinal = this.documents.ordinalOf(documentKey)
      if (ordinal === undefined) continue
      if (permissionSet !== undefined) this.documents.setPermission(ordinal, permissionSet)
      if (metadata !== undefined) this.documents.setMetadata(ordinal, metadata)
    }
    for (const { chunkId, vector } of delta.vectors ?? []) {
      const ordinal = this.lexical.documentOf(chunkId)
      if (ordinal >= 0) this.vectorsFor(vector.length).set(chunkId, ordinal, vector)
    }
    this.epoch = Math.max(this.epoch, delta.epoch)
    for (const list of [delta.removeDocuments, delta.removeChunks, delta.add]) {
      this.changes += list?.length ?? 0
    }
    this.changes += (delta.documents?.length ?? 0) + (delta.vectors?.length ?? 0)
  }

  /** Both legs under one constraint, fused. Best first, at most `k`. */
  search(query: IndexQuery): FusedHit[] {
    const { legK = legKDefault, denseWeight = denseWeightDefault, k = kDefault } = query
    const allowed = this.documents.allowed(query.permissionSets, query.filter)
    const lexical = this.lexical.search(query.terms, allowed, legK)
    const dense =
      query.vector === undefined ? undefined : this.vectors?.search(query.vector, allowed, legK)
    return fuse(lexical, dense, denseWeight).slice(0, k)
  }

  /** Does about a millisecond of merging; false when nothing is left to do. */
  maintain(): boolean {
    return this.lexical.maintain()
  }

  get stats(): IndexStats {
    const { chunks, segments, bytes } = this.lexical.stats
    return {
      epoch: this.epoch,
      documents: this.documents.size,
      chunks,
      vectors: this.vectors?.size ?? 0,
      segments,
      changes: this.changes,
      ordinals: this.documents.ordinalCount,
      bytes: bytes + this.documents.bytes + (this.vectors?.bytes ?? 0),
    }
  }

  /** Whether `maintain` has something to do. */
  get isMerging(): boolean {
    return this.lexical.isMerging
  }

  /** Has `maintain` rewrite every segment that holds a removed row, however few they are. */
  purge(): void {
    this.lexical.purge()
    this.purgedFrom = this.epoch
  }

  /**
   * The whole index as parts for an object store, the manifest last. Parts whose names are `known`
   * are there already and left out: a segment never changes, so that a second snapshot is a small
   * one. Beyond `mostBytes` the rest is left out, the manifest with it: ask again with the parts got.
   */
  toParts(
    known: ReadonlySet<string> = new Set(),
    mostBytes = Number.POSITIVE_INFINITY,
  ): IndexPart[] {
    const segments = this.lexical.sealed()
    const parts: IndexPart[] = []
    let bytes = 0
    const names = { segment: [] as string[], vectors: [] as string[] }
    const take = (kind: 'segment' | 'vectors', piece: NamedPiece): boolean => {
      if (piece.name === undefined || !known.has(piece.name)) {
        const part = named(kind, piece.toBytes())
        piece.name = part.name
        if (!known.has(part.name)) {
          parts.push(part)
          bytes += part.bytes.byteLength
        }
      }
      names[kind].push(piece.name)
      return bytes < mostBytes
    }
    for (const segment of segments) if (!take('segment', segment)) return parts
    for (const piece of this.vectors?.pieces() ?? []) if (!take('vectors', piece)) return parts
    if (this.lexical.isClean) this.cleanEpoch = this.epoch
    else if (!this.lexical.isMerging) this.cleanEpoch = Math.max(this.cleanEpoch, this.purgedFrom)
    const manifest: Manifest = {
      kind: 'manifest',
      epoch: this.epoch,
      cleanEpoch: this.cleanEpoch,
      segments: names.segment,
      vectors: names.vectors,
      dimensions: this.vectors?.dimensions ?? 0,
      documents: this.documents.toJson(),
    }
    const live = Object.fromEntries(segments.map((segment, i) => [`live-${i}`, segment.live]))
    parts.push({ name: 'manifest', bytes: pack(manifest, live) })
    return parts
  }

  /** An index from its parts. Throws DamagedBytes when a part is missing, cut or changed. */
  static fromParts(parts: readonly IndexPart[], layout: Layout = defaultLayout): KnowledgeIndex {
    const restoring = new Restoring(layout)
    const index = restoring.add(parts)
    if (index === undefined) throw new DamagedBytes('A part of an index is missing.')
    return index
  }

  /** @internal What `Restoring` has put together. */
  static assembled(
    layout: Layout,
    {
      manifest,
      ...given
    }: { manifest: Manifest; lexical: LexicalIndex; vectors: VectorStore | undefined },
  ): KnowledgeIndex {
    const index = new KnowledgeIndex(layout)
    index.lexical = given.lexical
    index.vectors = given.vectors
    index.documents = DocumentTable.fromJson(manifest.documents)
    index.epoch = manifest.epoch
    index.cleanEpoch = manifest.cleanEpoch
    return index
  }

  private removeDocuments(delta: IndexDelta): void {
    let removed = false
    for (const key of delta.removeDocuments ?? []) {
      if (this.documents.remove(key)) removed = true
    }
    if (!removed) return
    this.lexical.removeDead(this.documents.alive)
    this.vectors?.removeDead(this.documents.alive)
  }

  private removeChunk(chunkId: number): void {
    this.lexical.removeChunk(chunkId)
    this.vectors?.remove(chunkId)
  }

  private addChunk(chunk: IndexedChunk): void {
    this.removeChunk(chunk.chunkId)
    const ordinal = this.documents.ensure(chunk.documentKey)
    this.documents.setPermission(ordinal, chunk.permissionSet)
    if (chunk.metadata !== undefined) this.documents.setMetadata(ordinal, chunk.metadata)
    this.lexical.add(chunk.chunkId, ordinal, chunk.searchText)
    if (chunk.vector !== undefined) {
      this.vectorsFor(chunk.vector.length).set(chunk.chunkId, ordinal, chunk.vector)
    }
  }

  /** Before anything is changed: a delta is applied whole or not at all. */
  private checkVectors(delta: IndexDelta): void {
    let dimensions = this.vectors?.dimensions
    for (const { chunkId, vector } of [...(delta.add ?? []), ...(delta.vectors ?? [])]) {
      if (vector === undefined) continue
      dimensions ??= vector.length
      if (vector.length !== dimensions || !vector.every(Number.isFinite)) {
        throw new RangeError(`The vector of chunk ${chunkId} is not ${dimensions} finite numbers.`)
      }
    }
  }

  private vectorsFor(dimensions: number): VectorStore {
    this.vectors ??= new VectorStore(dimensions)
    return this.vectors
  }
}

interface NamedPiece {
  name: string | undefined
  toBytes(): Uint8Array
}

/** Puts an index together from parts that come a few at a time: the manifest among the first, the others in its order. */
export class Restoring {
  private readonly layout: Layout
  private manifest: Manifest | undefined
  private live: Record<string, unknown> = {}
  private readonly segments: Segment[] = []
  private vectors: VectorStore | undefined
  private vectorParts = 0

  constructor(layout: Layout = defaultLayout) {
    this.layout = layout
  }

  /** The index, with its last part. Throws DamagedBytes where a part is missing, cut, changed or another one. */
  add(parts: readonly IndexPart[]): KnowledgeIndex | undefined {
    if (this.manifest === undefined) this.begin(parts.find(({ name }) => name === 'manifest'))
    const manifest = this.manifest!
    for (const { name, bytes } of parts) {
      if (name === 'manifest') continue
      const wanted = [...manifest.segments, ...manifest.vectors]
      if (wanted[this.segments.length + this.vectorParts] !== name) {
        throw new DamagedBytes('A part of an index is missing, or not in its place.')
      }
      const kind = this.segments.length < manifest.segments.length ? 'segment' : 'vectors'
      if (named(kind, bytes).name !== name) {
        throw new DamagedBytes('A part of an index has other bytes than its name says.')
      }
      if (kind === 'segment') this.addSegment(name, bytes)
      else this.addVectors(name, bytes)
    }
    const { segments, vectors } = manifest
    if (this.segments.length < segments.length || this.vectorParts < vectors.length)
      return undefined
    const lexical = new LexicalIndex(this.layout, this.segments)
    return KnowledgeIndex.assembled(this.layout, { manifest, lexical, vectors: this.vectors })
  }

  private begin(manifest: IndexPart | undefined): void {
    const { meta, sections } = unpack(manifest?.bytes ?? new Uint8Array(0))
    this.manifest = meta as Manifest
    this.live = sections
  }

  private addSegment(name: string, bytes: Uint8Array): void {
    const live = this.live[`live-${this.segments.length}`] as Uint8Array
    const segment = Segment.fromBytes(bytes, live)
    segment.name = name
    this.segments.push(segment)
  }

  private addVectors(name: string, bytes: Uint8Array): void {
    this.vectors ??= new VectorStore(this.manifest!.dimensions)
    this.vectors.addPart(bytes, name)
    this.vectorParts++
  }
}

function named(kind: string, bytes: Uint8Array): IndexPart {
  return { name: `${kind}-${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`, bytes }
}
