import { sql } from 'kysely'
import type { Store, Tx } from '#store'
import type { IndexedBase } from '../indexed-base.ts'

/** An object of a stored index: one of its parts, or the manifest that names them. */
export interface StoredPart {
  name: string
  objectKey: string
  /** Of its bytes, `sha256:…`. */
  digest: string
  bytes: number
  /** Of the manifest: what was removed up to this epoch stands in no part any more. */
  cleanEpoch: number
  /** Of the manifest: the epoch of the index. */
  epoch: number
  createdAt: Date
}

/** A stored index as its rows have it. */
export interface StoredIndex {
  manifest: StoredPart
  parts: Map<string, StoredPart>
}

const manifestName = 'manifest'

/** `<model or "lexical">@<format>`: what the ids of an index's rows begin with, before a `/` and the part. */
function seriesOf({ model, format }: IndexedBase): string {
  return `${modelOf(model)}@${format}`
}

const modelOf = (model: string | undefined) => model ?? 'lexical'

/** What is stored of one index, in whatever format: the newest of its own, and ids of all others. */
async function readRows(tx: Tx, base: IndexedBase) {
  const rows = await tx
    .selectFrom('index_segment')
    .selectAll()
    .where('knowledge_base', '=', base.knowledgeBase)
    .execute()
  const own = new Map<string, StoredPart>()
  const older: string[] = []
  for (const row of rows) {
    const cut = row.id.lastIndexOf('/')
    const series = row.id.slice(0, cut)
    if (series === seriesOf(base)) {
      own.set(row.id.slice(cut + 1), {
        name: row.id.slice(cut + 1),
        objectKey: row.object_key,
        digest: row.digest,
        bytes: row.bytes,
        cleanEpoch: row.from_epoch,
        epoch: row.to_epoch,
        createdAt: row.created_at,
      })
    } else if (series.slice(0, series.lastIndexOf('@')) === modelOf(base.model)) older.push(row.id)
  }
  return { own, older }
}

/** The stored index of a base in its present format; undefined where there is none. One statement: all of one moment. */
export async function readStoredIndex(
  store: Store,
  base: IndexedBase,
): Promise<StoredIndex | undefined> {
  const { own } = await store.read(base.organizationId, (tx) => readRows(tx, base))
  const manifest = own.get(manifestName)
  own.delete(manifestName)
  return manifest && { manifest, parts: own }
}

/** What a writer has put into the object store, and what its manifest needs beside. */
export interface WrittenIndex {
  manifest: StoredPart
  written: readonly StoredPart[]
  /** Names of all parts that the manifest needs. */
  needed: readonly string[]
  /** Take nothing over that was stored before: it is damaged. */
  afresh: boolean
}

/**
 * Makes a written index the stored one and forgets what it supersedes, in one transaction. Several may write at once: the
 * newer index stays, and a part that another one stored first is taken from there. `outrun`: a newer one is stored
 * already; `lost`: a part that was there is gone, so that the manifest would name nothing.
 */
export function keepStoredIndex(
  store: Store,
  base: IndexedBase,
  index: WrittenIndex,
): Promise<'kept' | 'outrun' | 'lost'> {
  return store.within(base.organizationId, async (tx) => {
    // One at a time, and none while a commit moves the base on.
    const { epoch } = await tx
      .selectFrom('knowledge_epoch')
      .select('epoch')
      .where('knowledge_base', '=', base.knowledgeBase)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const { own, older } = await readRows(tx, base)
    const stored = own.get(manifestName)
    if (!index.afresh && stored && stored.epoch > index.manifest.epoch) return 'outrun'
    // An index that knows of more than the rows is one of another past: a database that was restored.
    if (index.manifest.epoch > epoch) return 'outrun'
    const kept = index.afresh ? new Map<string, StoredPart>() : own
    const written = new Set(index.written.map((part) => part.name))
    if (index.needed.some((name) => !written.has(name) && !kept.has(name))) return 'lost'
    const needed = new Set(index.needed)
    const gone = [...own.keys()].filter((name) => !needed.has(name) || index.afresh)
    await forget(tx, base, [...older, ...gone.map((name) => `${seriesOf(base)}/${name}`)])
    const fresh = index.written.filter((part) => !kept.has(part.name))
    await insert(tx, base, [...fresh, index.manifest])
    return 'kept'
  })
}

