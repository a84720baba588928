import { sql } from 'kysely'
import { newId, PlinthError } from '#kernel'
import type { StoredError, Tx } from '#store'
import { nextEpoch } from './epoch.ts'

/** A document as its source knows it, before or after its content was read. */
export interface DocumentRow {
  id: string
  knowledgeBase: string
  source: string
  externalId: string
  title: string
  location: string
  permissionSetId: number
  versionId: string | null
  changeMark: string | null
  state: 'pending' | 'ready' | 'failed'
  error: StoredError | null
  /** Title and metadata as they came with it; personal data in them is not masked yet. */
  given: Record<string, unknown>
}

const columns = [
  'id',
  'knowledge_base as knowledgeBase',
  'source',
  'external_id as externalId',
  'title',
  'location',
  'permission_set_id as permissionSetId',
  'version_id as versionId',
  'change_mark as changeMark',
  'state',
  'error',
  'given',
] as const

/** A live document by id, whoever may read it: for the pipeline, never for an answer. */
export async function documentById(tx: Tx, id: string): Promise<DocumentRow | undefined> {
  return tx
    .selectFrom('document')
    .select(columns)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
}

/** Live documents of a source by their external ids. */
export async function documentsByExternalId(
  tx: Tx,
  source: string,
  externalIds: readonly string[],
): Promise<Map<string, DocumentRow>> {
  if (externalIds.length === 0) return new Map()
  const rows = await tx
    .selectFrom('document')
    .select(columns)
    .where('source', '=', source)
    .where('external_id', 'in', [...externalIds])
    .where('deleted_at', 'is', null)
    .execute()
  return new Map(rows.map((row) => [row.externalId, row]))
}

export interface NewDocument {
  knowledgeBase: string
  source: string
  externalId: string
  title: string
  location: string
  permissionSetId: number
  given?: Record<string, unknown>
  error?: StoredError
}

/**
 * Adds documents that no source offered before (state pending, or failed where an error is given). Returns their ids
 * in order.
 */
export async function addDocuments(tx: Tx, documents: readonly NewDocument[]): Promise<string[]> {
  if (documents.length === 0) return []
  const rows = documents.map((d) => ({
    id: newId('doc'),
    knowledge_base: d.knowledgeBase,
    source: d.source,
    external_id: d.externalId,
    title: d.title,
    location: d.location,
    permission_set_id: d.permissionSetId,
    given: JSON.stringify(d.given ?? {}),
    ...(d.error ? { state: 'failed' as const, error: JSON.stringify(d.error) } : {}),
  }))
  await tx.insertInto('document').values(rows).execute()
  return rows.map((row) => row.id)
}

/** Records why a document's content could not be read. An earlier version goes on being answered from. */
export async function failDocument(
  tx: Tx,
  id: string,
  failure: {
    error: StoredError
    changeMark: string | null
  },
): Promise<void> {
  await tx
    .updateTable('document')
    .set({
      state: 'failed',
      error: JSON.stringify(failure.error),
      change_mark: failure.changeMark,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .execute()
}

/**
 * Removes documents: from this transaction's commit on nobody gets an answer from them. Rows and versions stay as
 * tombstones for citations of the past; chunks and vectors go. Returns how many there were.
 */
export async function removeDocuments(
  tx: Tx,
  knowledgeBase: string,
  ids: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0
  const removed = await tx
    .updateTable('document')
    .set({ deleted_at: sql<Date>`now()`, updated_at: sql<Date>`now()` })
    .where('id', 'in', [...ids])
    .where('knowledge_base', '=', knowledgeBase)
    .where('deleted_at', 'is', null)
    .returning('id')
    .execute()
  if (removed.length === 0) return 0
  const gone = removed.map((row) => row.id)
  await tx.deleteFrom('chunk').where('document_id', 'in', gone).execute()
  await recordIndexChange(tx, knowledgeBase, { ids: gone, change: 'removed' })
  return gone.length
}

/** Gives documents another set of readers; effective with the commit. */
export async function changeReaders(
  tx: Tx,
  knowledgeBase: string,
  change: { ids: readonly string[]; permissionSetId: number },
): Promise<void> {
  const changed = await tx
    .updateTable('document')
    .set({ permission_set_id: change.permissionSetId, updated_at: sql<Date>`now()` })
    .where('id', 'in', [...change.ids])
    .where('permission_set_id', '!=', change.permissionSetId)
    .where('deleted_at', 'is', null)
    .returning('id')
    .execute()
  if (changed.length === 0) return
  await recordIndexChange(tx, knowledgeBase, { ids: changed.map((r) => r.id), change: 'readers' })
}

/** Tells the indexes, in a new epoch, what they must forget or read again. Returns the epoch. */
export async function recordIndexChange(
  tx: Tx,
  knowledgeBase: string,
  what: { ids: readonly string[]; change: 'removed' | 'replaced' | 'readers' | 'metadata' },
): Promise<number> {
  const epoch = await nextEpoch(tx, knowledgeBase)
  for (let i = 0; i < what.ids.length; i += 1_000) {
    const rows = what.ids.slice(i, i + 1_000).map((id) => ({
      knowledge_base: knowledgeBase,
      epoch,
      document_id: id,
      change: what.change,
    }))
    await tx.insertInto('index_change').values(rows).execute()
  }
  return epoch
}

/**
 * Locks a live document for its next version. Throws NOT_FOUND when it was removed meanwhile, CONFLICT when another
 * worker indexed a version since `seenVersion` was read (the work then runs again and finds it unchanged).
 */
export async function lockDocument(
  tx: Tx,
  id: string,
  seenVersion: string | null,
): Promise<{ nextNumber: number }> {
  const row = await tx
    .selectFrom('document')
    .select((eb) => [
      'version_id',
      eb
        .selectFrom('document_version')
        .select((of) => of.fn.max('number').as('number'))
        .where('document_id', '=', id)
        .as('last'),
    ])
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw new PlinthError('NOT_FOUND', 'The document was removed while it was read.')
  if (row.version_id !== seenVersion) {
    throw new PlinthError('CONFLICT', 'Another worker has read this document meanwhile.')
  }
  return { nextNumber: (row.last ?? 0) + 1 }
}
