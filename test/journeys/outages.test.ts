import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PlinthError } from '#kernel'
import { type OpenHouse, openHouse } from '../open-house.ts'

const server = process.env.PLINTH_TEST_DATABASE_URL

const resources = (folder: string) => `
kind: KnowledgeBase
name: notes
spec: { readers: [everyone] }
---
kind: Source
name: files
spec: { knowledgeBase: notes, folder: { path: ${JSON.stringify(folder)} } }
---
kind: Source
name: uploads
spec: { knowledgeBase: notes, upload: {} }
`

describe('outages', () => {
  let house: OpenHouse
  let folder: string
  const disk = { full: false, refused: 0 }
  beforeAll(async () => {
    house = await openHouse({
      before: ({ pipelines }) => {
        const { objects } = pipelines
        const put = objects.put.bind(objects)
        objects.put = async (key, bytes) => {
          if (!disk.full) return put(key, bytes)
          disk.refused++
          throw new PlinthError('UNAVAILABLE', 'The disk of the object store is full.')
        }
      },
    })
    folder = await house.folder('files')
    await house.apply(resources(folder))
  })
  afterAll(() => house?.close())

  const search = async (query: string, at = house) => {
    const body = { query, knowledgeBases: ['notes'] }
    const reply = await house.owner.call('POST', '/api/v1/search', { body })
    const there = at === house ? reply : await at.owner.call('POST', '/api/v1/search', { body })
    return there.body.hits?.map((hit: { externalId: string }) => hit.externalId)
  }
  const report = () =>
    house.house.api.upkeep.doctor({ organizationIds: [house.organizationId], fsck: true })
  const failures = async () => (await report()).checks.filter((check) => check.result === 'failed')

  it('of the disk are told, stop no answer, and the work goes on when there is room [M32.full-disk]', async () => {
    await house.upload('uploads', 'before.txt', 'Written before the disk was full.')
    disk.full = true
    const text = {
      source: 'uploads',
      externalId: 'during.txt',
      text: 'Sent while the disk is full.',
    }
    const refused = await house.owner.call('POST', '/api/v1/documents', { body: text })
    expect(refused.body).toMatchObject({
      status: 503,
      code: 'UNAVAILABLE',
      detail: expect.stringContaining('full'),
    })
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    const bytes = Buffer.from('Uploaded while the disk is full.')
    const begin = { source: 'uploads', name: 'upload.txt', size: bytes.length }
    const { body: upload } = await house.owner.call('POST', '/api/v1/uploads', { body: begin })
    const broken = await house.owner.call('PUT', `/api/v1/uploads/${upload.id}?offset=0`, {
      body: bytes,
    })
    expect(broken.body).toMatchObject({ status: 503, code: 'UNAVAILABLE' })
    await writeFile(join(folder, 'file.md'), 'Found while the disk is full.')
    const { body: sync } = await house.owner.call('POST', '/api/v1/sources/files/sync')
    await expect.poll(() => disk.refused).toBeGreaterThan(2)
    expect(await search('written before')).toContain('before.txt')
    disk.full = false
    const rest = await house.owner.call(
      'PUT',
      `/api/v1/uploads/${upload.id}?offset=${bytes.length}`,
      { body: Buffer.alloc(0) },
    )
    expect(rest.body).toMatchObject({ state: 'received' })
    await house.ended(rest.body.jobId)
    expect(await house.ended(sync.id)).toMatchObject({ state: 'succeeded' })
    expect((await house.owner.call('POST', '/api/v1/documents', { body: text })).status).toBe(202)
    expect(await search('found while the disk')).toContain('file.md')
    expect(await search('uploaded while the disk')).toContain('upload.txt')
    expect(await failures()).toEqual([])
  })

  it.runIf(server)(
    'of the database are told as such, and end with it; nothing acknowledged is lost [M32.database-away]',
    async () => {
      const name = new URL(house.house.config.databaseUrl).pathname.slice(1)
      const admin = new pg.Client({ connectionString: server })
      await admin.connect()
      for (let i = 0; i < 40; i++)
        await writeFile(join(folder, `away${i}.md`), `Written for round${i}r.`)
      const { body: sync } = await house.owner.call('POST', '/api/v1/sources/files/sync')
      await admin.query(`alter database ${name} with allow_connections false`)
      const cut = () =>
        admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
          name,
        ])
      await cut()
      for (let i = 0; i < 5; i++) {
        await cut()
        const reply = await house.owner.call('GET', '/api/v1/documents')
        expect(reply.body).toMatchObject({ status: 503, code: 'UNAVAILABLE' })
        await new Promise((done) => setTimeout(done, 200))
      }
      await admin.query(`alter database ${name} with allow_connections true`)
      await admin.end()
      await expect
        .poll(async () => (await house.owner.call('GET', '/api/v1/documents')).status, {
          timeout: 10_000,
        })
        .toBe(200)
      expect(await house.ended(sync.id)).toMatchObject({ state: 'succeeded' })
      const documents = await house.documents('files')
      expect([...documents.values()].map((one) => one.state)).toEqual(Array(41).fill('ready'))
      expect(await failures()).toEqual([])
    },
    180_000,
  )

  it.runIf(server)(
    'cannot part two servers on one database: one work, each document once, seen by both at once [M1.durable] [M3.at-once]',
    async () => {
      const second = await openHouse({ beside: house })
      try {
        for (let i = 0; i < 120; i++)
          await writeFile(join(folder, `both${i}.md`), `Read by two, pair${i}p.`)
        const both = [house, second].map((at) =>
          at.owner.call('POST', '/api/v1/sources/files/sync'),
        )
        const [a, b] = (await Promise.all(both)).map((reply) => reply.body.id)
        expect(a).toBe(b)
        expect((await house.ended(a)).state).toBe('succeeded')
        const documents = [...(await house.documents('files')).values()].filter((one) =>
          one.externalId.startsWith('both'),
        )
        expect(documents.map((one) => [one.state, one.versionNumber])).toEqual(
          Array(120).fill(['ready', 1]),
        )
        const rows = await house.house.foundation.store.system((tx) =>
          tx.selectFrom('job').select('lease_owner').where('kind', '=', 'ingest').execute(),
        )
        expect(rows.length).toBeGreaterThan(3)
        for (let round = 0; round < 5; round++) {
          const document = await house.upload(
            'uploads',
            `round${round}.txt`,
            `A word for both: ping${round}p.`,
          )
          expect(await search(`ping${round}p`, second)).toEqual([`round${round}.txt`])
          await second.owner.call('DELETE', `/api/v1/documents/${document.id}`)
          expect(await search(`ping${round}p`)).toEqual([])
        }
        expect(await failures()).toEqual([])
      } finally {
        await second.close()
      }
    },
    180_000,
  )
})
