import type { ParsedDocument } from '#ports'
import { detect } from './detect.ts'
import type { DetectOptions, Finding } from './finding.ts'
import { mapOffset, mask, type Replacement } from './mask.ts'
import type { PlaceholderScope } from './placeholder.ts'

/** Findings in a document's text, in its title and in its metadata values (by field). */
export interface DocumentFindings {
  text: readonly Finding[]
  title: readonly Finding[]
  metadata: Readonly<Record<string, readonly Finding[]>>
}

export interface MaskedDocument {
  document: ParsedDocument
  /** Of the text; what was replaced in title and metadata is in the scope. */
  replacements: Replacement[]
}

/**
 * Personal data in a parsed document, title and metadata included: an e-mail's `from` is personal
 * data too.
 */
export async function detectInDocument(
  document: ParsedDocument,
  options: DetectOptions = {},
): Promise<DocumentFindings> {
  const metadata: Record<string, readonly Finding[]> = {}
  for (const [field, value] of Object.entries(document.metadata)) {
    if (typeof value === 'string') metadata[field] = await detect(value, options)
  }
  return {
    text: await detect(document.text, options),
    title: document.title === undefined ? [] : await detect(document.title, options),
    metadata,
  }
}

/**
 * The document with its findings replaced and every span moved to the masked text. Spans keep their order and cover
 * all text; a block or box that lay wholly inside one replaced value disappears.
 */
export function maskDocument(
  document: ParsedDocument,
  findings: DocumentFindings,
  scope: PlaceholderScope,
): MaskedDocument {
  const { text, replacements } = mask(document.text, findings.text, scope.mint)
  const title =
    document.title === undefined ? undefined : mask(document.title, findings.title, scope.mint).text
  const move = <T extends { start: number; end: number }>(span: T): T => moved(span, replacements)
  const masked: ParsedDocument = {
    ...document,
    text,
    blocks: document.blocks.map(move).filter((block) => block.end > block.start),
    metadata: maskMetadata(document.metadata, findings.metadata, scope),
  }
  if (document.pages) masked.pages = document.pages.map(move)
  if (document.boxes) masked.boxes = document.boxes.map(move).filter((box) => box.end > box.start)
  if (title !== undefined) masked.title = title
  return { document: masked, replacements }
}

/**
 * A placeholder belongs to the span in which its value begins: a span that begins inside the value
 * starts after it.
 */
function moved<T extends { start: number; end: number }>(
  span: T,
  replacements: readonly Replacement[],
): T {
  return {
    ...span,
    start: mapOffset(replacements, span.start, 'end'),
    end: mapOffset(replacements, span.end, 'end'),
  }
}

function maskMetadata(
  metadata: ParsedDocument['metadata'],
  findings: DocumentFindings['metadata'],
  scope: PlaceholderScope,
): ParsedDocument['metadata'] {
  return Object.fromEntries(
    Object.entries(metadata).map(([field, value]) => [
      field,
      typeof value === 'string' ? mask(value, findings[field] ?? [], scope.mint).text : value,
    ]),
  )
}
