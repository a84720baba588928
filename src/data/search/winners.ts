import type { Constraint } from '#governance'
import type { Store, Tx } from '#store'

/** A passage that may be shown to the asker: read from the database under the asker's constraint. */
export interface Candidate {
  chunkId: number
  documentId: string
  versionId: string
  knowledgeBase: string
  title: string
  externalId: string
  metadata: Record<string, unknown>
  headingPath: string[]
  language: string
  text: string
  /** Offsets in the version's stored text. */
  start: number
  end: number
  page: number | null
  pageEnd: number | null
  ordinal: number
  lastOrdinal: number
  score: number
  lexical: { score: number; rank: number } | null
  dense: { score: number; rank: number } | null
}

export interface ProposedHit {
  chunkId: number
  score: number
  lexical?: { score: number; rank: number }
  dense?: { score: number; rank: number }
}

/**
 * Reads what an index proposed. Whatever the index says, only chunks of live, current documents with a permitted set
 * come back: a stale or corrupt index costs recall for a moment and never leaks.
 */
export async function readWinners(
  store: Store,
  what: { organizationId: string; constraint: Constraint; hits: readonly ProposedHit[] },
): Promise<Candidate[]> {
  const { hits, constraint } = what
  if (hits.length === 0 || constraint.permissionSetIds.length === 0) return []
  const rows = await store.read(what.organizationId, (tx) => winnerRows(tx, hits, constraint))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return hits.flatMap((hit) => {
    const row = byId.get(hit.chunkId)
    return row ? [toCandidate(row, hit)] : []
  })
}

function winnerRows(tx: Tx, hits: readonly ProposedHit[], constraint: Constraint) {
  return tx
    .selectFrom('chunk as c')
    .innerJoin('document as d', (join) =>
      join.onRef('d.id', '=', 'c.document_id').onRef('d.version_id', '=', 'c.document_version_id'),
    )
    .innerJoin('document_version as v', 'v.id', 'c.document_version_id')
    .select([
      'c.id',
      'c.document_id',
      'c.document_version_id',
      'c.knowledge_base',
      'c.heading_path',
      'c.text',
      'c.start_offset',
      'c.end_offset',
      'c.page',
      'c.page_end',
      'c.ordinal',
      'd.title',
      'd.external_id',
      'd.metadata',
      'v.language',
    ])
    .where(
      'c.id',
      'in',
      hits.map((hit) => hit.chunkId),
    )
    .where('d.permission_set_id', 'in', [...constraint.permissionSetIds])
    .where('d.deleted_at', 'is', null)
    .execute()
}

type WinnerRow = Awaited<ReturnType<typeof winnerRows>>[number]

function toCandidate(row: WinnerRow, hit: ProposedHit): Candidate {
  return {
    chunkId: row.id,
    documentId: row.document_id,
    versionId: row.document_version_id,
    knowledgeBase: row.knowledge_base,
    title: row.title,
    externalId: row.external_id,
    metadata: row.metadata,
    headingPath: row.heading_path,
    language: row.language,
    text: row.text,
    start: row.start_offset,
    end: row.end_offset,
    page: row.page,
    pageEnd: row.page_end,
    ordinal: row.ordinal,
    lastOrdinal: row.ordinal,
    score: hit.score,
    lexical: hit.lexical ?? null,
    dense: hit.dense ?? null,
  }
}

/** White space that may lie between two chunks of one text. */
const gapMax = 64

/**
 * Joins chunks that follow one another in a document into one passage, at the place of the better one. Between chunks
 * lies white space only: as many characters as there were are filled in, so that offsets stay true.
 */
export function mergeNeighbours(candidates: readonly Candidate[]): Candidate[] {
  const out: Candidate[] = []
  for (const next of candidates) {
    const at = out.findIndex((one) => adjoins(one, next))
    const neighbour = out[at]
    if (!neighbour) {
      out.push(next)
      continue
    }
    out[at] = join(neighbour, next)
    const other = out.findIndex((one, i) => i !== at && adjoins(one, out[at] as Candidate))
    const bridged = out[other]
    if (!bridged) continue
    const [keep, drop] = other < at ? [other, at] : [at, other]
    out[keep] = join(out[keep] as Candidate, out[drop] as Candidate)
    out.splice(drop, 1)
  }
  return out
}

function adjoins(a: Candidate, b: Candidate): boolean {
  if (a.versionId !== b.versionId) return false
  if (a.lastOrdinal + 1 === b.ordinal) return b.start >= a.end && b.start - a.end <= gapMax
  if (b.lastOrdinal + 1 === a.ordinal) return a.start >= b.end && a.start - b.end <= gapMax
  return false
}

function join(a: Candidate, b: Candidate): Candidate {
  const [first, second] = a.ordinal < b.ordinal ? [a, b] : [b, a]
  const best = a.score >= b.score ? a : b
  return {
    ...best,
    text: first.text + '\n'.repeat(second.start - first.end) + second.text,
    headingPath: first.headingPath,
    start: first.start,
    end: second.end,
    page: first.page,
    pageEnd: second.pageEnd ?? second.page,
    ordinal: first.ordinal,
    lastOrdinal: second.lastOrdinal,
  }
}
