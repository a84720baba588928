import {
  type DocumentFindings,
  detectInDocument,
  maskDocument,
  PlaceholderScope,
  type ScopeEntry,
} from '#governance'
import type { ResourceSpec } from '#kernel'
import type { ParsedDocument } from '#ports'
import type { PlainResources, ResourceFile } from '#store'
import { analyse } from '../analyse.ts'
import { type Chunk, chunkDocument } from '../chunk.ts'
import { detectLanguage } from '../language.ts'

/**
 * The pure, heavy work that the event loop must not wait for, by name. Input and output cross a thread boundary: plain
 * data only.
 */
export const tasks = {
  async mask(input: {
    document: ParsedDocument
    masking: ResourceSpec<'KnowledgeBase'>['masking']
  }): Promise<{
    document: ParsedDocument
    findings: Record<string, number>
    replaced: ScopeEntry[]
  }> {
    const { document, masking } = input
    const options = {
      ...(masking.entities.length > 0 ? { entities: masking.entities } : {}),
      regions: masking.regions,
    }
    const found = await detectInDocument(document, options)
    const findings = countKinds(found)
    if (masking.mode === 'label') return { document, findings, replaced: [] }
    const scope = new PlaceholderScope()
    const masked = maskDocument(document, found, scope)
    return { document: masked.document, findings, replaced: [...scope.entries()] }
  },

  chunk(input: { document: ParsedDocument; title: string }): Chunk[] {
    return chunkDocument(input.document, { title: input.title })
  },

  analyse(input: { text: string; chunks: readonly Chunk[] }) {
    const language = detectLanguage(input.text)
    const chunks = input.chunks.map((chunk) => {
      const text = input.text.slice(chunk.start, chunk.end)
      const terms = analyse(`${chunk.context}\n${text}`, language)
      return { ...chunk, text, searchText: terms.join(' ') }
    })
    return { language: language as string, chunks }
  },

  async resources({ file }: { file: ResourceFile }): Promise<PlainResources> {
    // Only where it is needed: it brings the database's client along.
    const { parseResources, plainly } = await import('#store')
    return plainly(parseResources([file]))
  },
}

export type Tasks = typeof tasks

function countKinds(found: DocumentFindings): Record<string, number> {
  const counts: Record<string, number> = {}
  const all = [found.text, found.title, ...Object.values(found.metadata)].flat()
  for (const finding of all) counts[finding.kind] = (counts[finding.kind] ?? 0) + 1
  return counts
}
