import { digestOf, type Resource } from '#kernel'
import type { Embedder } from '#ports'
import { typedMetadata } from '../filter.ts'
import type { Metadata } from '../filter-match.ts'
import { modelKey } from '../ingest/embedding.ts'

/** How an index lies in its parts. A stored one of another version is built anew from the rows. */
const indexFormat = 1

/** A knowledge base as one model's index holds it. */
export interface IndexedBase {
  organizationId: string
  knowledgeBase: string
  /** Stored name of the vectors' model, or undefined for a lexical index. */
  model: string | undefined
  /** What a stored index must have been made by to be read: layout, and types of the metadata. */
  format: string
  /** How metadata enters the index. */
  metadata(stored: Record<string, unknown>): Metadata
}

/** A knowledge base's index under the embedder that is used now. */
export function indexedBase(
  organizationId: string,
  base: Resource<'KnowledgeBase'>,
  embedder: Embedder | undefined,
): IndexedBase {
  const { metadata } = base.spec
  return {
    organizationId,
    knowledgeBase: base.name,
    model: embedder ? modelKey(embedder) : undefined,
    format: `${indexFormat}.${digestOf(metadata ?? null).slice(7, 15)}`,
    metadata: (stored) => typedMetadata(stored, metadata),
  }
}

/** What the search workers know the index by. */
export function indexName(base: {
  organizationId: string
  knowledgeBase: string
  model: string | undefined
}): string {
  return `${base.organizationId}/${base.knowledgeBase}/${base.model ?? 'lexical'}`
}
