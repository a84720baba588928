import { sql } from 'kysely'
import { type AuditActor, appendAudit, permissionSetFor } from '#governance'
import { PlinthError, type Resource, toPlinthError } from '#kernel'
import type { SourceItem } from '#ports'
import {
  closeToJoins,
  countChildren,
  countJoins,
  enqueue,
  enqueueChildren,
  enqueueOrJoin,
  type JobContext,
  type JobOutcome,
  type NewJob,
  type Tx,
} from '#store'
import {
  addDocuments,
  changeReaders,
  type DocumentRow,
  documentsByExternalId,
  failDocument,
  removeDocuments,
} from '../documents/rows.ts'
import { settingsDigest } from '../ingest/fetching.ts'
import type { SourceWithBase } from '../ingest/house.ts'
import { type IngestHouse, type IngestItem, ingest } from '../ingest.ts'
import { readersOf } from './readers.ts'

/** Items looked at in one transaction. */
const page = 500
/** A child job reads up to so many documents, or bytes: 100,000 tiny files need no 100,000 jobs. */
const batchFiles = 32
const batchBytes = 8 * 1024 * 1024

/** Listings of one job. Before the last one it lets nobody join any more: who asks then gets a job of their own. */
const mostRounds = 10

/** So many documents are not removed because a folder turned out empty. */
const emptyGuard = 10

export interface SyncInput {
  source: string
  actor: AuditActor
  /** Read every document again, changed or not. */
  force?: boolean
}

interface BatchInput {
  actor: AuditActor
  /** For people who look at the job. */
  source?: string
  force?: boolean
  items: { documentId: string; changeMark?: string | null; originalKey?: string }[]
}

/** What the listings of a job found so far: `listed` and `problems` by the newest one. */
interface Scan {
  listed: number
  queued: number
  /** Files that this job had not to read; those that it read are unchanged in its later listings. */
  unchanged: number
  /** The same of files that an earlier job could not read, and that are as they were then. */
  stillFailed: number
  removed: number
  problems: number
}

const noScan: Scan = {
  listed: 0,
  queued: 0,
  unchanged: 0,
  stillFailed: 0,
  removed: 0,
  problems: 0,
}

/** Asks for a scan of a source; one that is queued or under way is joined, and lists again when it has ended. */
export function requestSync(tx: Tx, input: SyncInput, createdBy: string) {
  return enqueueOrJoin(tx, {
    kind: 'source-sync',
    input,
    createdBy,
    dedupeKey: `${input.source}${input.force ? ':force' : ''}`,
    priority: 50,
  })
}

/** Asks for the reading of single documents (uploads, retries). */
export function requestIngest(
  tx: Tx,
  input: BatchInput,
  by: Pick<NewJob, 'createdBy' | 'dedupeKey'>,
) {
  return enqueue(tx, { kind: 'ingest', input, priority: 60, ...by })
}

/**
 * Job `source-sync`: lists the source, adds and queues what is new or changed, removes what is gone, then waits for its
 * children. Each page of the listing is one transaction; a scan that was killed starts again and finds most of it done.
 * Who asks for a scan while one is under way joins it, and it lists once more: it may have passed what they changed.
 */
export async function syncSource(context: JobContext, house: IngestHouse): Promise<JobOutcome> {
  const { organizationId, id } = context.job
  const close = (seen?: number) =>
    house.store.within(organizationId, (tx) => closeToJoins(tx, context.lease, seen))
  let before: Scan = noScan
  for (let round = 1; ; round++) {
    const last = round === mostRounds
    if (last) await close()
    const name = round === 1 ? 'scan' : `scan ${round}`
    const { joins, ...scan } = await context.step(name, () => scanOnce(context, house, before))
    const { live } = await house.store.read(organizationId, (tx) => countChildren(tx, id))
    if (live > 0) return { wait: true }
    if (last || (await close(joins))) return { done: scan }
    before = scan
  }
}

