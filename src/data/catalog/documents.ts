import { sql } from 'kysely'
import { type Constraint, permittedSets } from '#governance'
import { PlinthError } from '#kernel'
import { notePrefix, type ObjectStore, type ParsedDocument } from '#ports'
import type { StoredError, Tx } from '#store'
import type { Sight } from './readable.ts'

/** A document as those see it who may read it. */
export interface DocumentView {
  id: string
  knowledgeBase: string
  source: string
  externalId: string
  title: string
  state: 'pending' | 'ready' | 'failed'
  error: StoredError | null
  readers: string[]
  metadata: Record<string, unknown>
  versionId: string | null
  versionNumber: number | null
  mediaType: string | null
  bytes: number | null
  language: string | null
  pageCount: number | null
  chunkCount: number
  /** What was left out of it. */
  warnings: string[]
  /** What else is good to know of how it was read. */
  notes: string[]
  findings: Record<string, number>
  updatedAt: string
}

export interface DocumentFilter {
  knowledgeBase?: string | undefined
  source?: string | undefined
  state?: 'pending' | 'ready' | 'failed' | undefined
  /** In title and path, whatever the case. */
  search?: string | undefined
  /** Last id of the previous page. */
  after?: string | undefined
  limit: number
}

/**
 * Documents that the asker may read, by id (oldest first). A search matches what is shown: of a base that masks for the
 * asker only titles that were masked, so that nobody finds out a name by trying its letters.
 */
export async function listDocuments(
  tx: Tx,
  sight: Sight,
  filter: DocumentFilter,
): Promise<DocumentView[]> {
  const { constraint } = sight
  if (constraint.permissionSetIds.length === 0) return []
  let query = documentQuery(tx, constraint).orderBy('d.id').limit(filter.limit)
  if (filter.knowledgeBase) query = query.where('d.knowledge_base', '=', filter.knowledgeBase)
  if (filter.source) query = query.where('d.source', '=', filter.source)
  if (filter.state) query = query.where('d.state', '=', filter.state)
  if (filter.after) query = query.where('d.id', '>', filter.after)
  if (filter.search) {
    const like = `%${filter.search.replace(/[\\%_]/g, '\\$&')}%`
    query = query.where((eb) => {
      const anywhere = eb.or([eb('d.title', 'ilike', like), eb('d.external_id', 'ilike', like)])
      if (sight.plainBases === 'all') return anywhere
      const plain = eb('d.knowledge_base', '=', sql<string>`any(${sight.plainBases}::text[])`)
      const masked = eb('v.masked', '=', true)
      return eb.or([eb.and([plain, anywhere]), eb.and([masked, eb('d.title', 'ilike', like)])])
    })
  }
  return (await query.execute()).map(toView)
}

/** How many documents that are (for the same filter without paging). */
export async function countDocuments(
  tx: Tx,
  constraint: Constraint,
  filter: Pick<DocumentFilter, 'knowledgeBase' | 'source' | 'state'>,
): Promise<number> {
  if (constraint.permissionSetIds.length === 0) return 0
  let query = tx
    .selectFrom('document')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('deleted_at', 'is', null)
    .where('permission_set_id', 'in', [...constraint.permissionSetIds])
  if (filter.knowledgeBase) query = query.where('knowledge_base', '=', filter.knowledgeBase)
  if (filter.source) query = query.where('source', '=', filter.source)
  if (filter.state) query = query.where('state', '=', filter.state)
  return Number((await query.executeTakeFirst())?.n ?? 0)
}

/** One document. Throws NOT_FOUND where it is absent or may not be read: the two look alike. */
export async function readDocument(
  tx: Tx,
  constraint: Constraint,
  id: string,
): Promise<DocumentView> {
  if (constraint.permissionSetIds.length === 0) throw absent(id)
  const row = await documentQuery(tx, constraint).where('d.id', '=', id).executeTakeFirst()
  if (!row) throw absent(id)
  return toView(row)
}

export interface VersionView {
  id: string
  number: number
  contentDigest: string
  createdAt: string
  mediaType: string
  bytes: number
  originalKey: string
  parsedKey: string
  /** Its text holds placeholders for personal data. */
  masked: boolean
}

/** A version of a readable document (the current one unless named). Throws NOT_FOUND as `readDocument` does. */
export async function readVersion(
  tx: Tx,
  constraint: Constraint,
  at: { documentId: string; versionId?: string | undefined },
): Promise<VersionView> {
  const document = await readDocument(tx, constraint, at.documentId)
  const versionId = at.versionId ?? document.versionId
  if (!versionId) throw new PlinthError('NOT_FOUND', 'The document has no readable version yet.')
  const versions = await listVersions(tx, at.documentId)
  const found = versions.find((version) => version.id === versionId)
  if (!found) throw new PlinthError('NOT_FOUND', `The document has no version ${versionId}.`)
  return found
}

/** All versions of a document, newest first. The caller has checked the document. */
export async function listVersions(tx: Tx, documentId: string): Promise<VersionView[]> {
  const rows = await tx
    .selectFrom('document_version')
    .select(['id', 'number', 'content_digest', 'created_at', 'media_type', 'bytes'])
    .select(['original_key', 'parsed_key', 'masked'])
    .where('document_id', '=', documentId)
    .orderBy('number', 'desc')
    .limit(1_000)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    number: row.number,
    contentDigest: row.content_digest,
    createdAt: row.created_at.toISOString(),
    mediaType: row.media_type,
    bytes: Number(row.bytes),
    originalKey: row.original_key,
    parsedKey: row.parsed_key,
    masked: row.masked,
  }))
}

