import type { AuditActor, Sealer } from '#governance'
import type { Clock, Resource } from '#kernel'
import type { DocumentSource, Embedder, ObjectStore } from '#ports'
import type { Store } from '#store'
import type { Offload } from '../offload/offload.ts'
import type { ParserPool } from '../parser-pool.ts'

/** Everything ingestion needs from outside, built by `src/wiring`. */
export interface IngestHouse {
  store: Store
  objects: ObjectStore
  clock: Clock
  sealer: Sealer
  parser: ParserPool
  /** Worker threads for masking, chunking and analysis: none of it runs on the event loop. */
  offload: Offload
  /** The current Source and KnowledgeBase, or undefined where one was deleted. */
  source(organizationId: string, name: string): Promise<SourceWithBase | undefined>
  openSource(source: Resource<'Source'>): DocumentSource
  /** The embedder a knowledge base asks for, if this server has it. */
  embedder(base: Resource<'KnowledgeBase'>): Embedder | undefined
  /** Whether the actor may still write documents at the time of the work, not only when it was asked for. */
  mayWrite(organizationId: string, actor: AuditActor): Promise<boolean>
}

export interface SourceWithBase {
  source: Resource<'Source'>
  base: Resource<'KnowledgeBase'>
}

/** One document to read: a row that exists already. */
export interface IngestItem {
  organizationId: string
  documentId: string
  actor: AuditActor
  signal: AbortSignal
  /** Change mark at the time of the scan. */
  changeMark?: string | null
  /** Object that holds the content, for uploads; a folder's files are read from the folder. */
  originalKey?: string
  /** Read again even where content and settings are the same. */
  force?: boolean
  jobId?: string
  /** Pages read so far, for progress. */
  onPages?: (done: number, total: number) => void
}

export interface Ingested {
  organizationId: string
  documentId: string
  outcome: 'indexed' | 'unchanged' | 'failed'
  versionId: string | null
  pages: number
  chunks: number
  auditSeq: number | null
}