/** One listing after those of before; `joins`: how often the job had been joined when it began. */
async function scanOnce(
  context: JobContext,
  house: IngestHouse,
  before: Scan,
): Promise<Scan & { joins: number }> {
  const { organizationId, id } = context.job
  const input = context.job.input as SyncInput
  const joins = await house.store.read(organizationId, (tx) => countJoins(tx, id))
  const found = await house.source(organizationId, input.source)
  if (!found) throw new PlinthError('NOT_FOUND', `There is no source ${input.source}.`)
  if (!(await house.mayWrite(organizationId, input.actor))) {
    const detail = `${input.actor.id} may not write documents (documents.write).`
    throw new PlinthError('FORBIDDEN', detail)
  }
  const given = await house.store.read(organizationId, (tx) => givenToChildren(tx, id))
  const scan = await new Scanner(context, house, { ...found, before, given }).run()
  return { joins, ...scan }
}

/** What children of this job were given to read before: by an earlier listing, or by this one before it was cut off. */
interface Given {
  ids: Set<string>
  /** Change marks of documents that still wait to be read, by id. */
  waiting: Map<string, string | null>
}

async function givenToChildren(tx: Tx, id: string): Promise<Given> {
  const rows = await tx
    .selectFrom('job')
    .select(['state', sql<BatchInput['items']>`input->'items'`.as('items')])
    .where('parent_id', '=', id)
    .execute()
  const given: Given = { ids: new Set(), waiting: new Map() }
  for (const { state, items } of rows) {
    const waits = state === 'queued' || state === 'running'
    for (const { documentId, changeMark } of items) {
      given.ids.add(documentId)
      if (waits) given.waiting.set(documentId, changeMark ?? null)
    }
  }
  return given
}

/** Job `ingest`: reads a handful of documents, one after the other. Each commits on its own. */
export async function ingestBatch(context: JobContext, house: IngestHouse): Promise<JobOutcome> {
  const input = context.job.input as BatchInput
  const total = { indexed: 0, unchanged: 0, failed: 0, pages: 0, chunks: 0 }
  for (const one of input.items) {
    context.signal.throwIfAborted()
    const item: IngestItem = {
      organizationId: context.job.organizationId,
      jobId: context.job.id,
      actor: input.actor,
      signal: context.signal,
      onPages: (pages) => context.progress({ ...total, pages: total.pages + pages }),
      ...(input.force ? { force: true } : {}),
      ...one,
    }
    const done = await ingest(item, house)
    total[done.outcome]++
    total.pages += done.pages
    total.chunks += done.chunks
    context.progress(total)
  }
  return { done: total }
}

class Scanner {
  readonly #context: JobContext
  readonly #house: IngestHouse
  readonly #found: SourceWithBase
  readonly #input: SyncInput
  readonly #settings: string
  readonly #scan: Scan
  readonly #given: Given
  /** Files that are as an earlier job left them. */
  readonly #same = { read: 0, failed: 0 }
  readonly #seen = new Set<string>()

  constructor(
    context: JobContext,
    house: IngestHouse,
    found: SourceWithBase & { before: Scan; given: Given },
  ) {
    this.#context = context
    this.#house = house
    this.#found = found
    this.#given = found.given
    this.#scan = { ...found.before, queued: found.given.ids.size, listed: 0, problems: 0 }
    this.#input = context.job.input as SyncInput
    this.#settings = settingsDigest(found)
  }

  async run(): Promise<Scan> {
    const { source } = this.#found
    if (source.spec.folder) {
      const listing = this.#house.openSource(source).list(this.#context.signal)
      let items: SourceItem[] = []
      for await (const item of listing) {
        items.push(item)
        if (items.length < page) continue
        await this.#take(items)
        items = []
      }
      await this.#take(items)
      await this.#guardEmpty()
      await this.#removeUnseen()
    } else {
      await this.#requeueUploads()
    }
    return this.#scan
  }

