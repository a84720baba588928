import type { Store } from '#store'
import type { Check, DoctorDeps } from '../check.ts'
import { Findings } from '../findings.ts'

const page = 20

interface DocumentRow {
  id: string
  state: string
  version_id: string | null
  knowledge_base: string
  parsed_key: string | null
  original_key: string | null
  chunk_count: number | null
  text_chars: number | null
  of_document: string | null
}

interface ChunkRow {
  document_id: string
  document_version_id: string
  knowledge_base: string
  ordinal: number
  start_offset: number
  end_offset: number
  text: string
}

const again = 'Read the documents again: plinth ingest SOURCE (or restore a backup).'

/**
 * Every live document against its version, its stored text and its chunks: the chunks are the text, whole and in
 * order; nothing is answered from what is deleted or replaced.
 */
export async function checkStoredDocuments(
  deps: DoctorDeps,
  organizationId: string,
  signal?: AbortSignal,
): Promise<Check[]> {
  const versions = new Findings('current versions', again)
  const chunks = new Findings('passages', again)
  for (let after = ''; ; ) {
    signal?.throwIfAborted()
    const rows = await documentPage(deps.store, organizationId, after)
    const byDocument = await chunksOf(
      deps.store,
      organizationId,
      rows.map((row) => row.id),
    )
    for (const row of rows) {
      versions.looked++
      if (!checkVersion(row, versions)) continue
      const own = byDocument.get(row.id) ?? []
      chunks.looked += own.length
      await checkText(deps, { row, own, versions, chunks })
    }
    if (rows.length < page) break
    after = rows.at(-1)?.id ?? after
  }
  const stale = new Findings('stale passages', again)
  for (const what of await stalePassages(deps.store, organizationId)) stale.add(what)
  return [
    versions.check('live documents, each with its version'),
    chunks.check('passages, each as in its text'),
    stale.check('passages of deleted or replaced text'),
  ]
}

/** Whether there is a text to compare with. */
function checkVersion(row: DocumentRow, versions: Findings): boolean {
  if (row.version_id === null) {
    if (row.state === 'ready') versions.add(`${row.id} is ready without a version`)
    return false
  }
  if (row.parsed_key === null) {
    versions.add(`${row.id} names the version ${row.version_id}, which is not there`)
    return false
  }
  if (row.of_document !== row.id) {
    versions.add(`${row.id} names the version ${row.version_id} of another document`)
    return false
  }
  return true
}

async function checkText(
  { objects }: DoctorDeps,
  at: { row: DocumentRow; own: ChunkRow[]; versions: Findings; chunks: Findings },
): Promise<void> {
  const { row, own, versions, chunks } = at
  let text: string
  try {
    const bytes = await objects.get(row.parsed_key ?? '')
    text = (JSON.parse(Buffer.from(bytes).toString('utf8')) as { text: string }).text
    if (typeof text !== 'string') throw new Error('no text')
  } catch {
    versions.add(`the stored text of ${row.id} (${row.parsed_key}) is missing or damaged`)
    return
  }
  if (text.length !== row.text_chars) {
    versions.add(
      `the stored text of ${row.id} has ${text.length} characters, not ${row.text_chars}`,
    )
  }
  if (own.length !== row.chunk_count) {
    chunks.add(`${row.id} has ${own.length} passages, its version says ${row.chunk_count}`)
    return
  }
  const wrong = wrongWith(own, text, row)
  if (wrong) chunks.add(`${row.id}: ${wrong}`)
}

/** The first way in which chunks are not the text. */
function wrongWith(own: readonly ChunkRow[], text: string, row: DocumentRow): string | undefined {
  let end = 0
  for (const [i, chunk] of own.entries()) {
    if (chunk.document_version_id !== row.version_id) return `passage ${i} is of another version`
    if (chunk.knowledge_base !== row.knowledge_base) return `passage ${i} is in another base`
    if (chunk.ordinal !== i) return `passage ${i} is missing`
    if (chunk.start_offset < end) return `passage ${i} overlaps the one before`
    if (text.slice(end, chunk.start_offset).trim() !== '') return `text before passage ${i} is lost`
    if (text.slice(chunk.start_offset, chunk.end_offset) !== chunk.text) {
      return `passage ${i} is not what stands at ${chunk.start_offset} to ${chunk.end_offset}`
    }
    end = chunk.end_offset
  }
  return text.slice(end).trim() === '' ? undefined : 'text after the last passage is lost'
}

function documentPage(store: Store, organizationId: string, after: string): Promise<DocumentRow[]> {
  return store.read(organizationId, (db) =>
    db
      .selectFrom('document as d')
      .leftJoin('document_version as v', 'v.id', 'd.version_id')
      .select(['d.id', 'd.state', 'd.version_id', 'd.knowledge_base'])
      .select(['v.parsed_key', 'v.original_key', 'v.chunk_count', 'v.text_chars'])
      .select('v.document_id as of_document')
      .where('d.deleted_at', 'is', null)
      .where('d.id', '>', after)
      .orderBy('d.id')
      .limit(page)
      .execute(),
  )
}

async function chunksOf(
  store: Store,
  organizationId: string,
  ids: readonly string[],
): Promise<Map<string, ChunkRow[]>> {
  const grouped = new Map<string, ChunkRow[]>()
  if (ids.length === 0) return grouped
  const rows = await store.read(organizationId, (db) =>
    db
      .selectFrom('chunk')
      .select(['document_id', 'document_version_id', 'knowledge_base', 'ordinal'])
      .select(['start_offset', 'end_offset', 'text'])
      .where('document_id', 'in', [...ids])
      .orderBy('document_id')
      .orderBy('ordinal')
      .execute(),
  )
  for (const row of rows) {
    const known = grouped.get(row.document_id)
    if (known) known.push(row)
    else grouped.set(row.document_id, [row])
  }
  return grouped
}

/** Chunks of deleted documents, or of versions that are not current. */
async function stalePassages(store: Store, organizationId: string): Promise<string[]> {
  const rows = await store.read(organizationId, (db) =>
    db
      .selectFrom('chunk as c')
      .innerJoin('document as d', 'd.id', 'c.document_id')
      .select(['d.id', 'd.deleted_at', (eb) => eb.fn.countAll<number>().as('n')])
      .where((eb) =>
        eb.or([
          eb('d.deleted_at', 'is not', null),
          eb('d.version_id', 'is', null),
          eb('c.document_version_id', '!=', eb.ref('d.version_id')),
        ]),
      )
      .groupBy(['d.id', 'd.deleted_at'])
      .orderBy('d.id')
      .limit(1_000)
      .execute(),
  )
  return rows.map(({ id, deleted_at, n }) => {
    const why = deleted_at ? 'was deleted' : 'has another version'
    return `${n} passages of ${id}, which ${why}`
  })
}