/** The stored text of a version with blocks, pages and boxes. Throws INTEGRITY where the object is not what was written. */
export async function readParsed(
  objects: ObjectStore,
  version: Pick<VersionView, 'parsedKey'>,
): Promise<ParsedDocument> {
  const bytes = await objects.get(version.parsedKey)
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as ParsedDocument
  } catch (error) {
    const detail = `The stored text ${version.parsedKey} cannot be read.`
    throw new PlinthError('INTEGRITY', { detail, cause: error })
  }
}

export interface ChunkView {
  id: number
  ordinal: number
  start: number
  end: number
  page: number | null
  kind: string
  headingPath: string[]
  context: string
  text: string
  tokens: number
  embedded: boolean
}

/** Chunks of a document's current version, in order. The caller has checked the document. */
export async function listChunks(
  tx: Tx,
  documentId: string,
  page: { after: number; limit: number },
): Promise<ChunkView[]> {
  const rows = await tx
    .selectFrom('chunk as c')
    .select(['c.id', 'c.ordinal', 'c.start_offset', 'c.end_offset', 'c.page', 'c.kind'])
    .select(['c.heading_path', 'c.context', 'c.text', 'c.tokens'])
    .select((eb) =>
      eb
        .exists(
          eb.selectFrom('embedding as e').select('e.model').whereRef('e.chunk_id', '=', 'c.id'),
        )
        .as('embedded'),
    )
    .where('c.document_id', '=', documentId)
    .where('c.ordinal', '>', page.after)
    .orderBy('c.ordinal')
    .limit(page.limit)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    ordinal: row.ordinal,
    start: row.start_offset,
    end: row.end_offset,
    page: row.page,
    kind: row.kind,
    headingPath: row.heading_path,
    context: row.context,
    text: row.text,
    tokens: row.tokens,
    embedded: Boolean(row.embedded),
  }))
}

function documentQuery(tx: Tx, constraint: Constraint) {
  return tx
    .selectFrom('document as d')
    .innerJoin('permission_set as p', 'p.id', 'd.permission_set_id')
    .leftJoin('document_version as v', 'v.id', 'd.version_id')
    .select(['d.id', 'd.knowledge_base', 'd.source', 'd.external_id', 'd.title', 'd.state'])
    .select(['d.error', 'd.metadata', 'd.updated_at', 'd.version_id', 'p.readers'])
    .select(['v.number', 'v.media_type', 'v.bytes', 'v.language', 'v.page_count'])
    .select(['v.warnings', 'v.findings', 'v.chunk_count'])
    .where('d.deleted_at', 'is', null)
    .where('d.permission_set_id', 'in', [...constraint.permissionSetIds])
}

type Row = Awaited<ReturnType<ReturnType<typeof documentQuery>['execute']>>[number]

function toView(row: Row): DocumentView {
  return {
    id: row.id,
    knowledgeBase: row.knowledge_base,
    source: row.source,
    externalId: row.external_id,
    title: row.title,
    state: row.state,
    error: row.error,
    readers: row.readers,
    metadata: row.metadata,
    versionId: row.version_id,
    versionNumber: row.number,
    mediaType: row.media_type,
    bytes: row.bytes === null ? null : Number(row.bytes),
    language: row.language,
    pageCount: row.page_count,
    chunkCount: row.chunk_count ?? 0,
    ...said(row.warnings ?? []),
    findings: row.findings ?? {},
    updatedAt: row.updated_at.toISOString(),
  }
}

function said(all: readonly string[]): Pick<DocumentView, 'warnings' | 'notes'> {
  const isNote = (text: string) => text.startsWith(notePrefix)
  return {
    warnings: all.filter((text) => !isNote(text)),
    notes: all.filter(isNote).map((text) => text.slice(notePrefix.length)),
  }
}

function absent(id: string): PlinthError {
  return new PlinthError('NOT_FOUND', `There is no document ${id}, or you may not read it.`)
}

/** Text of a span of a stored version, for passages that are kept by reference. */
export function textOf(parsed: ParsedDocument, span: { start: number; end: number }): string {
  return parsed.text.slice(span.start, span.end)
}

/** Counts per base and source of the documents that the constraint permits; without one, of all of the organization. */
export async function baseCounts(tx: Tx, constraint: Constraint | undefined) {
  const seen = constraint ? permittedSets(constraint) : undefined
  let states = tx
    .selectFrom('document as d')
    .leftJoin('document_version as v', 'v.id', 'd.version_id')
    .select(['d.knowledge_base', 'd.source', 'd.state'])
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .select(sql<number>`coalesce(sum(v.chunk_count), 0)`.as('chunks'))
    .select(sql<Date>`max(d.updated_at)`.as('updated_at'))
    .where('d.deleted_at', 'is', null)
    .groupBy(['d.knowledge_base', 'd.source', 'd.state'])
  if (seen) states = states.where('d.permission_set_id', '=', seen)
  let vectors = tx
    .selectFrom('embedding as e')
    .select(['e.knowledge_base', 'e.model'])
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .groupBy(['e.knowledge_base', 'e.model'])
  if (seen) {
    vectors = vectors
      .innerJoin('chunk as c', 'c.id', 'e.chunk_id')
      .innerJoin('document as d', 'd.id', 'c.document_id')
      .where('d.permission_set_id', '=', seen)
  }
  return {
    states: (await states.execute()).map((row) => ({
      ...row,
      n: Number(row.n),
      chunks: Number(row.chunks),
    })),
    vectors: (await vectors.execute()).map((row) => ({ ...row, n: Number(row.n) })),
  }
}
