import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { countIndexedRows } from '#store'
import { addOrganization, openTestStore, type TestStore } from '../../../../test/open-store.ts'
import { FolderObjectStore } from '../../../adapters/objects/folder/folder.ts'
import { indexName } from '../indexed-base.ts'
import { Library, type Reader } from './library.fixture.ts'

let opened: TestStore
const open: Library[] = []
const terms = ['alpha', 'beta', 'gamma', 'part']

beforeAll(async () => {
  opened = await openTestStore()
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
afterAll(() => opened.close())

async function library(): Promise<Library> {
  const made = await Library.make(opened.store, await addOrganization(opened.store))
  open.push(made)
  return made
}

async function filled(documents = 8): Promise<Library> {
  const made = await library()
  for (let i = 0; i < documents; i++) await made.add(['alpha', 'alpha beta', 'gamma'][i % 3]!)
  return made
}

/** A process that starts now answers as one that reads every row. */
async function expectLikeRows(at: Library): Promise<Reader> {
  const restored = at.reader()
  const rebuilt = at.reader({ base: { ...at.base, format: 'none' } })
  await restored.load()
  await rebuilt.load()
  for (const sets of [[at.sets[0]], [at.sets[1]], at.sets]) {
    expect(await restored.find(terms, sets)).toEqual(await rebuilt.find(terms, sets))
  }
  const name = indexName(at.base)
  const [ours, theirs] = [restored, rebuilt].map(async ({ search }) => {
    const { epoch, chunks, vectors, documents } = (await search.stats()).indexes[name]!
    return { epoch, chunks, vectors, documents }
  })
  expect(await ours).toEqual(await theirs)
  return restored
}

async function changesOf(reader: Reader, at: Library): Promise<number> {
  return (await reader.search.stats()).indexes[indexName(at.base)]!.changes
}

/** Whether what is stored holds text that was removed a while ago. */
async function holdsRemoved(at: Library, { stored }: Reader): Promise<boolean> {
  const found = await stored.holdingRemovedText(30)
  return found.some((one) => one.organizationId === at.base.organizationId)
}

/** Every row names an object, every object is named. */
async function expectTidy(at: Library, reader: Reader): Promise<void> {
  for (let i = 0; i < 2; i++) await reader.stored.sweep([at.base.organizationId])
  const named = (await at.rows()).map((row) => row.object_key)
  expect(await at.keys()).toEqual(named.sort())
}

describe('a stored index', () => {
  it('answers as one that is built from the rows, whatever happened before and since [M3.stored-restore]', async () => {
    const change = fc.record({
      what: fc.constantFrom('add', 'replace', 'remove', 'permit', 'write', 'restart'),
      which: fc.nat(),
      words: fc.constantFrom('alpha', 'beta gamma', 'alpha alpha beta'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 4, maxLength: 14 }), async (changes) => {
        const at = await filled(3)
        let reader = at.reader()
        await reader.load()
        for (const { what, which, words } of changes) {
          const id = at.documents[which % Math.max(1, at.documents.length)]
          if (what === 'add' || id === undefined) await at.add(words)
          else if (what === 'replace') await at.replace(id, words, 1 + (which % 4))
          else if (what === 'remove') await at.remove(id)
          else if (what === 'permit') await at.permit(id, which % 2 === 0 ? 0 : 1)
          else if (what === 'restart') {
            reader = at.reader()
            await reader.load()
          } else {
            await reader.load()
            expect(await reader.write()).toBe('kept')
          }
        }
        const last = await expectLikeRows(at)
        expect(last.faults).toEqual([])
        await expectTidy(at, last)
      }),
      { numRuns: 6 },
    )
  })

  it('is read instead of the rows, and only what came after is read from them [M3.stored-instead]', async () => {
    const at = await filled()
    const first = at.reader()
    await first.load()
    await first.write()
    const again = at.reader()
    await again.load()
    expect(await changesOf(again, at)).toBe(0)
    await at.add('beta', 2)
    const third = await expectLikeRows(at)
    expect(await changesOf(third, at)).toBeLessThanOrEqual(3)
    // A second writing adds what is new: parts that are there stay.
    const before = new Set(await at.keys())
    await third.write()
    expect((await at.rows()).filter((row) => before.has(row.object_key)).length).toBeGreaterThan(0)
  })

  it('is the last whole one when its writer is killed anywhere [M3.stored-kill]', async () => {
    const at = await filled()
    const first = at.reader()
    await first.load()
    await first.write()
    await at.add('gamma', 4)
    for (let survived = 0; ; survived++) {
      const dying = at.reader({ objects: new DyingObjects(at.dir, survived) })
      await dying.load()
      const outcome = await dying.write().catch((error: Error) => error.message)
      if (outcome !== 'killed') {
        expect(outcome).toBe('kept')
        expect(survived).toBeGreaterThan(1)
        break
      }
      const reader = await expectLikeRows(at)
      expect(reader.faults).toEqual([])
    }
    // Between the last object and the commit, and just after it.
    for (const when of ['before', 'after'] as const) {
      await at.add('alpha', 2)
      const dying = at.reader({ store: dyingStore(at, when) })
      await dying.load()
      await expect(dying.write()).rejects.toThrow('killed')
      const reader = await expectLikeRows(at)
      expect(reader.faults).toEqual([])
    }
    await expectTidy(at, at.reader())
  })

  it('costs time and no answer when a part of it is gone, cut or changed, and is written anew [M3.stored-damage]', async () => {
    const at = await filled()
    const writer = at.reader()
    await writer.load()
    await writer.write()
    for (const key of await at.keys()) {
      const file = join(at.dir, key)
      const bytes = await readFile(file)
      const changed = Buffer.from(bytes)
      changed[bytes.length - 9]! ^= 4
      for (const damaged of [undefined, bytes.subarray(0, -8), changed]) {
        await (damaged ? writeFile(file, damaged) : rm(file))
        const reader = await expectLikeRows(at)
        expect(reader.faults).toHaveLength(1)
        expect(reader.faults[0]).toContain('cannot be read and is built again')
        await writeFile(file, bytes)
      }
    }
    await rm(join(at.dir, (await at.keys())[0]!))
    const reader = at.reader()
    await reader.load()
    expect(await reader.write()).toBe('kept')
    const healed = await expectLikeRows(at)
    expect(healed.faults).toEqual([])
    expect(await changesOf(healed, at)).toBe(0)
    await expectTidy(at, healed)
  })

  it('stays whole when several processes write at once [M3.stored-writers]', async () => {
    const at = await filled()
    const readers = [at.reader(), at.reader(), at.reader()]
    for (let round = 0; round < 4; round++) {
      for (const reader of readers.slice(round % 3)) await reader.load()
      const outcomes = await Promise.all(readers.map((r) => r.load().then(() => r.write())))
      expect(outcomes).toContain('kept')
      const reader = await expectLikeRows(at)
      expect(reader.faults).toEqual([])
      await at.replace(at.documents[round]!, 'beta gamma')
    }
    await expectTidy(at, readers[0]!)
  })

  it('never takes the place of a newer one [M3.stored-outrun]', async () => {
    const at = await filled()
    const late = at.reader()
    await late.load()
    await at.add('beta')
    const early = at.reader()
    await early.load()
    expect(await early.write()).toBe('kept')
    expect(await late.write()).toBe('outrun')
    const reader = await expectLikeRows(at)
    expect(await changesOf(reader, at)).toBe(0)
    await expectTidy(at, reader)
  })

  it('of another format is left alone, and gone when one of this format is stored [M3.stored-format]', async () => {
    const at = await filled()
    const old = at.reader({ base: { ...at.base, format: '0.test' } })
    await old.load()
    await old.write()
    const now = await expectLikeRows(at)
    expect(await changesOf(now, at)).toBeGreaterThan(0)
    await now.write()
    const formats = (await at.rows()).map((row) => row.id.split('/')[0])
    expect(new Set(formats)).toEqual(new Set(['test@1@1.test']))
    await expectTidy(at, now)
  })

  it('does not bring back what was removed, and holds its words no longer than promised [M3.stored-removed]', async () => {
    const at = await filled()
    const id = await at.add('zanzibar')
    const chunks = await at.chunksOf(id)
    const reader = at.reader()
    await reader.load()
    await reader.write()
    expect(await at.bytes()).toContain('zanzibar')
    await at.remove(id)
    const restored = await expectLikeRows(at)
    const found = (await restored.find(['zanzibar'])) as { chunkId: number }[]
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter(({ chunkId }) => chunks.includes(chunkId))).toEqual([])
    // Rewritten without it in time …
    await at.age(60)
    expect(await holdsRemoved(at, restored)).toBe(true)
    await restored.write({ purge: true })
    expect(await holdsRemoved(at, restored)).toBe(false)
    await expectTidy(at, restored)
    expect(await at.bytes()).not.toContain('zanzibar')
    await expectLikeRows(at)
    // … or, where no process does that, forgotten.
    await at.remove(at.documents[0]!)
    await at.age(60)
    expect(await restored.stored.dropRemovedText(30)).toBeGreaterThan(0)
    await expectTidy(at, restored)
    expect(await at.keys()).toEqual([])
    await expectLikeRows(at)
  })
})

