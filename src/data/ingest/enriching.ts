import type { Resource } from '#kernel'
import type { ParsedDocument } from '#ports'
import type { Chunk } from '../chunk.ts'
import type { IngestHouse } from './house.ts'
import type { MaskedDocument } from './masking.ts'
import type { IngestAccess } from './permitting.ts'

const titleChars = 500

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
  const analysed = await house.offload.run('analyse', {
    text: masked.document.text,
    chunks,
  })
  const metadata = typedMetadata(masked.document, access)
  const title = titleOf(masked)
  return { title, language: analysed.language, metadata, chunks: analysed.chunks }
}

/** Masking may have made it longer. */
export function titleOf({ document }: MaskedDocument): string {
  return (document.title ?? '').slice(0, titleChars)
}

/**
 * What was read, with the title and metadata that it goes by: what was given with it wins over what its source says, and
 * that over its own. To be masked as a whole: a file's name may hold personal data too.
 */
export function withGiven(
  parsed: ParsedDocument,
  { source, document }: Pick<IngestAccess, 'source' | 'document'>,
): ParsedDocument {
  const { given, externalId } = document
  const wanted = typeof given.title === 'string' ? given.title : parsed.title
  const title = wanted?.replace(/\s+/g, ' ').trim()
  const name = externalId.slice(externalId.lastIndexOf('/') + 1)
  const metadata = { ...parsed.metadata, ...source.spec.metadata, ...given }
  return {
    ...parsed,
    title: (title || name).slice(0, titleChars),
    metadata: metadata as ParsedDocument['metadata'],
  }
}

function typedMetadata(
  { metadata }: ParsedDocument,
  { base }: IngestAccess,
): Record<string, string | number | boolean> {
  const typed: Record<string, string | number | boolean> = {}
  for (const [field, type] of Object.entries(base.spec.metadata)) {
    const value = coerce(metadata[field], type)
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
