import type { Paging, StoredError } from './basics.ts'

export type MetadataValue = string | number | boolean

export interface KnowledgeBase {
  name: string
  project: string
  description: string
  maskingMode: 'off' | 'label' | 'mask'
  documents: { ready: number; pending: number; failed: number }
  chunks: number
  sources: number
  /** `off` says why there is no dense leg. */
  dense: { embedder: string | null; embedded: number; off: string | null }
  denseWeight: number
  updatedAt: string | null
}

export interface Source {
  name: string
  knowledgeBase: string
  kind: 'folder' | 'upload'
  path: string | null
  watch: boolean
  documents: number
  failed: number
  /** The newest sync of this source, if any. */
  job: Job | null
}

export type DocumentState = 'pending' | 'ready' | 'failed'

export interface Document {
  id: string
  knowledgeBase: string
  source: string
  externalId: string
  title: string
  state: DocumentState
  error: StoredError | null
  readers: string[]
  metadata: Record<string, unknown>
  versionId: string | null
  versionNumber: number | null
  mediaType: string | null
  bytes: number | null
  language: string | null
  pageCount: number | null
  chunkCount: number
  warnings: string[]
  /** Personal data found, by kind. */
  findings: Record<string, number>
  updatedAt: string
}

export type BlockKind =
  | 'heading'
  | 'paragraph'
  | 'list-item'
  | 'table-header'
  | 'table-row'
  | 'code'
  | 'quote'

export interface TextBlock {
  kind: BlockKind
  start: number
  end: number
  level?: number
  page?: number
  table?: number
}

export interface TextPage {
  number: number
  start: number
  end: number
  label?: string
  width?: number
  height?: number
}

/** A line of a PDF page, in points from the page's top left. */
export interface TextBox {
  page: number
  start: number
  end: number
  x: number
  y: number
  width: number
  height: number
}

export interface DocumentText {
  documentId: string
  versionId: string
  title: string
  mediaType: string
  /** The stored (masked) text. */
  text: string
  blocks: TextBlock[]
  pages: TextPage[]
  boxes: TextBox[]
  /** Whether the caller may open the original bytes. */
  originalAvailable: boolean
}

export interface DocumentVersion {
  id: string
  number: number
  createdAt: string
  contentDigest: string
}

export interface Chunk {
  id: number
  ordinal: number
  start: number
  end: number
  page: number | null
  kind: string
  headingPath: string[]
  context: string
  text: string
  tokens: number
  embedded: boolean
}

export interface SearchRequest {
  query: string
  knowledgeBases: string[]
  filter?: Record<string, unknown> | undefined
  topK?: number
  denseWeight?: number | undefined
}

export interface SearchHit {
  chunkId: number
  documentId: string
  versionId: string
  knowledgeBase: string
  title: string
  externalId: string
  headingPath: string[]
  text: string
  start: number
  end: number
  page: number | null
  /** Fused, 0 to 1. */
  score: number
  lexical: { score: number; rank: number } | null
  dense: { score: number; rank: number } | null
}

export interface SearchResponse {
  hits: SearchHit[]
  terms: string[]
  dense: { embedder: string | null; off: string | null }
  tookMs: { analyse: number; embed: number; search: number; read: number }
  traceId: string
}

export type JobState = 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled'

export interface Job {
  id: string
  kind: string
  state: JobState
  target: string
  progress: {
    filesDone?: number
    filesTotal?: number
    filesFailed?: number
    filesUnchanged?: number
    pages?: number
    chunks?: number
    current?: string
    filesPerSecond?: number
    secondsLeft?: number | null
  }
  error: StoredError | null
  cancelRequested: boolean
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
}

export interface DocumentQuery extends Paging {
  knowledgeBase?: string | undefined
  source?: string | undefined
  state?: DocumentState | undefined
  search?: string | undefined
}

export interface JobQuery extends Paging {
  state?: JobState | undefined
  kind?: string | undefined
}

export interface TextDocument {
  source: string
  externalId: string
  title?: string
  text: string
  mediaType?: 'text/plain' | 'text/markdown' | 'text/html' | 'text/csv'
  readers?: string[]
  metadata?: Record<string, MetadataValue>
}

export interface UploadStart {
  source: string
  name: string
  size: number
  /** `sha256:…` of the whole file: unchanged content costs nothing. */
  digest?: string
  readers?: string[]
  metadata?: Record<string, MetadataValue>
}

export interface Upload {
  id: string
  name: string
  size: number
  /** Bytes that are safe on the server: send from here. */
  received: number
  state: 'receiving' | 'received' | 'unchanged'
  jobId: string | null
}

export interface Unmasked {
  values: Record<string, string>
  auditSeq: number
}
