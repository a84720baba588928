import type { FusedHit } from '../fuse.ts'
import type { IndexPart } from './knowledge-index.ts'
import type { IndexDelta, IndexQuery, IndexStats } from './types.ts'

export interface SnapshotRequest {
  /** Parts that are there already. */
  known: ReadonlySet<string>
  /** Parts given at once; what is left out is asked for again. */
  mostBytes: number
  /** Rewrite whatever still holds removed rows first. */
  purge: boolean
}

/** What the main thread asks of a search worker; each request is answered by one reply. */
export type SearchRequest =
  | { op: 'apply'; name: string; deltas: PackedDelta[]; create: boolean }
  | { op: 'search'; name: string; query: IndexQuery }
  | { op: 'restore'; name: string; parts: IndexPart[] }
  | { op: 'snapshot'; name: string; wanted: SnapshotRequest }
  | { op: 'unload'; name: string }
  | { op: 'stats' }

export type SearchResult =
  | { state: 'ready'; epoch: number }
  | { state: 'ready'; epoch: number; hits: FusedHit[]; searchMs: number }
  | { state: 'ready'; epoch: number; parts: IndexPart[]; stats: IndexStats }
  | { state: 'restoring' }
  | { state: 'unloaded' }
  | { state: 'stats'; indexes: Record<string, IndexStats>; bytes: number }

export interface RequestEnvelope {
  id: number
  request: SearchRequest
}

export type ReplyEnvelope =
  | { id: number; result: SearchResult }
  | { id: number; failure: { kind: 'invalid' | 'damaged' | 'fault'; message: string } }

/** A delta whose vectors lie in one array, which changes threads without a copy. */
export interface PackedDelta {
  delta: IndexDelta
  /** Vectors of `add` (by `addVectors`), then those of `vectors`. */
  packed: Float32Array
  dimensions: number
  /** Positions in `add` that have a vector. */
  addVectors: number[]
  /** Chunks of `vectors`. */
  vectorChunks: number[]
}

/** A copy of the delta for another thread. Throws RangeError where vectors differ in length. */
export function packDelta(delta: IndexDelta): PackedDelta {
  const { add = [], vectors = [], ...rest } = delta
  const addVectors = add.flatMap((chunk, i) => (chunk.vector === undefined ? [] : [i]))
  const all = [...addVectors.map((i) => add[i]!.vector!), ...vectors.map(({ vector }) => vector)]
  const dimensions = all[0]?.length ?? 0
  const packed = new Float32Array(all.length * dimensions)
  all.forEach((vector, i) => {
    if (vector.length !== dimensions) throw new RangeError('Vectors of a delta differ in length.')
    packed.set(vector, i * dimensions)
  })
  const plain = add.map(({ vector: _, ...chunk }) => chunk)
  const vectorChunks = vectors.map(({ chunkId }) => chunkId)
  return { delta: { ...rest, add: plain }, packed, dimensions, addVectors, vectorChunks }
}

/** The delta again, its vectors views into the packed array. */
export function unpackDelta(packed: PackedDelta): IndexDelta {
  const { delta, addVectors, vectorChunks, dimensions } = packed
  const view = (i: number) => packed.packed.subarray(i * dimensions, (i + 1) * dimensions)
  const add = (delta.add ?? []).map((chunk) => ({ ...chunk }))
  addVectors.forEach((position, i) => {
    add[position]!.vector = view(i)
  })
  const vectors = vectorChunks.map((chunkId, i) => ({
    chunkId,
    vector: view(addVectors.length + i),
  }))
  return { ...delta, add, vectors }
}
