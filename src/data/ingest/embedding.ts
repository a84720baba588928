import type { Span } from '#kernel'
import type { Embedder } from '#ports'
import type { EnrichedChunk, EnrichedDocument } from './enriching.ts'
import type { IngestHouse } from './house.ts'
import type { IngestAccess } from './permitting.ts'

export interface Vectors {
  /** Name and digest of the model: vectors of different files are never mixed. */
  model: string
  /** One unit-length vector per chunk, in order. */
  vectors: Float32Array[]
}

const batch = 16

/** Name under which an embedder's vectors are stored. */
export function modelKey(embedder: Embedder): string {
  return `${embedder.id}@${embedder.digest.replace('sha256:', '').slice(0, 12)}`
}

/** What is embedded: the context (title, headings, table header), then the text. */
export function embeddingText(chunk: Pick<EnrichedChunk, 'context' | 'text'>): string {
  return chunk.context ? `${chunk.context}\n${chunk.text}` : chunk.text
}

/** Vectors for all chunks, or undefined where the dense leg is off. */
export async function embed(
  enriched: EnrichedDocument,
  access: IngestAccess,
  { house, span }: { house: IngestHouse; span: Span },
): Promise<Vectors | undefined> {
  const embedder = house.embedder(access.base)
  span.attributes.model = embedder?.id ?? 'off'
  if (!embedder) return undefined
  const vectors: Float32Array[] = []
  for (let i = 0; i < enriched.chunks.length; i += batch) {
    access.item.signal.throwIfAborted()
    const texts = enriched.chunks.slice(i, i + batch).map(embeddingText)
    vectors.push(...(await embedder.embedPassages(texts, access.item.signal)))
  }
  return { model: modelKey(embedder), vectors }
}
