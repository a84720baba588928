import { createHash } from 'node:crypto'
import { type FusedHit, fuse } from '../fuse.ts'
import { pack, unpack } from './container.ts'
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
  segments: string[]
  vectors: string[]
  dimensions: number
  documents: unknown
}

/** Names of the parts that a manifest needs beside itself. Throws DamagedBytes. */
export function partsNamedBy(manifest: Uint8Array): string[] {
  const { segments, vectors } = unpack(manifest).meta as Manifest
  return [...segments, ...vectors]
}

/**
 * The built-in index of one knowledge base, exact and permission-aware, in memory. It only
 * proposes: the database holds the truth and reads the winners again under the same constraint.
 * Scores are those of one brute-force pass over the live rows, however the rows are laid out.
 */
export class KnowledgeIndex {
  /** The epoch of the last delta applied; 0 before the first. */
  epoch = 0
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
      bytes: bytes + this.documents.bytes + (this.vectors?.bytes ?? 0),
    }
  }

  /**
   * The whole index as parts for an object store, the manifest last. Parts whose names are `known`
   * are there already and left out: a segment never changes, so that a second snapshot is a small
   * one.
   */
  toParts(known: ReadonlySet<string> = new Set()): IndexPart[] {
    const segments = this.lexical.sealed()
    const vectors = (this.vectors?.toParts() ?? []).map((bytes) => named('vectors', bytes))
    for (const segment of segments) segment.name ??= named('segment', segment.toBytes()).name
    const manifest: Manifest = {
      kind: 'manifest',
      epoch: this.epoch,
      segments: segments.map(({ name }) => name!),
      vectors: vectors.map(({ name }) => name),
      dimensions: this.vectors?.dimensions ?? 0,
      documents: this.documents.toJson(),
    }
    const live = Object.fromEntries(segments.map((segment, i) => [`live-${i}`, segment.live]))
    return [
      ...segments
        .filter(({ name }) => !known.has(name!))
        .map((segment) => ({ name: segment.name!, bytes: segment.toBytes() })),
      ...vectors.filter(({ name }) => !known.has(name)),
      { name: 'manifest', bytes: pack(manifest, live) },
    ]
  }

  /** An index from its parts. Throws DamagedBytes when a part is missing, cut or changed. */
  static fromParts(parts: readonly IndexPart[], layout: Layout = defaultLayout): KnowledgeIndex {
    const byName = new Map(parts.map(({ name, bytes }) => [name, bytes]))
    const part = (name: string) => byName.get(name) ?? new Uint8Array(0)
    const { meta, sections } = unpack(part('manifest'))
    const manifest = meta as Manifest
    const index = new KnowledgeIndex(layout)
    const segments = manifest.segments.map((name, i) => {
      const segment = Segment.fromBytes(part(name), sections[`live-${i}`] as Uint8Array)
      segment.name = name
      return segment
    })
    index.lexical = new LexicalIndex(layout, segments)
    index.documents = DocumentTable.fromJson(manifest.documents)
    for (const name of manifest.vectors) index.vectorsFor(manifest.dimensions).addPart(part(name))
    index.epoch = manifest.epoch
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

function named(kind: string, bytes: Uint8Array): IndexPart {
  return { name: `${kind}-${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`, bytes }
}
