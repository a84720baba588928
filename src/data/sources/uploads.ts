import { sql } from 'kysely'
import { type AuditActor, type Constraint, mayRead, permissionSetFor } from '#governance'
import { digestOf, limits, newId, PlinthError, type Resource } from '#kernel'
import type { Store, Tx } from '#store'
import { addDocuments, changeReaders, documentsByExternalId } from '../documents/rows.ts'
import { requireRoom, reservedMinutes } from './quota.ts'
import { requestIngest } from './sync.ts'

export interface UploadRow {
  id: string
  source: string
  name: string
  size: number
  received: number
  state: 'receiving' | 'received'
  digest: string | null
  readers: string[] | null
  metadata: Record<string, unknown>
}

export interface NewUpload {
  source: string
  name: string
  size: number
  digest?: string | undefined
  readers?: readonly string[] | undefined
  metadata?: Record<string, string | number | boolean> | undefined
}

/** What stands between a file's name and trouble: no control characters, no path that leads anywhere. */
export function cleanName(name: string): string {
  const parts = name
    .normalize('NFC')
    .replace(/[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .split(/[\\/]+/)
    .filter((part) => part !== '' && part !== '.' && part !== '..')
  const cleaned = parts.join('/').slice(0, 1_000)
  if (cleaned === '') throw new PlinthError('INVALID_INPUT', 'The file has no usable name.')
  return cleaned
}

/**
 * Begins an upload, or finds the one that broke off: same source, name, size and digest by the same person. Throws
 * TOO_LARGE where it does not fit into the quota (see `requireRoom`).
 */
export async function startUpload(
  tx: Tx,
  wanted: NewUpload,
  { by, quota }: { by: AuditActor; quota: number },
): Promise<UploadRow> {
  if (wanted.size > limits.uploadBytes) {
    throw new PlinthError(
      'TOO_LARGE',
      `${wanted.size} bytes are over the limit of ${limits.uploadBytes}.`,
    )
  }
  const name = cleanName(wanted.name)
  const earlier = await tx
    .selectFrom('upload')
    .select('id')
    .where('source', '=', wanted.source)
    .where('name', '=', name)
    .where('size', '=', wanted.size)
    .where('created_by', '=', by.id)
    .where('state', '=', 'receiving')
    .where((eb) => (wanted.digest ? eb('digest', '=', wanted.digest) : eb('digest', 'is', null)))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (earlier) return requireUpload(tx, earlier.id, by)
  await requireRoom(tx, { bytes: wanted.size, quota, by })
  const id = newId('upl')
  await tx
    .insertInto('upload')
    .values({
      id,
      source: wanted.source,
      name,
      size: wanted.size,
      object_key: '',
      digest: wanted.digest ?? null,
      metadata: JSON.stringify(wanted.metadata ?? {}),
      readers: wanted.readers ? [...wanted.readers] : null,
      created_by: by.id,
    })
    .execute()
  return requireUpload(tx, id, by)
}

/** An upload of the same person. Throws NOT_FOUND for another's as for none. */
export async function requireUpload(tx: Tx, id: string, by: AuditActor): Promise<UploadRow> {
  const row = await tx
    .selectFrom('upload')
    .select(['id', 'source', 'name', 'size', 'received', 'state', 'digest', 'readers', 'metadata'])
    .where('id', '=', id)
    .where('created_by', '=', by.id)
    .executeTakeFirst()
  if (!row) throw new PlinthError('NOT_FOUND', `There is no upload ${id} of yours.`)
  const state = row.state as UploadRow['state']
  return { ...row, size: Number(row.size), received: Number(row.received), state }
}

/** An upload that rested gave its room back: whoever goes on with it asks for it again, and holds it from now on. */
export async function resumeUpload(
  tx: Tx,
  row: UploadRow,
  { by, quota }: { by: AuditActor; quota: number },
): Promise<void> {
  const rested = await tx
    .selectFrom('upload')
    .select('id')
    .where('id', '=', row.id)
    .where('updated_at', '<=', sql<Date>`now() - make_interval(mins => ${reservedMinutes})`)
    .executeTakeFirst()
  if (!rested) return
  await requireRoom(tx, { bytes: row.size, quota, by })
  await noteReceived(tx, row.id, row.received)
}

/** Bytes that are safe on disk. */
export async function noteReceived(tx: Tx, id: string, received: number): Promise<void> {
  await tx
    .updateTable('upload')
    .set({ received, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .execute()
}

export interface ReceivedContent {
  source: Resource<'Source'>
  base: Resource<'KnowledgeBase'>
  name: string
  title?: string | undefined
  digest: string
  originalKey: string
  readers?: readonly string[] | null | undefined
  metadata?: Record<string, unknown> | undefined
  /** What the sender may read. */
  constraint: Constraint
}

/**
 * Makes received content a document of its source, or new content of the document that has that name, and asks for
 * its reading, in the caller's transaction. The document's location names the newest content received: whichever
 * reading runs last, in whichever process, that is what is answered from. Readers: those given, else the source's, else
 * the base's. Throws FORBIDDEN where others are given for a document that the sender may not read: its earlier versions
 * would open with them.
 */
export async function receiveDocument(
  tx: Tx,
  content: ReceivedContent,
  actor: AuditActor,
): Promise<{ documentId: string; jobId: string }> {
  const { source, base, name } = content
  const readers = content.readers ?? source.spec.readers ?? base.spec.readers
  const permissionSetId = await permissionSetFor(tx, readers)
  const known = (await documentsByExternalId(tx, source.name, [name])).get(name)
  let documentId = known?.id
  if (known && content.readers && known.permissionSetId !== permissionSetId) {
    if (!mayRead(content.constraint, known.permissionSetId)) throw notTheirs(name)
    await changeReaders(tx, base.name, { ids: [known.id], permissionSetId })
  }
  const given = { ...content.metadata, ...(content.title ? { title: content.title } : {}) }
  const all = { ...known?.given, ...given }
  if (known) {
    const change = { given: JSON.stringify(all), location: content.originalKey }
    await tx.updateTable('document').set(change).where('id', '=', known.id).execute()
  }
  if (!documentId) {
    const added = await addDocuments(tx, [
      {
        knowledgeBase: base.name,
        source: source.name,
        externalId: name,
        title: name.slice(name.lastIndexOf('/') + 1),
        location: content.originalKey,
        permissionSetId,
        given: all,
      },
    ])
    documentId = added[0] as string
  }
  const changeMark = `upload:${content.digest}`
  const items = [{ documentId, changeMark, originalKey: content.originalKey }]
  // Content that is what it was is read again where it goes by another title or metadata now.
  const force = known && digestOf(known.given) !== digestOf(all) ? { force: true } : {}
  const input = { actor, source: source.name, items, ...force }
  const { id } = await requestIngest(tx, input, { createdBy: actor.id })
  return { documentId, jobId: id }
}

function notTheirs(name: string): PlinthError {
  return new PlinthError('FORBIDDEN', {
    detail: `${name} is there with other readers, and you are none of them: you may not change who reads it.`,
    where: 'body/readers',
    remedy: 'Leave the readers out, or ask one of its readers to change them.',
  })
}

/** Marks an upload as received; returns false where another request did so first. */
export async function settleUpload(
  tx: Tx,
  id: string,
  at: { digest: string; key: string },
): Promise<boolean> {
  const row = await tx
    .updateTable('upload')
    .set({ state: 'received', digest: at.digest, object_key: at.key, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('state', '=', 'receiving')
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Uploads of all organizations that broke off before a time and were never resumed; their rows go with this call. */
export async function purgeUploads(store: Store, brokenOffBefore: Date): Promise<string[]> {
  const rows = await store.system((tx) =>
    tx
      .deleteFrom('upload')
      .where('state', '=', 'receiving')
      .where('updated_at', '<', brokenOffBefore)
      .returning('id')
      .execute(),
  )
  return rows.map((row) => row.id)
}
