import type { ScopeEntry } from '#governance'
import type { Span } from '#kernel'
import type { ParsedDocument } from '#ports'
import type { IngestHouse } from './house.ts'
import type { IngestAccess } from './permitting.ts'

export interface MaskedDocument {
  /** What is stored and answered from. */
  document: ParsedDocument
  /** How many findings of each kind. */
  findings: Record<string, number>
  /** What went to the vault; empty unless the base masks. */
  replaced: ScopeEntry[]
}

/** Finds personal data and secrets; in mode `mask` replaces them, and every offset with them. */
export async function mask(
  parsed: ParsedDocument,
  access: IngestAccess,
  { house, span }: { house: IngestHouse; span: Span },
): Promise<MaskedDocument> {
  const { masking } = access.base.spec
  span.attributes.mode = masking.mode
  if (masking.mode === 'off') return { document: parsed, findings: {}, replaced: [] }
  const masked = await house.offload.run('mask', { document: parsed, masking })
  span.attributes.findings = Object.values(masked.findings).reduce((a, b) => a + b, 0)
  return masked
}