describe('the keeper of indexes', () => {
  const pace = { leastChunks: 10, sweepMs: 1e9 }

  it('loads what nobody asked for, follows it and stores it once it rests [M3.keeper]', async () => {
    const at = await filled()
    const reader = at.reader({}, pace)
    await reader.keeper.look()
    expect(reader.search.epochOf(indexName(at.base))).toBe(await at.epoch())
    expect(await at.rows()).toEqual([])
    await reader.keeper.look()
    const stored = (await at.rows()).length
    expect(stored).toBeGreaterThan(1)
    // A little that changed is followed at once and stored later.
    await at.add('beta', 1)
    for (let i = 0; i < 3; i++) await reader.keeper.look()
    expect(reader.search.epochOf(indexName(at.base))).toBe(await at.epoch())
    const epochs = new Set((await at.rows()).map((row) => row.to_epoch))
    expect(Math.max(...epochs)).toBeLessThan(await at.epoch())
    for (let i = 0; i < 4; i++) await at.add('gamma')
    for (let i = 0; i < 3; i++) await reader.keeper.look()
    expect(Math.max(...(await at.rows()).map((row) => row.to_epoch))).toBe(await at.epoch())
    expect(reader.faults).toEqual([])
    await expectLikeRows(at)
  })

  it('has removed text rewritten before it is due, however little it is [M3.keeper-removed]', async () => {
    const at = await filled()
    const id = await at.add('zanzibar', 1)
    const seconds = { purgeSeconds: 30, removedSeconds: 1e6 }
    const reader = at.reader({}, { ...pace, ...seconds })
    for (let i = 0; i < 3; i++) await reader.keeper.look()
    expect(await at.bytes()).toContain('zanzibar')
    await at.remove(id)
    await at.age(60)
    await reader.keeper.look()
    await reader.keeper.sweep()
    await expect
      .poll(async () => {
        await reader.keeper.look()
        return holdsRemoved(at, reader)
      })
      .toBe(false)
    await expectTidy(at, reader)
    expect(await at.bytes()).not.toContain('zanzibar')
    expect(reader.faults).toEqual([])
  })

  it('forgets what no base uses any more [M3.keeper-unused]', async () => {
    const at = await filled()
    const lexical = at.reader({ base: { ...at.base, model: undefined } })
    await lexical.load()
    await lexical.write()
    const reader = at.reader({}, { ...pace, unusedSeconds: 0 })
    for (let i = 0; i < 2; i++) await reader.keeper.look()
    const models = async () => [...new Set((await at.rows()).map((row) => row.id.split('@')[0]))]
    expect((await models()).sort()).toEqual(['lexical', 'test'])
    await reader.keeper.sweep()
    expect(await models()).toEqual(['test'])
    await expectTidy(at, reader)
  })

  it('counts the rows in pages of any size, and only those of one moment [M3.keeper-proof]', async () => {
    const at = await filled(9)
    await at.replace(at.documents[2]!, 'beta', 5)
    await at.remove(at.documents[4]!)
    await at.permit(at.documents[1]!, 1)
    const epoch = await at.epoch()
    const place = { organizationId: at.base.organizationId, base: at.base.knowledgeBase }
    const count = (model: string | undefined, options = {}) =>
      countIndexedRows(at.store, { ...place, model }, options)
    for (const page of [1, 2, 3, 7, 26, 27, 1_000]) {
      expect(await count('test@1', { page })).toEqual({ epoch, chunks: 26, vectors: 26 })
      expect(await count(undefined, { page })).toEqual({ epoch, chunks: 26, vectors: 0 })
    }
    expect(await count('test@1', { expected: epoch - 1 })).toBe('moved')
    const counting = count('test@1', { page: 1 })
    await at.add('gamma')
    expect(await counting).toBe('moved')
    await expect(count('test@1', { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(await count('test@1', { expected: epoch + 1 })).toMatchObject({ chunks: 29 })
  })

  it('builds from the rows what came out of the store other than they say [M3.keeper-proof]', async () => {
    const at = await filled()
    const writer = at.reader()
    await writer.load()
    await writer.write()
    await at.replace(at.documents[0]!, 'gamma')
    // As where the log of changes no longer reaches back to what is stored.
    await at.forgetChanges()
    const reader = at.reader({}, pace)
    const chunks = async () => (await reader.search.stats()).indexes[indexName(at.base)]?.chunks
    await reader.load()
    expect(await chunks()).toBe(27)
    for (let i = 0; i < 4; i++) await reader.keeper.look()
    expect(await chunks()).toBe(24)
    expect(reader.faults).toMatchObject([expect.stringContaining('what the rows say')])
    const last = await expectLikeRows(at)
    expect(await changesOf(last, at)).toBe(0)
    await expectTidy(at, last)
  })

  it('leaves small indexes to the rows [M3.keeper-small]', async () => {
    const at = await filled(2)
    const reader = at.reader({}, pace)
    for (let i = 0; i < 4; i++) await reader.keeper.look()
    expect(reader.search.epochOf(indexName(at.base))).toBe(await at.epoch())
    expect(await at.rows()).toEqual([])
  })
})

/** An object store whose process dies at the writing after so many. */
class DyingObjects extends FolderObjectStore {
  #left: number

  constructor(root: string, left: number) {
    super(root)
    this.#left = left
  }

  override async put(key: string, bytes: Uint8Array): Promise<void> {
    if (this.#left-- <= 0) throw new Error('killed')
    await super.put(key, bytes)
  }
}

/** A store whose process dies right before or after the transaction that makes a stored index. */
function dyingStore(at: Library, when: 'before' | 'after'): Library['store'] {
  return {
    ...at.store,
    engine: at.store.engine,
    read: (id, work) => at.store.read(id, work),
    system: (work) => at.store.system(work),
    close: () => at.store.close(),
    within: async (id, work) => {
      if (when === 'after') await at.store.within(id, work)
      throw new Error('killed')
    },
  }
}
