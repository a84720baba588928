import type { Span } from '#kernel'
import type { Chunk } from '../chunk.ts'
import type { IngestHouse } from './house.ts'
import type { MaskedDocument } from './masking.ts'

/** Cuts the stored text by its structure, off the event loop. */
export async function chunk(
  masked: MaskedDocument,
  { title, house, span }: { title: string; house: IngestHouse; span: Span },
): Promise<Chunk[]> {
  const chunks = await house.offload.run('chunk', { document: masked.document, title })
  span.attributes.chunks = chunks.length
  return chunks
}
