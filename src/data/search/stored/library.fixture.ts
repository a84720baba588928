import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { permissionSetFor } from '#governance'
import { newId } from '#kernel'
import type { Store, Tx } from '#store'
import { FolderObjectStore } from '../../../adapters/objects/folder/folder.ts'
import {
  addDocuments,
  changeReaders,
  recordIndexChange,
  removeDocuments,
} from '../../documents/rows.ts'
import { vectorBytes } from '../../ingest/indexing.ts'
import { IndexKeeper, type KeeperPace } from '../index-keeper.ts'
import type { IndexedBase } from '../indexed-base.ts'
import { indexName } from '../indexed-base.ts'
import { loadIndex } from '../loading.ts'
import { SearchWorkers } from '../workers.ts'
import { StoredIndexes } from './stored-indexes.ts'

const knowledgeBase = 'library'
const model = 'test@1'

/** One process over the library: an index of its own, and what it was told is wrong. */
export interface Reader {
  search: SearchWorkers
  stored: StoredIndexes
  keeper: IndexKeeper
  faults: string[]
  load(): Promise<void>
  /** Chunk ids that an asker with these permission sets finds for some terms, with their scores. */
  find(terms: string[], permissionSets?: readonly number[]): Promise<unknown>
  /** Stores the index; waits until merging lets it. */
  write(options?: { purge?: boolean }): Promise<string>
}

/** A knowledge base with rows as ingestion writes them, and an object store. */
export class Library {
  readonly base: IndexedBase
  readonly objects: FolderObjectStore
  readonly dir: string
  readonly store: Store
  readonly documents: string[] = []
  /** The permission sets of its documents. */
  sets: readonly [number, number] = [0, 0]
  readonly #open: SearchWorkers[] = []

  constructor(store: Store, organizationId: string, dir: string) {
    this.store = store
    this.dir = dir
    this.objects = new FolderObjectStore(dir)
    this.base = { organizationId, knowledgeBase, model, format: '1.test', metadata: () => ({}) }
  }

