import type { Resource } from '#kernel'
import type { ParsedDocument } from '#ports'
import type { Chunk } from '../chunk.ts'
import type { IngestHouse } from './house.ts'
import type { MaskedDocument } from './masking.ts'
import type { IngestAccess } from './permitting.ts'

export interface EnrichedChunk extends Chunk {
  text: string
  /** Analysed terms of context and text, joined by blanks: what the lexical index reads. */
  searchText: string
}

export interface EnrichedDocument {
  title: string
  /** ISO 639-1. */
  language: string
  /** Typed as the knowledge base declares; other fields are left out. */
  metadata: Record<string, string | number | boolean>
  chunks: EnrichedChunk[]
}

/** Adds title, language, typed metadata and search terms. */
export async function enrich(
  masked: MaskedDocument,
  chunks: readonly Chunk[],
  { access, house }: { access: IngestAccess; house: IngestHouse },
): Promise<EnrichedDocument> {
  const title = titleOf(masked.document, access.document)
  const analysed = await house.offload.run('analyse', {
    text: masked.document.text,
    chunks,
  })
  const metadata = typedMetadata(masked.document, access)
  return { title, language: analysed.language, metadata, chunks: analysed.chunks }
}

/** The title that was given with it, else the document's own, else its file name. */
export function titleOf(
  document: ParsedDocument,
  row: { externalId: string; metadata: Record<string, unknown> },
): string {
  const { externalId, metadata } = row
  const given = typeof metadata.title === 'string' ? metadata.title : undefined
  const title = (given ?? document.title)?.replace(/\s+/g, ' ').trim()
  return (title || externalId.slice(externalId.lastIndexOf('/') + 1)).slice(0, 500)
}

/** What the row holds already (set at upload) wins over the source's values, and those over the file's own. */
function typedMetadata(
  document: ParsedDocument,
  { base, source, document: row }: IngestAccess,
): Record<string, string | number | boolean> {
  const found: Record<string, unknown> = {
    ...document.metadata,
    ...source.spec.metadata,
    ...row.metadata,
  }
  const typed: Record<string, string | number | boolean> = {}
  for (const [field, type] of Object.entries(base.spec.metadata)) {
    const value = coerce(found[field], type)
    if (value !== undefined) typed[field] = value
  }
  return typed
}

type FieldType = Resource<'KnowledgeBase'>['spec']['metadata'][string]

/** The value in the declared type, or undefined where it cannot be read as one. Dates become ISO 8601 in UTC. */
function coerce(value: unknown, type: FieldType): string | number | boolean | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (type === 'string') return String(value).slice(0, 1_000)
  if (type === 'number') {
    const n = typeof value === 'number' ? value : Number(value)
    return Number.isFinite(n) ? n : undefined
  }
  if (type === 'boolean')
    return value === true || value === 'true'
      ? true
      : value === false || value === 'false'
        ? false
        : undefined
  const date = new Date(value as string)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}