async function forget(tx: Tx, base: IndexedBase, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx
    .deleteFrom('index_segment')
    .where('knowledge_base', '=', base.knowledgeBase)
    .where('id', 'in', [...ids])
    .execute()
}

const rowsPerInsert = 500

async function insert(tx: Tx, base: IndexedBase, parts: readonly StoredPart[]): Promise<void> {
  for (let i = 0; i < parts.length; i += rowsPerInsert) {
    const values = parts.slice(i, i + rowsPerInsert).map((part) => ({
      knowledge_base: base.knowledgeBase,
      id: `${seriesOf(base)}/${part.name}`,
      from_epoch: part.cleanEpoch,
      to_epoch: part.epoch,
      object_key: part.objectKey,
      digest: part.digest,
      bytes: part.bytes,
    }))
    await tx.insertInto('index_segment').values(values).execute()
  }
}

/** Forgets all that is stored of a base's indexes of one model. The objects are swept later. */
export async function dropStoredIndex(store: Store, base: IndexedBase): Promise<void> {
  await store.within(base.organizationId, async (tx) => {
    const { own, older } = await readRows(tx, base)
    await forget(tx, base, [
      ...older,
      ...[...own.keys()].map((name) => `${seriesOf(base)}/${name}`),
    ])
  })
}

/** A stored index in whatever format, by its rows. */
export interface StoredSeries {
  organizationId: string
  knowledgeBase: string
  /** `<model or "lexical">@<format>` */
  series: string
}

/** Stored indexes that still hold what was removed or replaced more than so many seconds ago. */
export async function holdingRemovedText(store: Store, seconds: number): Promise<StoredSeries[]> {
  const rows = await store.system((tx) =>
    tx
      .selectFrom('index_segment as s')
      .select(['s.organization_id', 's.knowledge_base', 's.id'])
      .where('s.id', 'like', `%/${manifestName}`)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('index_change as c')
            .select('c.epoch')
            .whereRef('c.organization_id', '=', 's.organization_id')
            .whereRef('c.knowledge_base', '=', 's.knowledge_base')
            .whereRef('c.epoch', '>', 's.from_epoch')
            .where('c.change', 'in', ['removed', 'replaced'])
            .where('c.created_at', '<', sql<Date>`now() - make_interval(secs => ${seconds})`),
        ),
      )
      .limit(10_000)
      .execute(),
  )
  return rows.map((row) => ({
    organizationId: row.organization_id,
    knowledgeBase: row.knowledge_base,
    series: seriesIn(row.id),
  }))
}

/**
 * Stored indexes of an organization, written more than so many seconds ago, that none of its bases uses any more: another
 * model was chosen, or the base is gone.
 */
export async function unusedIndexes(
  store: Store,
  organizationId: string,
  at: { bases: readonly IndexedBase[]; seconds: number },
): Promise<StoredSeries[]> {
  const used = new Set(at.bases.map((base) => `${base.knowledgeBase} ${seriesOf(base)}`))
  const rows = await store.read(organizationId, (tx) =>
    tx
      .selectFrom('index_segment')
      .select(['knowledge_base', 'id'])
      .where('id', 'like', `%/${manifestName}`)
      .where('created_at', '<', sql<Date>`now() - make_interval(secs => ${at.seconds})`)
      .execute(),
  )
  return rows
    .map((row) => ({ organizationId, knowledgeBase: row.knowledge_base, series: seriesIn(row.id) }))
    .filter((one) => !used.has(`${one.knowledgeBase} ${one.series}`))
}

const seriesIn = (id: string) => id.slice(0, id.lastIndexOf('/'))

/** Forgets a stored index whole. */
export async function dropSeries(store: Store, at: StoredSeries): Promise<void> {
  await store.within(at.organizationId, async (tx) => {
    const rows = await tx
      .selectFrom('index_segment')
      .select('id')
      .where('knowledge_base', '=', at.knowledgeBase)
      .execute()
    const ids = rows.map((row) => row.id).filter((id) => id.startsWith(`${at.series}/`))
    if (ids.length === 0) return
    await tx
      .deleteFrom('index_segment')
      .where('knowledge_base', '=', at.knowledgeBase)
      .where('id', 'in', ids)
      .execute()
  })
}

/** Keys of an organization's segments that rows name. */
export async function namedSegments(store: Store, organizationId: string): Promise<Set<string>> {
  const rows = await store.read(organizationId, (tx) =>
    tx.selectFrom('index_segment').select('object_key').execute(),
  )
  return new Set(rows.map((row) => row.object_key))
}