  async #take(items: readonly SourceItem[]): Promise<void> {
    if (items.length === 0) return
    this.#context.signal.throwIfAborted()
    for (const item of items) this.#seen.add(item.externalId)
    const { organizationId } = this.#context.job
    await this.#house.store.within(organizationId, async (tx) => {
      const ids = items.map((item) => item.externalId)
      const known = await documentsByExternalId(tx, this.#found.source.name, ids)
      await this.#updateReaders(tx, known)
      const work = await this.#wantedWork(tx, items, known)
      await enqueueChildren(tx, { id: this.#context.job.id, createdBy: this.#input.actor.id }, work)
    })
    this.#scan.listed += items.length
    this.#scan.unchanged = Math.max(this.#scan.unchanged, this.#same.read)
    this.#scan.stillFailed = Math.max(this.#scan.stillFailed, this.#same.failed)
    const { listed, unchanged, stillFailed } = this.#scan
    this.#context.progress({ listed, filesUnchanged: unchanged, stillFailed })
  }

  async #wantedWork(
    tx: Tx,
    items: readonly SourceItem[],
    known: ReadonlyMap<string, DocumentRow>,
  ): Promise<NewChild[]> {
    const stale = await this.#staleSettings(tx, known)
    const fresh = items.filter((item) => !known.has(item.externalId))
    const added = await this.#add(tx, fresh)
    const wanted: { documentId: string; changeMark: string | null; size: number }[] = []
    for (const item of items) {
      const row = known.get(item.externalId)
      const documentId = row?.id ?? added.get(item.externalId)
      if (item.problem || !documentId) {
        this.#scan.problems++
        if (row) await this.#failKnown(tx, row, item)
        continue
      }
      const same =
        row?.changeMark != null && row.changeMark === item.changeMark && !stale.has(row.id)
      if (same && !this.#input.force && row.state !== 'pending') {
        if (!this.#given.ids.has(row.id)) this.#same[row.state === 'failed' ? 'failed' : 'read']++
        continue
      }
      const changeMark = item.changeMark ?? null
      if (this.#given.waiting.get(documentId) === changeMark) continue
      wanted.push({ documentId, changeMark, size: item.size ?? 0 })
    }
    this.#scan.queued += wanted.length
    return this.#batches(wanted)
  }

  /** A document that was read before and is something else now: its last good version answers on. */
  async #failKnown(tx: Tx, row: DocumentRow, item: SourceItem): Promise<void> {
    const error = problemOf(item)
    if (row.error?.detail === error.detail) return
    await failDocument(tx, row.id, { error, changeMark: null })
  }

  #batches(
    wanted: readonly { documentId: string; changeMark: string | null; size: number }[],
  ): NewChild[] {
    const batches: BatchInput['items'][] = []
    let bytes = 0
    for (const { documentId, changeMark, size } of wanted) {
      let last = batches.at(-1)
      if (!last || last.length >= batchFiles || bytes + size > batchBytes) {
        last = []
        batches.push(last)
        bytes = 0
      }
      last.push({ documentId, changeMark })
      bytes += size
    }
    const force = this.#input.force ? { force: true } : {}
    return batches.map((items) => ({
      kind: 'ingest',
      input: { actor: this.#input.actor, items, ...force } satisfies BatchInput,
    }))
  }

  async #add(tx: Tx, items: readonly SourceItem[]): Promise<Map<string, string>> {
    const { source, base } = this.#found
    const rows = []
    for (const item of items) {
      rows.push({
        knowledgeBase: base.name,
        source: source.name,
        externalId: item.externalId,
        title: item.name,
        location: item.location,
        permissionSetId: await permissionSetFor(tx, readersOf(source, base, item.externalId)),
        ...(item.problem ? { error: problemOf(item) } : {}),
      })
    }
    const ids = await addDocuments(tx, rows)
    return new Map(items.map((item, i) => [item.externalId, ids[i] ?? '']))
  }

  /** The source's access rules may have changed since: documents follow at the next scan. */
  async #updateReaders(tx: Tx, known: ReadonlyMap<string, DocumentRow>): Promise<void> {
    const { source, base } = this.#found
    const moves = new Map<number, string[]>()
    for (const row of known.values()) {
      const wanted = await permissionSetFor(tx, readersOf(source, base, row.externalId))
      if (wanted === row.permissionSetId) continue
      moves.set(wanted, [...(moves.get(wanted) ?? []), row.id])
    }
    for (const [permissionSetId, ids] of moves) {
      await changeReaders(tx, base.name, { ids, permissionSetId })
    }
  }

  /** Documents whose current version was made with other settings (masking, metadata, pipeline). */
  async #staleSettings(tx: Tx, known: ReadonlyMap<string, DocumentRow>): Promise<Set<string>> {
    const versions = [...known.values()].flatMap((row) => row.versionId ?? [])
    if (versions.length === 0) return new Set()
    const rows = await tx
      .selectFrom('document_version')
      .select('document_id')
      .where('id', 'in', versions)
      .where('settings_digest', '!=', this.#settings)
      .execute()
    return new Set(rows.map((row) => row.document_id))
  }

  /** A share that is not mounted looks like an empty folder: what it held is not removed for that. */
  async #guardEmpty(): Promise<void> {
    if (this.#seen.size > 0 || this.#input.force) return
    const { source } = this.#found
    const rows = await this.#house.store.read(this.#context.job.organizationId, (tx) =>
      liveDocuments(tx, source, ''),
    )
    if (rows.length <= emptyGuard) return
    throw new PlinthError('NOT_FOUND', {
      detail: `The folder of ${source.name} holds no file any more; its ${rows.length === page ? `${page} or more` : rows.length} documents stay.`,
      where: source.spec.folder?.path ?? source.name,
      remedy:
        'Check that the folder is mounted. If it really is empty, scan the source with force.',
    })
  }

  async #removeUnseen(): Promise<void> {
    const { organizationId } = this.#context.job
    const { source, base } = this.#found
    for (let after = ''; ; ) {
      const rows = await this.#house.store.read(organizationId, (tx) =>
        liveDocuments(tx, source, after),
      )
      const gone = rows.filter((row) => !this.#seen.has(row.external_id)).map((row) => row.id)
      if (gone.length > 0) {
        await this.#house.store.within(organizationId, (tx) => this.#remove(tx, base.name, gone))
      }
      if (rows.length < page) return
      after = rows.at(-1)?.id ?? ''
    }
  }

  async #remove(tx: Tx, base: string, ids: readonly string[]): Promise<void> {
    this.#scan.removed += await removeDocuments(tx, base, ids)
    await appendAudit(tx, {
      kind: 'document.removed',
      actor: this.#input.actor,
      target: { kind: 'source', id: this.#found.source.name },
      details: { documents: ids.length, first: ids[0] ?? '', reason: 'gone from the source' },
    })
  }

  /** An upload source has nothing to list: its documents are read again from the kept originals. */
  async #requeueUploads(): Promise<void> {
    const { organizationId } = this.#context.job
    for (let after = ''; ; ) {
      const rows = await this.#house.store.within(organizationId, async (tx) => {
        const live = await liveDocuments(tx, this.#found.source, after)
        const wanted = live
          .filter((row) => row.version_id !== null || row.location !== '')
          .map((row) => ({ documentId: row.id, changeMark: row.change_mark, size: 0 }))
        this.#scan.listed += live.length
        this.#scan.queued += wanted.length
        const parent = { id: this.#context.job.id, createdBy: this.#input.actor.id }
        await enqueueChildren(tx, parent, this.#batches(wanted))
        return live
      })
      if (rows.length < page) return
      after = rows.at(-1)?.id ?? ''
    }
  }
}

type NewChild = Omit<NewJob, 'createdBy' | 'parentId'>

function liveDocuments(tx: Tx, source: Resource<'Source'>, after: string) {
  return tx
    .selectFrom('document')
    .select(['id', 'external_id', 'version_id', 'change_mark', 'location'])
    .where('source', '=', source.name)
    .where('deleted_at', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(page)
    .execute()
}

function problemOf(item: SourceItem) {
  const error = toPlinthError(
    new PlinthError('UNSUPPORTED', {
      detail: `${item.externalId} is not read: ${item.problem}.`,
      where: item.externalId,
      remedy:
        'Replace it by a regular file inside the folder, or exclude it in the Source resource.',
    }),
  )
  return { code: error.code, detail: error.message, where: item.externalId, remedy: error.remedy }
}
