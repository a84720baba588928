import { mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Housekeeping } from '#wiring'
import { type OpenHouse, openHouse } from '../open-house.ts'

let open: OpenHouse
let folder: string
const model = resolve(import.meta.dirname, '../../../shared/models/all-minilm-l6-v2')

const base = (masking: string) => `
kind: KnowledgeBase
name: notes
spec: { readers: [everyone], masking: { mode: ${masking} } }
`
const search = async (query: string) => {
  const reply = await open.owner.call('POST', '/api/v1/search', {
    body: { query, knowledgeBases: ['notes'] },
  })
  expect(reply.status).toBe(200)
  return reply.body
}

beforeAll(async () => {
  open = await openHouse({ env: { PLINTH_EMBEDDER: 'auto' } })
  folder = await open.folder('notes')
  await open.apply(
    `${base('off')}---\nkind: Source\nname: notes\nspec:\n  knowledgeBase: notes\n  folder: { path: ${folder}, watch: true }\n`,
  )
})
afterAll(() => open.close())

describe('a Plinth that follows what it is given', () => {
  it('answers from a new file in a watched folder, and not from a removed one [M1.watch]', async () => {
    const file = join(folder, 'lift.md')
    await writeFile(
      file,
      '# Lift\n\nThe goods lift takes 1,200 kilograms. Ask maria@example.org.\n',
    )
    const hits = async () => (await search('goods lift kilograms')).hits.length
    // The watch begins within seconds of the resource: until then a touch is not seen. Scans wait for a pause in touches.
    const seen = async () => {
      await utimes(file, new Date(), new Date())
      return hits()
    }
    await expect.poll(seen, { interval: 4_000 }).toBe(1)
    await writeFile(join(folder, 'stays.md'), 'The goods lift is inspected in May.\n')
    await expect.poll(hits, { interval: 300 }).toBe(2)
    await rm(file)
    await expect.poll(hits, { interval: 300 }).toBe(1)
  })

  it('reads its documents again when the masking of their base changes [M11.remask]', async () => {
    await writeFile(join(folder, 'people.md'), 'Questions about badges go to maria@example.org.\n')
    const text = async () => (await search('questions about badges')).hits[0]?.text ?? ''
    await expect.poll(text, { interval: 300 }).toContain('maria@example.org')
    const applied = await open.owner.call('POST', '/api/v1/resources', {
      body: { yaml: base('mask') },
    })
    expect(applied.body.results).toMatchObject([{ kind: 'KnowledgeBase', outcome: 'changed' }])
    await expect.poll(text, { interval: 300 }).toContain('<EMAIL_1>')
    expect(await text()).not.toContain('maria@example.org')
  })

  it('turns the dense leg on when a model is added, and embeds what is there [M2.model-added]', async () => {
    expect((await search('elevator')).dense).toMatchObject({ embedder: null })
    const models = open.house.config.modelsDir
    await mkdir(models, { recursive: true })
    await symlink(model, join(models, 'all-minilm-l6-v2'))
    const dense = async () => (await search('elevator')).hits[0]?.dense?.rank ?? 0
    await expect.poll(dense, { interval: 500 }).toBe(1)
    expect((await search('elevator')).hits[0].text).toContain('goods lift')
  })

  it('does not take an unmounted folder for one whose files were all removed [M1.empty-mount]', async () => {
    const share = await open.folder('share')
    const names = Array.from({ length: 12 }, (_, i) => join(share, `leaflet-${i}.txt`))
    for (const name of names) await writeFile(name, `Leaflet about ${name}.`)
    await open.apply(
      `kind: Source\nname: share\nspec: { knowledgeBase: notes, folder: { path: ${share} } }\n`,
    )
    await open.sync('share')
    for (const name of names) await rm(name)
    const refused = await open.sync('share')
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'NOT_FOUND' } })
    expect((await open.documents('share')).size).toBe(12)
    const started = await open.owner.call('POST', '/api/v1/sources/share/sync?force=true')
    expect((await open.ended(started.body.id)).state).toBe('succeeded')
    expect((await open.documents('share')).size).toBe(0)
  })
})

describe('housekeeping', () => {
  it('clears uploads that broke off a week ago, with their bytes, and no younger one [M1.upload-purge]', async () => {
    await open.apply('kind: Source\nname: inbox\nspec: { knowledgeBase: notes, upload: {} }\n')
    const body = { source: 'inbox', name: 'half.txt', size: 10 }
    const { id } = (await open.owner.call('POST', '/api/v1/uploads', { body })).body
    const sent = await open.owner.call('PUT', `/api/v1/uploads/${id}?offset=0`, {
      body: 'half!',
      headers: { 'content-type': 'application/octet-stream' },
    })
    expect(sent.body.received).toBe(5)
    const { api, config } = open.house
    const { uploads } = api
    const at = (days: number) => ({ now: () => new Date(Date.now() + days * 86_400_000) })
    const clear = (days: number) =>
      new Housekeeping({ ...api, clock: at(days) }, config, () => undefined).clear()
    expect((await clear(6)).uploads).toBe(0)
    expect((await clear(8)).uploads).toBe(1)
    expect(await uploads.size(id)).toBe(0)
    expect((await open.owner.call('GET', `/api/v1/uploads/${id}`)).status).toBe(404)
  })
})
