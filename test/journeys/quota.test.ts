import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Housekeeping } from '#wiring'
import { type OpenHouse, openHouse } from '../open-house.ts'

const resources = `
kind: KnowledgeBase
name: notes
spec: { readers: [everyone] }
---
kind: Source
name: inbox
spec: { knowledgeBase: notes, upload: {} }
`
const kib = 1024

describe('the quota of an organization', () => {
  let house: OpenHouse
  beforeAll(async () => {
    house = await openHouse({ env: { PLINTH_UPLOAD_QUOTA_MB: '1' } })
    await house.apply(resources)
  })
  afterAll(() => house?.close())

  const begin = (name: string, size: number, person = house.owner) =>
    person.call('POST', '/api/v1/uploads', { body: { source: 'inbox', name, size } })
  const text = (externalId: string, size: number) =>
    house.owner.call('POST', '/api/v1/documents', {
      body: { source: 'inbox', externalId, text: externalId.padEnd(size, 'x ') },
    })
  const use = () =>
    house.house.foundation.store.read(house.organizationId, async (tx) => {
      const row = await tx.selectFrom('upload_use').select('stored').executeTakeFirst()
      return Number(row?.stored ?? 0)
    })

  it('holds against many at once, and says what to do [M1.upload-quota]', async () => {
    const sent = Array.from({ length: 12 }, (_, i) => begin(`many${i}.txt`, 200 * kib))
    const replies = await Promise.all([
      ...sent,
      text('one.txt', 300 * kib),
      text('two.txt', 300 * kib),
    ])
    const taken = replies.filter((reply) => reply.status < 300)
    const refused = replies.filter((reply) => reply.status >= 300)
    expect(taken.length).toBeGreaterThanOrEqual(4)
    expect(taken.length).toBeLessThanOrEqual(5)
    for (const { body } of refused) {
      expect(body).toMatchObject({ status: 413, code: 'TOO_LARGE' })
      expect(body.detail).toContain('PLINTH_UPLOAD_QUOTA_MB')
      expect(body.remedy).toContain('raise')
    }
    // An upload that is under way is found again, and needs no more room.
    const open = replies.findIndex((reply) => reply.status === 200)
    expect((await begin(`many${open}.txt`, 200 * kib)).body.id).toBe(replies[open]?.body.id)
  })

  it('counts what came, once, and gives back the room of uploads that rest [M1.upload-quota]', async () => {
    const { store } = house.house.foundation
    const rest = () =>
      store.within(house.organizationId, (tx) =>
        tx
          .updateTable('upload')
          .set({ updated_at: new Date(Date.now() - 61 * 60_000) })
          .where('state', '=', 'receiving')
          .execute(),
      )
    await rest()
    const before = await use()
    const bytes = Buffer.from('quota '.repeat(20 * kib))
    const begun = (await begin('kept.txt', bytes.byteLength)).body
    const sent = await house.owner.call('PUT', `/api/v1/uploads/${begun.id}`, { body: bytes })
    expect(sent.body.state).toBe('received')
    expect(await use()).toBe(before + bytes.byteLength)
    const again = (await begin('copy.txt', bytes.byteLength)).body
    await house.owner.call('PUT', `/api/v1/uploads/${again.id}`, { body: bytes })
    expect(await use()).toBe(before + bytes.byteLength)
    expect((await text('note.txt', 1000)).status).toBe(202)
    expect((await text('note.txt', 1000)).status).toBe(202)
    expect(await use()).toBe(before + bytes.byteLength + 1000)
    // Who goes on with one that rested asks for room again.
    const late = (await begin('late.txt', 250 * kib)).body
    expect(late.state).toBe('receiving')
    await rest()
    const full = (await begin('full.txt', 1024 * kib - (await use()))).body
    expect(full.state).toBe('receiving')
    const part = await house.owner.call('PUT', `/api/v1/uploads/${late.id}`, { body: 'late' })
    expect(part.body).toMatchObject({ status: 413, code: 'TOO_LARGE' })
    await rest()
    expect(
      (await house.owner.call('PUT', `/api/v1/uploads/${late.id}`, { body: 'late' })).body,
    ).toMatchObject({ received: 4 })
  })

  it('takes no byte more than an upload said it has [M1.upload-quota]', async () => {
    const { id } = (await begin('small.txt', 4)).body
    const much = await house.owner.call('PUT', `/api/v1/uploads/${id}`, {
      body: 'x'.repeat(100_000),
    })
    expect(much.body).toMatchObject({ status: 400, code: 'INVALID_INPUT' })
    expect(await house.house.api.uploads.size(id)).toBe(0)
    const right = await house.owner.call('PUT', `/api/v1/uploads/${id}`, { body: 'four' })
    expect(right.body.state).toBe('received')
  })

  it('is each organization’s own, and bounds what one person has under way [M1.upload-quota]', async () => {
    const { store } = house.house.foundation
    const someone = await house.person('someone', { roles: ['data-engineer'] })
    await store.within(house.organizationId, (tx) =>
      tx
        .insertInto('upload')
        .values(
          Array.from({ length: 1_000 }, (_, i) => ({
            id: `upl_many${i}`,
            source: 'inbox',
            name: `many${i}`,
            size: 0,
            object_key: '',
            created_by: someone.keyId,
          })),
        )
        .execute(),
    )
    const refused = await begin('more.txt', 1, someone)
    expect(refused.body).toMatchObject({ status: 429, code: 'TOO_MANY_REQUESTS' })
    expect(refused.body.detail).toContain('openUploadsPerPerson')
    const other = await house.person('other', { roles: ['data-engineer'] })
    expect((await begin('more.txt', 1, other)).status).toBe(200)
  })

  it('gets back the room of removed documents, whenever the work is killed [M1.upload-freed]', async () => {
    const { api, config } = house.house
    const { objects } = api
    const clear = (days: number, at = objects) => {
      const clock = { now: () => new Date(Date.now() + days * 86_400_000) }
      return new Housekeeping({ ...api, objects: at, clock }, config, () => undefined).clear()
    }
    await clear(2)
    const before = await use()
    const same = 'The same bytes under two names. '.repeat(100)
    const send = async (externalId: string) => {
      const body = { source: 'inbox', externalId, text: same }
      const sent = (await house.owner.call('POST', '/api/v1/documents', { body })).body
      await house.ended(sent.jobId)
      return sent.documentId as string
    }
    const remove = (id: string) => house.owner.call('DELETE', `/api/v1/documents/${id}`)
    const originals = async () => {
      const found: string[] = []
      for await (const key of objects.list(`${house.organizationId}/originals`)) found.push(key)
      return found.length
    }
    const kept = await originals()
    const one = await send('one-name.txt')
    const two = await send('another-name.txt')
    expect([await use(), await originals()]).toEqual([before + same.length, kept + 1])
    await remove(one)
    expect((await clear(2)).originals).toBe(0)
    expect((await house.owner.call('GET', `/api/v1/documents/${two}/original`)).text).toBe(same)
    await remove(two)
    // Not at once: a backup that has begun may still copy it.
    expect((await clear(0)).originals).toBe(0)
    const checks = async () => {
      const about = { organizationIds: [house.organizationId], fsck: true }
      const all = (await house.house.api.upkeep.doctor(about)).checks
      return all.filter(({ result, detail }) => result !== 'ok' && /originals/.test(detail ?? ''))
    }
    expect(await checks()).toEqual([])
    const killed = Object.create(objects, {
      delete: {
        value: async (key: string) => {
          await objects.delete(key)
          throw new Error('killed')
        },
      },
    })
    await expect(clear(2, killed)).rejects.toThrow('killed')
    expect([await use(), await originals()]).toEqual([before + same.length, kept])
    expect((await clear(2)).originals).toBe(1)
    expect((await clear(2)).originals).toBe(0)
    expect([await use(), await originals()]).toEqual([before, kept])
    expect(await checks()).toEqual([])
    const again = await send('one-name.txt')
    expect((await house.owner.call('GET', `/api/v1/documents/${again}/original`)).text).toBe(same)
    expect([await use(), await originals()]).toEqual([before + same.length, kept + 1])
  })
})