  static async make(store: Store, organizationId: string): Promise<Library> {
    const dir = await mkdtemp(join(tmpdir(), 'plinth-segments-'))
    const made = new Library(store, organizationId, dir)
    made.sets = await made.#within(async (tx) => [
      await permissionSetFor(tx, ['everyone']),
      await permissionSetFor(tx, ['group:board']),
    ])
    return made
  }

  async close(): Promise<void> {
    for (const search of this.#open) await search.close()
    await rm(this.dir, { recursive: true, force: true })
  }

  /** A new document of some chunks; each holds these words. Returns its id. */
  async add(words: string, chunks = 3): Promise<string> {
    const id = await this.#within(async (tx) => {
      const [made] = await addDocuments(tx, [
        {
          knowledgeBase,
          source: 'files',
          externalId: `file-${this.documents.length}-${Math.random()}`,
          title: 'A file',
          location: '',
          permissionSetId: this.sets[0],
        },
      ])
      await this.#addVersion(tx, made!, { words, chunks })
      return made!
    })
    this.documents.push(id)
    return id
  }

  async replace(id: string, words: string, chunks = 3): Promise<void> {
    await this.#within(async (tx) => {
      await tx.deleteFrom('chunk').where('document_id', '=', id).execute()
      await this.#addVersion(tx, id, { words, chunks })
    })
  }

  async remove(id: string): Promise<void> {
    await this.#within((tx) => removeDocuments(tx, knowledgeBase, [id]))
    this.documents.splice(this.documents.indexOf(id), 1)
  }

  async permit(id: string, which: 0 | 1): Promise<void> {
    await this.#within((tx) =>
      changeReaders(tx, knowledgeBase, { ids: [id], permissionSetId: this.sets[which] }),
    )
  }

  async chunksOf(id: string): Promise<number[]> {
    const rows = await this.#within((tx) =>
      tx.selectFrom('chunk').select('id').where('document_id', '=', id).execute(),
    )
    return rows.map((row) => row.id)
  }

  async epoch(): Promise<number> {
    const row = await this.#within((tx) =>
      tx
        .selectFrom('knowledge_epoch')
        .select('epoch')
        .where('knowledge_base', '=', knowledgeBase)
        .executeTakeFirst(),
    )
    return row?.epoch ?? 0
  }

  rows() {
    return this.#within((tx) =>
      tx
        .selectFrom('index_segment')
        .selectAll()
        .where('knowledge_base', '=', knowledgeBase)
        .execute(),
    )
  }

  async keys(): Promise<string[]> {
    const keys: string[] = []
    for await (const key of this.objects.list(`${this.base.organizationId}/segments/`))
      keys.push(key)
    return keys
  }

  /** Everything that lies in the object store, as text. */
  async bytes(): Promise<string> {
    const files = await readdir(this.dir, { recursive: true, withFileTypes: true })
    const read = files
      .filter((file) => file.isFile())
      .map((file) => readFile(join(file.parentPath, file.name), 'latin1'))
    return (await Promise.all(read)).join('\n')
  }

  async forgetChanges(): Promise<void> {
    await this.#within((tx) => tx.deleteFrom('index_change').execute())
  }

  /** As after a while: all that happened lies so many seconds back. */
  async age(seconds: number): Promise<void> {
    const created_at = new Date(Date.now() - seconds * 1_000)
    await this.#within((tx) => tx.updateTable('index_change').set({ created_at }).execute())
  }

  reader(
    given: { base?: IndexedBase; objects?: FolderObjectStore; store?: Store } = {},
    pace: Partial<KeeperPace> = {},
  ): Reader {
    const { base = this.base, objects = this.objects, store = this.store } = given
    const search = new SearchWorkers()
    this.#open.push(search)
    const faults: string[] = []
    const stored = new StoredIndexes({ store, objects, onFault: (one) => faults.push(one) })
    const house = { store, search, storedIndexes: stored }
    const name = indexName(base)
    const keeper = new IndexKeeper(
      {
        ...house,
        bases: async (id) => (id === base.organizationId ? [base] : []),
        onFault: (error) => faults.push(String(error)),
      },
      pace,
    )
    const load = async () => loadIndex(house, base, { epoch: await this.epoch() })
    const write = async ({ purge = false } = {}) => {
      for (let first = purge; ; first = false) {
        const outcome = await stored.write(base, (wanted) =>
          search.snapshot(name, { ...wanted, purge: first }),
        )
        if (outcome !== 'later') return outcome
        await new Promise((done) => setTimeout(done, 5))
      }
    }
    const find = async (terms: string[], permissionSets: readonly number[] = this.sets) => {
      const vector = Float32Array.of(0.6, 0.8, 0)
      const answer = await search.search(name, { terms, vector, permissionSets, k: 500, legK: 500 })
      return answer.state === 'ready' ? answer.hits : answer.state
    }
    return { search, stored, keeper, faults, load, find, write }
  }

  async #addVersion(
    tx: Tx,
    id: string,
    { words, chunks }: { words: string; chunks: number },
  ): Promise<void> {
    const version = newId('ver')
    const { n } = await tx
      .selectFrom('document_version')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('document_id', '=', id)
      .executeTakeFirstOrThrow()
    await tx
      .insertInto('document_version')
      .values({
        id: version,
        document_id: id,
        number: Number(n) + 1,
        content_digest: 'sha256:0',
        settings_digest: 'sha256:0',
        media_type: 'text/plain',
        parser: 'txt/1',
        bytes: 1,
        original_key: '',
        parsed_key: '',
        text_chars: 1,
        chunk_count: chunks,
      })
      .execute()
    const epoch = await recordIndexChange(tx, knowledgeBase, { ids: [id], change: 'replaced' })
    for (let ordinal = 0; ordinal < chunks; ordinal++) {
      const chunk = await tx
        .insertInto('chunk')
        .values({
          knowledge_base: knowledgeBase,
          document_id: id,
          document_version_id: version,
          ordinal,
          start_offset: 0,
          end_offset: 1,
          kind: 'text',
          text: words,
          search_text: `${words} ${'part '.repeat(ordinal)}`,
          tokens: 2,
          epoch,
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      const vector = Float32Array.of(Math.sin(chunk.id), Math.cos(chunk.id), ordinal)
      await tx
        .insertInto('embedding')
        .values({
          chunk_id: chunk.id,
          model,
          knowledge_base: knowledgeBase,
          epoch,
          vector: vectorBytes(vector),
        })
        .execute()
    }
  }

  #within<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.store.within(this.base.organizationId, work)
  }
}
