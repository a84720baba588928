import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse } from '../open-house.ts'

const resources = (folder: string) => `
kind: KnowledgeBase
name: notes
spec: { readers: [everyone] }
---
kind: Source
name: files
spec: { knowledgeBase: notes, folder: { path: ${JSON.stringify(folder)} } }
`

describe('a scan that is asked for while it is under way', () => {
  let house: OpenHouse
  let folder: string
  /** Before a listing ends: what a person does meanwhile. */
  let meanwhile: (listing: number) => Promise<void> = async () => undefined
  let listings = 0
  beforeAll(async () => {
    house = await openHouse({
      before: ({ pipelines: { ingest } }) => {
        const open = ingest.openSource
        ingest.openSource = (source) => {
          const from = open(source)
          const list = from.list.bind(from)
          from.list = async function* (signal) {
            yield* list(signal)
            await meanwhile(++listings)
          }
          return from
        }
      },
    })
    folder = await house.folder('files')
    await house.apply(resources(folder))
  })
  afterAll(() => house?.close())

  const ask = async () => (await house.owner.call('POST', '/api/v1/sources/files/sync')).body.id
  const word = async (query: string) => {
    const body = { query, knowledgeBases: ['notes'] }
    return (await house.owner.call('POST', '/api/v1/search', { body })).body.hits.length
  }

  it('counts each file once, however often it lists [M1.scan-counts]', async () => {
    for (let i = 0; i < 40; i++) await writeFile(join(folder, `file${i}.md`), `Entry e${i}e.`)
    let joined: string | undefined
    meanwhile = async (listing) => {
      if (listing === 1) joined = await ask()
    }
    listings = 0
    const job = await house.sync('files')
    expect([job.id, listings]).toEqual([joined, 2])
    expect(job.progress).toMatchObject({ filesTotal: 40, filesDone: 40, filesUnchanged: 0 })
    await writeFile(join(folder, 'file0.md'), 'Entry e0e, changed.')
    listings = 0
    const again = await house.sync('files')
    expect(listings).toBe(2)
    expect(again.progress).toMatchObject({ filesTotal: 40, filesDone: 40, filesUnchanged: 39 })
  })

  it('ends all the same, and passes over nobody who asked: they are in it or in the next one [M1.scan-rounds]', async () => {
    const asked: { id: string; file: string }[] = []
    meanwhile = async () => {
      if (asked.length === 25) return
      const file = `round${asked.length}r`
      await writeFile(join(folder, `${file}.md`), `Written in ${file}.`)
      asked.push({ id: await ask(), file })
    }
    const first = await house.sync('files')
    expect(first.state).toBe('succeeded')
    await expect.poll(() => asked.length).toBe(25)
    const ids = [...new Set(asked.map((one) => one.id))]
    expect(ids.length).toBeGreaterThan(1)
    for (const { id, file } of asked) {
      expect((await house.ended(id)).state).toBe('succeeded')
      expect([file, await word(file)]).toEqual([file, 1])
    }
  })

  it('begins anew after it was cut off, and gives nothing to read twice [M1.scan-counts]', async () => {
    const more = await house.folder('more')
    await house.apply(
      `kind: Source\nname: more\nspec: { knowledgeBase: notes, folder: { path: ${JSON.stringify(more)} } }`,
    )
    for (let i = 0; i < 70; i++) await writeFile(join(more, `more${i}.md`), `Another m${i}m.`)
    let cut = 0
    meanwhile = async () => {
      if (cut++ === 0) throw new Error('The listing was cut off.')
    }
    const job = await house.sync('more')
    expect(cut).toBe(2)
    expect(job).toMatchObject({
      state: 'succeeded',
      progress: { filesTotal: 70, filesDone: 70, filesFailed: 0 },
    })
    await rm(join(more, 'more0.md'))
  })
})
