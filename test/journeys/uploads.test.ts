import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const resources = `
kind: KnowledgeBase
name: plain
spec: { readers: [everyone] }
---
kind: KnowledgeBase
name: labelled
spec: { readers: [everyone], masking: { mode: label } }
---
kind: KnowledgeBase
name: masked
spec: { readers: [everyone], masking: { mode: mask }, metadata: { contact: string } }
---
kind: Source
name: plain
spec: { knowledgeBase: plain, upload: {} }
---
kind: Source
name: labelled
spec: { knowledgeBase: labelled, upload: {} }
---
kind: Source
name: masked
spec: { knowledgeBase: masked, upload: {} }
`
const digest = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

describe('documents by upload and by text', () => {
  let house: OpenHouse
  let owner: Person
  beforeAll(async () => {
    house = await openHouse()
    owner = house.owner
    await house.apply(resources)
  })
  afterAll(() => house?.close())

  const find = async (query: string, base = 'plain') => {
    const body = { query, knowledgeBases: [base] }
    return (await owner.call('POST', '/api/v1/search', { body })).body.hits
  }
  const begin = (body: object) => owner.call('POST', '/api/v1/uploads', { body })
  const send = (id: string, offset: number, body: Uint8Array) =>
    owner.call('PUT', `/api/v1/uploads/${id}?offset=${offset}`, { body })

  it('go on from where they broke off, at any offset, and begin again nowhere [M1.upload]', async () => {
    const bytes = Buffer.from(`Kumquats are stored at eight degrees. ${'filler '.repeat(30_000)}`)
    const start = {
      source: 'plain',
      name: 'kumquats.txt',
      size: bytes.length,
      digest: digest(bytes),
    }
    const { body: upload } = await begin(start)
    expect(upload).toMatchObject({ state: 'receiving', received: 0, jobId: null })
    let received = 0
    for (const part of [1, 4_095, 4_096, 65_537]) {
      const sent = await send(upload.id, received, bytes.subarray(received, received + part))
      received += part
      expect(sent.body).toMatchObject({ state: 'receiving', received })
    }
    // The connection breaks in the middle of a piece: what arrived is safe, the sender asks and goes on.
    await breakOff(house, owner, { id: upload.id, offset: received, bytes, after: 50_000 })
    // The server may still be putting away what arrived: it says how much when that stands.
    let again = await begin(start)
    for (let same = 0, before = -1; same < 5; before = again.body.received) {
      await new Promise((done) => setTimeout(done, 100))
      again = await begin(start)
      same = again.body.received === before ? same + 1 : 0
    }
    expect(again.body.id).toBe(upload.id)
    const safe = again.body.received
    expect(safe).toBeGreaterThanOrEqual(received)
    expect(safe).toBeLessThan(bytes.length)
    const wrong = await send(upload.id, safe + 1, bytes.subarray(safe + 1))
    expect(wrong.body).toMatchObject({
      code: 'CONFLICT',
      detail: expect.stringContaining(`${safe}`),
    })
    const last = await send(upload.id, safe, bytes.subarray(safe))
    expect(last.body).toMatchObject({ state: 'received', received: bytes.length })
    await house.ended(last.body.jobId)
    const [hit] = await find('kumquats degrees')
    const original = await owner.call('GET', `/api/v1/documents/${hit.documentId}/original`)
    expect(digest(Buffer.from(original.text))).toBe(start.digest)
    expect((await send(upload.id, 0, bytes)).body).toMatchObject({ state: 'received' })
  })

  it('sent twice at once are received once, byte for byte [M1.upload]', async () => {
    const bytes = Buffer.from(`Salsify is a root. ${'0123456789'.repeat(40_000)}`)
    const { body: upload } = await begin({
      source: 'plain',
      name: 'salsify.txt',
      size: bytes.length,
    })
    const replies = await Promise.all([1, 2, 3, 4].map(() => send(upload.id, 0, bytes)))
    const good = replies.filter((reply) => reply.status === 200)
    expect(good.length).toBeGreaterThan(0)
    for (const { status, body } of replies) {
      if (status !== 200) expect(body.code).toBe('CONFLICT')
    }
    for (const { body } of good) if (body.jobId) await house.ended(body.jobId)
    const document = (await house.documents('plain')).get('salsify.txt')
    expect(document).toMatchObject({ state: 'ready', bytes: bytes.length, versionNumber: 1 })
    const original = await owner.call('GET', `/api/v1/documents/${document.id}/original`)
    expect(digest(Buffer.from(original.text))).toBe(digest(bytes))
  })

  it('are refused where the bytes are others than announced, and taken when sent rightly [M1.upload]', async () => {
    const bytes = Buffer.from('Celeriac keeps for months.')
    const start = {
      source: 'plain',
      name: 'celeriac.txt',
      size: bytes.length,
      digest: digest(bytes),
    }
    const { body: upload } = await begin(start)
    const swapped = Buffer.from(bytes).reverse()
    const refused = await send(upload.id, 0, swapped)
    expect(refused.body).toMatchObject({ code: 'INVALID_INPUT', where: 'digest' })
    const longer = await send(upload.id, 0, Buffer.concat([bytes, bytes]))
    expect(longer.body).toMatchObject({ code: 'INVALID_INPUT' })
    expect((await house.documents('plain')).has('celeriac.txt')).toBe(false)
    const taken = await send(upload.id, 0, bytes)
    expect(taken.body.state).toBe('received')
    await house.ended(taken.body.jobId)
    expect((await house.documents('plain')).get('celeriac.txt').state).toBe('ready')
  })

  it('cost nothing where the content is known, and replace it where it is new [M1.unchanged]', async () => {
    const first = await house.upload('plain', 'parsnip.txt', 'Parsnips are sown in March.')
    const same = await house.upload('plain', 'parsnip.txt', 'Parsnips are sown in March.')
    expect(same).toMatchObject({ id: first.id, versionId: first.versionId, versionNumber: 1 })
    const next = await house.upload('plain', 'parsnip.txt', 'Parsnips are sown in April.')
    expect(next).toMatchObject({ id: first.id, versionNumber: 2 })
    expect((await find('parsnips sown'))[0].text).toContain('April')
    // Back to the first content: a third version, since that is what is true now.
    const back = await house.upload('plain', 'parsnip.txt', 'Parsnips are sown in March.')
    expect(back).toMatchObject({ id: first.id, versionNumber: 3 })
  })

  it('are answered from in the order in which they came, however quickly [M1.upload]', async () => {
    for (let round = 0; round < 3; round++) {
      const jobs: string[] = []
      for (const size of [200_000, 30]) {
        const text = `Turnips round ${round} hold ${size} seeds. ${'x '.repeat(size / 2)}`
        const body = { source: 'plain', externalId: `turnips-${round}.txt`, text }
        jobs.push((await owner.call('POST', '/api/v1/documents', { body })).body.jobId)
      }
      for (const job of jobs) await house.ended(job)
      const document = (await house.documents('plain')).get(`turnips-${round}.txt`)
      const { body } = await owner.call('GET', `/api/v1/documents/${document.id}/text`)
      expect(body.text.slice(0, 60)).toContain('hold 30 seeds')
      expect((await find(`turnips round ${round}`))[0].text.slice(0, 60)).not.toContain('200000')
    }
  })

  it('have names that lead nowhere [M1.names]', async () => {
    const names: [string, string][] = [
      ['../../etc/passwd.txt', 'etc/passwd.txt'],
      ['C:\\Windows\\evil.txt', 'C:/Windows/evil.txt'],
      ['/var/lib/id.txt', 'var/lib/id.txt'],
      ['report\u202efdp.txt', 'reportfdp.txt'],
      ['new\nline\u0007bell.txt', 'newlinebell.txt'],
      ['cafe\u0301.txt', 'caf\u00e9.txt'],
      ['🎄.txt', '🎄.txt'],
    ]
    for (const [name, wanted] of names) {
      const body = { source: 'plain', externalId: name, text: `Named ${wanted} on arrival.` }
      const { body: sent, status } = await owner.call('POST', '/api/v1/documents', { body })
      expect([name, status]).toEqual([name, 202])
      await house.ended(sent.jobId)
      expect((await house.documents('plain')).get(wanted)).toMatchObject({
        id: sent.documentId,
        state: 'ready',
      })
    }
    for (const name of ['..', '/', '\u202e', './..//']) {
      const body = { source: 'plain', externalId: name, text: 'x' }
      const refused = await owner.call('POST', '/api/v1/documents', { body })
      expect([name, refused.body.code]).toEqual([name, 'INVALID_INPUT'])
    }
  })

  it('come as text with a title and typed metadata [M1.text]', async () => {
    const text = '# Swedes\n\nSwedes are lifted in November.\n'
    const body = {
      source: 'plain',
      externalId: 'swedes',
      title: 'On swedes',
      text,
      mediaType: 'text/markdown',
    }
    const { body: sent } = await owner.call('POST', '/api/v1/documents', { body })
    await house.ended(sent.jobId)
    const { body: stored } = await owner.call('GET', `/api/v1/documents/${sent.documentId}/text`)
    expect(stored.blocks.map((block: { kind: string }) => block.kind)).toContain('heading')
    const [hit] = await find('swedes lifted')
    expect(hit).toMatchObject({
      documentId: sent.documentId,
      title: 'On swedes',
      headingPath: ['Swedes'],
    })
    expect(stored.text.slice(hit.start, hit.end)).toBe(hit.text)
    for (const bad of [
      { ...body, source: 'none' },
      { ...body, text: '' },
      { ...body, mediaType: 'a/b' },
    ]) {
      expect(
        (await owner.call('POST', '/api/v1/documents', { body: bad })).status,
      ).toBeGreaterThanOrEqual(400)
    }
  })

  const personal =
    'Write to anna.schmidt@example.org or call +49 30 901820 about the account DE89370400440532013000.'
  const search = async (base: string, query: string) => (await find(query, base))[0]

  it('keep personal data, name it, or mask it, as the base says [M11.modes]', async () => {
    const plain = await house.upload('plain', 'contact.txt', personal)
    expect(plain.findings).toEqual({})
    expect((await search('plain', 'write account')).text).toContain('anna.schmidt@example.org')
    const labelled = await house.upload('labelled', 'contact.txt', personal)
    expect(labelled.findings).toMatchObject({ EMAIL: 1, PHONE: 1, IBAN: 1 })
    expect((await search('labelled', 'write account')).text).toContain('DE89370400440532013000')
    const masked = await house.upload('masked', 'contact.txt', personal)
    expect(masked.findings).toEqual(labelled.findings)
    const hit = await search('masked', 'write account')
    for (const value of ['anna.schmidt', '901820', 'DE8937']) expect(hit.text).not.toContain(value)
    for (const path of ['/text', '/chunks']) {
      const { text } = await owner.call('GET', `/api/v1/documents/${masked.id}${path}`)
      for (const value of ['anna.schmidt', '901820', 'DE8937']) expect(text).not.toContain(value)
    }
    expect(await find('anna.schmidt', 'masked')).toEqual([])
  })

  it('are masked in title, metadata and name too, wherever these come from [M11.given]', async () => {
    const mail = 'jo.moss@example.org'
    const send = async (body: object) => {
      const all = { source: 'masked', text: `Ask ${mail} about plums.`, ...body }
      const sent = (await owner.call('POST', '/api/v1/documents', { body: all })).body
      await house.ended(sent.jobId)
      return `/api/v1/documents/${sent.documentId}`
    }
    const given = { externalId: 'plums.txt', title: `Of ${mail}`, metadata: { contact: mail } }
    const path = await send(given)
    const named = await send({ externalId: `mail/${mail}.txt` })
    const broken = `${mail}.pdf`
    await house.upload('masked', broken, '%PDF-1.7 broken')
    const member = await house.person('plum-reader', { roles: ['data-engineer'] })
    const places = ['', '/text', '/chunks'].flatMap((part) => [path + part, named + part])
    places.push('/api/v1/documents?knowledgeBase=masked', '/api/v1/traces?kind=ingest')
    for (const place of [...places, '/api/v1/jobs']) {
      const { status, text } = await member.call('GET', place)
      expect([place, status, text.includes('jo.moss')]).toEqual([place, 200, false])
    }
    const body = { query: 'plums', knowledgeBases: ['masked'] }
    const found = await member.call('POST', '/api/v1/search', { body })
    expect(found.body.hits.length).toBeGreaterThan(0)
    expect(found.text).not.toContain('jo.moss')
    const seen = (await member.call('GET', path)).body
    expect(seen).toMatchObject({ title: 'Of <EMAIL_1>', metadata: { contact: '<EMAIL_1>' } })
    const officer = await house.person('plum-officer', { roles: ['security'] })
    const unmask = { body: { placeholders: ['<EMAIL_1>'] } }
    const { values } = (await officer.call('POST', `${path}/unmask`, unmask)).body
    expect(values).toEqual({ '<EMAIL_1>': mail })
    // Read again, it comes from what was given; given anew, it is read again though the text is the same.
    await house.ended((await owner.call('POST', '/api/v1/sources/masked/sync?force=true')).body.id)
    expect((await member.call('GET', path)).body).toMatchObject({ title: 'Of <EMAIL_1>' })
    await send({ ...given, title: 'Of plums' })
    expect((await member.call('GET', path)).body).toMatchObject({ title: 'Of plums' })
  })

  it('show a version from before their base masked to those only who may unmask [M11.older-version]', async () => {
    const base = (mode: string) => `
kind: KnowledgeBase
name: turned
spec: { readers: [everyone], masking: { mode: ${mode} } }
---
kind: Source
name: turned
spec: { knowledgeBase: turned, upload: {} }
`
    await house.apply(base('off'))
    const { id, versionId } = await house.upload('turned', 'contact.txt', personal)
    const member = await house.person('turner')
    const older = `/api/v1/documents/${id}/text?version=${versionId}`
    expect((await member.call('GET', older)).text).toContain('anna.schmidt')
    const search = { query: 'write account', knowledgeBases: ['turned'] }
    const { traceId } = (await member.call('POST', '/api/v1/search', { body: search })).body
    await house.apply(base('mask'))
    await house.sync('turned')
    const refused = await member.call('GET', older)
    expect(refused.body).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    const now = await member.call('GET', `/api/v1/documents/${id}/text`)
    expect(now.status).toBe(200)
    expect(now.text).not.toContain('anna.schmidt')
    expect((await member.call('GET', `/api/v1/traces/${traceId}`)).text).not.toContain('anna')
    const officer = await house.person('turn-officer', { roles: ['security'] })
    expect((await officer.call('GET', older)).text).toContain('anna.schmidt')
  })

  it('give masked values and originals back only through a permitted, audited act [M11.unmask-audited]', async () => {
    const document = (await house.documents('masked')).get('contact.txt')
    const { text } = (await owner.call('GET', `/api/v1/documents/${document.id}/text`)).body
    const placeholders = text.match(/\[[A-Z_]+_[^\]]+\]|⟦[^⟧]+⟧|<[A-Z_]+[^>]*>/gu) ?? []
    expect(placeholders).toHaveLength(3)
    const member = await house.person('reader')
    const unmask = `/api/v1/documents/${document.id}/unmask`
    const refused = await member.call('POST', unmask, { body: { placeholders } })
    expect(refused.body).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    const original = `/api/v1/documents/${document.id}/original`
    expect((await member.call('GET', original)).body).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    })
    expect(
      (await member.call('GET', `/api/v1/documents/${document.id}/text`)).body.originalAvailable,
    ).toBe(false)
    const officer = await house.person('officer', { roles: ['security'] })
    const revealed = await officer.call('POST', unmask, {
      body: { placeholders: [...placeholders, '[EMAIL_none]'] },
    })
    expect(Object.values(revealed.body.values).sort()).toEqual(
      ['+49 30 901820', 'DE89370400440532013000', 'anna.schmidt@example.org'].sort(),
    )
    const opened = await officer.call('GET', original)
    expect(opened.text).toBe(personal)
    const events = await house.house.foundation.store.read(house.organizationId, (tx) =>
      tx.selectFrom('audit_event').select(['kind', 'actor_id', 'seq']).orderBy('seq').execute(),
    )
    expect(
      events.filter((e) => e.kind === 'access.denied' && e.actor_id === member.keyId),
    ).not.toEqual([])
    expect(events).toContainEqual({
      kind: 'vault.revealed',
      actor_id: officer.keyId,
      seq: revealed.body.auditSeq,
    })
    expect(events.at(-1)).toMatchObject({ kind: 'document.opened', actor_id: officer.keyId })
  })
})

/** Sends a part of the bytes and drops the connection. */
async function breakOff(
  house: OpenHouse,
  owner: Person,
  what: { id: string; offset: number; bytes: Uint8Array; after: number },
): Promise<void> {
  const { id, offset, bytes, after } = what
  await new Promise<void>((done) => {
    const sending = request(`${house.url}/api/v1/uploads/${id}?offset=${offset}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${owner.key}`,
        'content-type': 'application/octet-stream',
        'content-length': bytes.length - offset,
      },
    })
    sending.on('error', () => done())
    sending.write(bytes.subarray(offset, offset + after), () => {
      setTimeout(() => {
        sending.destroy()
        setTimeout(done, 200)
      }, 100)
    })
  })
}
