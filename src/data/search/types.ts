import type { FilterNode, Metadata } from '../filter-match.ts'

/** What a document is known by: everything that is removed together has one key. */
export type DocumentKey = string | number

/** One chunk as the index takes it in. */
export interface IndexedChunk {
  /** The chunk's number in the database (a safe integer); unique within an index. */
  chunkId: number
  documentKey: DocumentKey
  /** Of the whole document; the last chunk added decides. */
  permissionSet: number
  /** `analyse(...).join(' ')` of context and text. */
  searchText: string
  /** Unit length. May follow later by `IndexDelta.vectors`. */
  vector?: Float32Array
  /** Of the whole document, as `typedMetadata` gives it. */
  metadata?: Metadata
}

/**
 * A change to an index. Applied as a whole, in the order of the fields; applying it twice does no
 * harm.
 */
export interface IndexDelta {
  /** The epoch reached with this delta. */
  epoch: number
  removeDocuments?: readonly DocumentKey[]
  removeChunks?: readonly number[]
  add?: readonly IndexedChunk[]
  /** Permission set or metadata of documents that are there; others are ignored. */
  documents?: readonly { documentKey: DocumentKey; permissionSet?: number; metadata?: Metadata }[]
  /** Vectors of chunks that are there; others are ignored. */
  vectors?: readonly { chunkId: number; vector: Float32Array }[]
}

export interface IndexQuery {
  /** Analysed terms; repeated ones count once. */
  terms: readonly string[]
  /** Unit length. Without it (or without any stored vector) the lexical leg answers alone. */
  vector?: Float32Array
  /** Only documents with one of these sets are found. Empty: nothing is. */
  permissionSets: readonly number[]
  filter?: FilterNode
  /** Candidates of each leg. */
  legK?: number
  /** Share of the dense leg, 0 to 1. */
  denseWeight?: number
  /** Hits wanted. */
  k?: number
}

export interface IndexStats {
  epoch: number
  documents: number
  chunks: number
  vectors: number
  segments: number
  /** Chunks, documents and vectors that changed since the index was made or read from a snapshot. */
  changes: number
  /** Places of documents, removed ones included: they are not given out again. */
  ordinals: number
  /** Memory held, approximately. */
  bytes: number
}

export interface Candidate {
  chunkId: number
  score: number
}
