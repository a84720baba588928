import { PlinthError } from '#kernel'
import { type DocumentRow, documentById } from '../documents/rows.ts'
import type { IngestHouse, IngestItem, SourceWithBase } from './house.ts'

/** What ingestion was allowed to do: read this document of this source into this knowledge base. */
export interface IngestAccess extends SourceWithBase {
  item: IngestItem
  document: DocumentRow
}

/** Checks, at the time of the work, that document, source and base are there and that the actor may write. */
export async function authorize(
  item: IngestItem,
  house: IngestHouse,
): Promise<IngestAccess | { denied: PlinthError }> {
  const { organizationId, documentId } = item
  const document = await house.store.read(organizationId, (tx) => documentById(tx, documentId))
  if (!document) return { denied: new PlinthError('NOT_FOUND', 'The document was removed.') }
  const found = await house.source(organizationId, document.source)
  if (!found || found.base.name !== document.knowledgeBase) {
    return { denied: new PlinthError('NOT_FOUND', `The source ${document.source} was removed.`) }
  }
  if (!(await house.mayWrite(organizationId, item.actor))) {
    const detail = `${item.actor.id} may not write documents any more (documents.write).`
    return { denied: new PlinthError('FORBIDDEN', detail) }
  }
  return { item, document, ...found }
}
