import { writeFile } from 'node:fs/promises'
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

describe('what failed', () => {
  let house: OpenHouse
  let folder: string
  beforeAll(async () => {
    // Nothing is worked on before the first test says so.
    house = await openHouse({ env: { PLINTH_WORKERS: '0' } })
    folder = await house.folder('files')
    await house.apply(resources(folder))
  })
  afterAll(() => house?.close())

  const events = async () =>
    (await house.owner.call('GET', '/api/v1/audit?kind=job.retried')).body.items

  it('as a whole job starts again as a new one; what did not fail does not [M1.retry] [M28.retry]', async () => {
    await writeFile(join(folder, 'quinces.txt'), 'Quinces ripen in October.')
    const { id } = (await house.owner.call('POST', '/api/v1/sources/files/sync')).body
    const ended = (await house.owner.call('POST', `/api/v1/jobs/${id}/cancel`)).body
    expect(ended.state).toBe('cancelled')
    house.house.pipelines.jobs.start()
    const again = await house.owner.call('POST', `/api/v1/jobs/${id}/retry`)
    expect(again.status).toBe(202)
    expect(again.body.id).not.toBe(id)
    expect((await house.ended(again.body.id)).state).toBe('succeeded')
    expect((await house.documents('files')).get('quinces.txt').state).toBe('ready')
    expect((await house.owner.call('GET', `/api/v1/jobs/${id}`)).body.state).toBe('cancelled')
    const [newest] = await events()
    expect(newest.details).toEqual({ of: id, kind: 'source-sync' })
    const done = await house.owner.call('POST', `/api/v1/jobs/${again.body.id}/retry`)
    expect(done.body.code).toBe('CONFLICT')
  })

  it('is read again when somebody asks for it, and that is recorded [M1.retry] [M28.retry]', async () => {
    await writeFile(join(folder, 'notes.pdf'), '%PDF-1.7 broken')
    await house.sync('files')
    const failed = (await house.documents('files')).get('notes.pdf')
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'UNPARSABLE' } })
    const path = `/api/v1/documents/${failed.id}/retry`

    const still = await house.owner.call('POST', path)
    expect(still).toMatchObject({ status: 202, body: { kind: 'ingest' } })
    expect(await house.ended(still.body.id)).toMatchObject({ progress: { filesFailed: 1 } })

    await writeFile(join(folder, 'notes.pdf'), 'Medlars ripen after the first frost.')
    const again = await house.owner.call('POST', path)
    expect(await house.ended(again.body.id)).toMatchObject({
      state: 'succeeded',
      progress: { filesDone: 1, filesFailed: 0 },
    })
    const ready = (await house.owner.call('GET', `/api/v1/documents/${failed.id}`)).body
    expect(ready).toMatchObject({ state: 'ready', error: null })
    expect((await events()).slice(0, 2)).toMatchObject([
      { target: `job:${again.body.id}`, details: { document: failed.id } },
      { target: `job:${still.body.id}`, details: { document: failed.id } },
    ])

    expect((await house.owner.call('POST', path)).body.code).toBe('CONFLICT')
    expect(await events()).toHaveLength(3)
  })

  it('is tried again by nobody who may not write, and is absent elsewhere [M1.retry]', async () => {
    await writeFile(join(folder, 'closed.pdf'), '%PDF-1.7 broken')
    await house.sync('files')
    const { id } = (await house.documents('files')).get('closed.pdf')
    const member = await house.person('reader')
    expect((await member.call('POST', `/api/v1/documents/${id}/retry`)).status).toBe(403)
    const stranger = await house.stranger('elsewhere')
    expect((await stranger.call('POST', `/api/v1/documents/${id}/retry`)).status).toBe(404)
    expect((await stranger.call('POST', '/api/v1/jobs/job_none/retry')).status).toBe(404)
  })

  it('is one reading, however often it is asked for at once [M1.retry]', async () => {
    await writeFile(join(folder, 'once.pdf'), '%PDF-1.7 broken')
    await house.sync('files')
    const { id } = (await house.documents('files')).get('once.pdf')
    await house.house.pipelines.jobs.stop()
    const asked = await Promise.all(
      Array.from({ length: 5 }, () => house.owner.call('POST', `/api/v1/documents/${id}/retry`)),
    )
    expect(new Set(asked.map(({ body }) => body.id)).size).toBe(1)
  })
})
