import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeMember, revokeApiKey, setUserGroups } from '#governance'
import { systemPrincipal } from '#kernel'
import { type Document, type OpenHouse, openHouse, type Person } from '../open-house.ts'

const resources = `
kind: KnowledgeBase
name: company
spec: {}
---
kind: Source
name: open
spec: { knowledgeBase: company, upload: {}, readers: [everyone] }
---
kind: Source
name: pay
spec: { knowledgeBase: company, upload: {}, readers: ['group:pay'] }
---
kind: Source
name: nobody
spec: { knowledgeBase: company, upload: {} }
---
kind: Prompt
name: plain
spec: { system: Answer briefly. }
---
kind: Guardrail
name: open
spec: { personalData: { input: allow, output: allow } }
---
kind: Route
name: built-in
spec: { models: [extractive] }
---
kind: Assistant
name: guide
spec: { knowledgeBases: [company], route: built-in, prompt: plain, guardrail: open }
`

const question = 'What bonus does the director receive?'

describe('who may not read', () => {
  let house: OpenHouse
  let insider: Person
  let outsider: Person
  let secret: Document
  let open: Document
  beforeAll(async () => {
    house = await openHouse()
    await house.apply(resources)
    insider = await house.person('insider', { groups: ['pay'] })
    outsider = await house.person('outsider')
    open = await house.upload('open', 'canteen.txt', 'The canteen opens at noon.')
    // The owner may not read it either: rights over the server are no rights over documents.
    const body = {
      source: 'pay',
      externalId: 'bonuses.txt',
      text: 'The director receives a bonus of marmalade.',
    }
    const { body: sent } = await house.owner.call('POST', '/api/v1/documents', { body })
    await house.ended(sent.jobId)
    secret = (await insider.call('GET', `/api/v1/documents/${sent.documentId}`)).body
  })
  afterAll(() => house?.close())

  const by = () => ({
    principal: systemPrincipal,
    appendAudit: house.house.foundation.appendAudit,
  })
  const ask = async (person: Person, body: object = {}) =>
    (await person.call('POST', '/api/v1/ask', { body: { question, ...body } })).body
  const search = async (person: Person) => {
    const body = { query: 'director bonus', knowledgeBases: ['company'] }
    return (await person.call('POST', '/api/v1/search', { body })).body.hits
  }
  const paths = (id: string) =>
    ['', '/text', '/chunks', '/versions', '/original'].map(
      (part) => `/api/v1/documents/${id}${part}`,
    )
  /** Everything a refusal says, without the id that was asked for and the request's own. */
  const said = async (person: Person, method: string, path: string, id: string, body?: unknown) => {
    const reply = await person.call(method, path, body === undefined ? {} : { body })
    const { requestId: _, ...rest } = reply.body
    return JSON.stringify([reply.status, rest]).replaceAll(id, '(id)')
  }

  it('finds, opens and is told nothing; absent and forbidden look the same [M3.permission-inside] [M27.documents]', async () => {
    expect(secret.readers).toEqual(['group:pay'])
    expect((await search(insider)).length).toBe(1)
    expect((await ask(insider)).text).toContain('marmalade')
    const absent = secret.id.replace(/.{4}$/, 'zzzz')
    for (const person of [outsider, house.owner]) {
      expect(await search(person)).toEqual([])
      const answer = await ask(person)
      expect(answer.outcome).toBe('ungrounded')
      expect(JSON.stringify(answer)).not.toMatch(/marmalade|bonuses/)
      for (const [i, path] of paths(secret.id).entries()) {
        const refused = await said(person, 'GET', path, secret.id)
        expect(refused).toBe(await said(person, 'GET', paths(absent)[i]!, absent))
        expect(refused).toMatch(/^\[404/)
      }
      const list = (await person.call('GET', '/api/v1/documents?knowledgeBase=company')).body
      expect(list.items.map((one: Document) => one.id)).toEqual([open.id])
      expect(list.total).toBe(1)
      const found = await person.call('GET', '/api/v1/documents?search=bonus')
      expect(found.body.items).toEqual([])
    }
    // Writing rights do not help: what one may not read one can neither change nor remove.
    const writes: [string, string, unknown][] = [
      ['DELETE', '', undefined],
      ['PUT', '/readers', { readers: ['everyone'] }],
      ['POST', '/unmask', { placeholders: ['<EMAIL_1>'] }],
    ]
    for (const [method, part, body] of writes) {
      const refused = await said(
        house.owner,
        method,
        `/api/v1/documents/${secret.id}${part}`,
        secret.id,
        body,
      )
      expect(refused).toBe(
        await said(house.owner, method, `/api/v1/documents/${absent}${part}`, absent, body),
      )
      expect(refused).toMatch(/^\[404/)
    }
    expect((await insider.call('GET', `/api/v1/documents/${secret.id}`)).status).toBe(200)
  })

  it('nor anybody at all, where no readers are known [M27.documents]', async () => {
    const body = {
      source: 'nobody',
      externalId: 'orphan.txt',
      text: 'The director has an orphaned bonus.',
    }
    const { body: sent } = await house.owner.call('POST', '/api/v1/documents', { body })
    await house.ended(sent.jobId)
    for (const person of [house.owner, insider, outsider]) {
      expect((await person.call('GET', `/api/v1/documents/${sent.documentId}`)).status).toBe(404)
      expect(
        (await search(person)).map((hit: { externalId: string }) => hit.externalId),
      ).not.toContain('orphan.txt')
    }
  })

  it('sees no trace of another’s question; who may sees it without what is not theirs to read [M27.traces]', async () => {
    const answer = await ask(insider)
    expect(answer.outcome).toBe('answered')
    const path = `/api/v1/traces/${answer.traceId}`
    const own = (await insider.call('GET', path)).body
    expect(own.answer.text).toContain('marmalade')
    expect(own.answer.citations[0].quote).toContain('marmalade')
    const absent = answer.traceId.replace(/.{4}$/, 'zzzz')
    expect(await said(outsider, 'GET', path, answer.traceId)).toBe(
      await said(outsider, 'GET', `/api/v1/traces/${absent}`, absent),
    )
    const list = await outsider.call('GET', '/api/v1/traces?limit=500')
    expect(list.text).not.toContain(answer.traceId)
    expect(list.text).not.toContain('bonuses')
    const watcher = await house.person('watcher', { roles: ['security'] })
    const seen = await watcher.call('GET', path)
    expect(seen.status).toBe(200)
    expect(seen.text).not.toMatch(/marmalade|bonuses/)
    expect(seen.body.answer.citations).toEqual([])
    const feed = await watcher.call('GET', '/api/v1/traces?limit=500')
    expect(feed.text).toContain(answer.traceId)
    expect(feed.text).not.toContain('bonuses')
    for (const item of feed.body.items) {
      const { text } = await watcher.call('GET', `/api/v1/traces/${item.id}`)
      expect(text).not.toMatch(/marmalade|bonuses/)
    }
    expect(
      await said(outsider, 'POST', '/api/v1/feedback', answer.traceId, {
        traceId: answer.traceId,
        rating: 1,
      }),
    ).toBe(await said(outsider, 'POST', '/api/v1/feedback', absent, { traceId: absent, rating: 1 }))
  })

  it('sees no conversation of another [M27.conversations]', async () => {
    const { conversationId } = await ask(insider)
    const absent = conversationId.replace(/.{4}$/, 'zzzz')
    const acts: [string, string, unknown?][] = [
      ['GET', ''],
      ['PATCH', '', { title: 'mine' }],
      ['DELETE', ''],
      ['GET', '/export'],
      ['GET', '/export?format=markdown'],
    ]
    for (const [method, part, body] of acts) {
      const refused = await said(
        outsider,
        method,
        `/api/v1/conversations/${conversationId}${part}`,
        conversationId,
        body,
      )
      expect(refused).toBe(
        await said(outsider, method, `/api/v1/conversations/${absent}${part}`, absent, body),
      )
      expect(refused).toMatch(/^\[404/)
    }
    const mine = (await outsider.call('GET', '/api/v1/conversations?search=marmalade')).body.items
    expect(mine).toEqual([])
    expect(await ask(outsider, { conversationId })).toMatchObject({
      outcome: 'denied',
      conversationId: null,
    })
    expect(
      (await insider.call('GET', `/api/v1/conversations/${conversationId}`)).body.messages,
    ).toHaveLength(2)
  })

  it('is another organization whole: its ids are absent here, ours are absent there [M27.foreign-ids]', async () => {
    const stranger = await house.stranger('Elsewhere')
    const { traceId, conversationId } = await ask(insider)
    const jobs = (await house.owner.call('GET', '/api/v1/jobs')).body.items
    const begun = await house.owner.call('POST', '/api/v1/uploads', {
      body: { source: 'open', name: 'part.txt', size: 9 },
    })
    const ids = [
      ...paths(open.id),
      ...paths(secret.id),
      `/api/v1/traces/${traceId}`,
      `/api/v1/conversations/${conversationId}`,
      `/api/v1/jobs/${jobs[0].id}`,
      `/api/v1/uploads/${begun.body.id}`,
      '/api/v1/knowledge-bases/company',
    ]
    for (const path of ids) {
      expect([path, (await stranger.call('GET', path)).status]).toEqual([path, 404])
    }
    for (const list of [
      'documents',
      'knowledge-bases',
      'sources',
      'jobs',
      'conversations',
      'traces',
    ]) {
      const { body } = await stranger.call('GET', `/api/v1/${list}`)
      expect([list, body.items]).toEqual([list, []])
    }
    const refused = await stranger.call('POST', '/api/v1/search', {
      body: { query: 'canteen', knowledgeBases: ['company'] },
    })
    expect(refused.status).toBe(404)
    for (const source of ['open', 'pay']) {
      expect((await stranger.call('POST', `/api/v1/sources/${source}/sync`)).status).toBe(404)
      const body = { source, externalId: 'x.txt', text: 'x' }
      expect((await stranger.call('POST', '/api/v1/documents', { body })).status).toBe(404)
    }
    expect((await stranger.call('DELETE', `/api/v1/documents/${open.id}`)).status).toBe(404)
    expect((await stranger.call('POST', `/api/v1/jobs/${jobs[0].id}/cancel`)).status).toBe(404)
    expect(
      (
        await stranger.call('PUT', `/api/v1/uploads/${begun.body.id}`, {
          body: Buffer.from('123456789'),
        })
      ).status,
    ).toBe(404)
    expect((await ask(stranger, { assistant: 'guide' })).outcome).toBe('denied')
  })

  it('is decided anew with each request: readers, groups and keys count at once [M27.revoke-now] [M3.at-once]', async () => {
    const { store } = house.house.foundation
    const within = house.organizationId
    const own = await ask(insider)
    await store.within(within, (tx) =>
      setUserGroups(tx, { userId: outsider.id, groups: ['pay'] }, by()),
    )
    expect((await search(outsider)).length).toBe(1)
    expect((await ask(outsider)).text).toContain('marmalade')
    await store.within(within, (tx) =>
      removeMember(tx, { group: 'pay', userId: outsider.id }, by()),
    )
    expect(await search(outsider)).toEqual([])
    expect((await ask(outsider)).outcome).toBe('ungrounded')
    const writer = await house.person('writer', { roles: ['data-engineer'], groups: ['pay'] })
    const readers = async (list: string[]) =>
      (
        await writer.call('PUT', `/api/v1/documents/${secret.id}/readers`, {
          body: { readers: list },
        })
      ).status
    expect(await readers(['group:pay', 'everyone'])).toBe(200)
    expect((await search(outsider)).length).toBe(1)
    const conversation = `/api/v1/conversations/${own.conversationId}`
    expect((await insider.call('GET', conversation)).text).toContain('marmalade')
    expect(await readers([`user:${writer.id}`])).toBe(200)
    for (const person of [insider, outsider, house.owner]) expect(await search(person)).toEqual([])
    expect((await search(writer)).length).toBe(1)
    // What was answered before is closed with the document it was drawn from.
    const trace = await insider.call('GET', `/api/v1/traces/${own.traceId}`)
    expect(trace.text).not.toMatch(/marmalade/)
    for (const part of ['', '/export', '/export?format=markdown']) {
      const { text } = await insider.call(
        'GET',
        `/api/v1/conversations/${own.conversationId}${part}`,
      )
      expect(text).not.toMatch(/marmalade/)
    }
    expect(await readers(['group:pay'])).toBe(200)
    expect((await search(insider)).length).toBe(1)
    await store.within(within, (tx) => revokeApiKey(tx, writer.keyId, by()))
    expect((await writer.call('GET', '/api/v1/documents')).body).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
    })
  })

  it('is not told how many documents there are that they may not read [M27.counts]', async () => {
    const counts = async (person: Person) => {
      const [base] = (await person.call('GET', '/api/v1/knowledge-bases')).body.items
      const named = (await person.call('GET', '/api/v1/knowledge-bases/company')).body
      const { items } = (await person.call('GET', '/api/v1/sources')).body
      expect(named).toEqual(base)
      const sources = items.map((one: Document) => [one.name, one.documents, one.failed])
      const works = items.some((one: Document) => one.job !== null)
      return { ready: base.documents.ready, chunks: base.chunks, sources: sources.sort(), works }
    }
    const own = async (person: Person) =>
      (await person.call('GET', '/api/v1/documents?knowledgeBase=company')).body.items
    const before = await counts(outsider)
    expect(before.ready).toBe((await own(outsider)).length)
    expect(before.sources.find(([name]: string[]) => name === 'pay')).toEqual(['pay', 0, 0])
    const body = { source: 'pay', externalId: 'more.txt', text: 'More about pay.' }
    const { body: sent } = await house.owner.call('POST', '/api/v1/documents', { body })
    await house.ended(sent.jobId)
    await house.sync('pay')
    expect(await counts(outsider)).toEqual(before)
    expect(before.works).toBe(false)
    const inside = await counts(insider)
    expect(inside.ready).toBe((await own(insider)).length)
    expect(inside.chunks).toBeGreaterThan(before.chunks)
    // Who sees the work sees how much there is.
    const whole = await counts(house.owner)
    expect(whole.ready).toBeGreaterThan((await own(house.owner)).length)
    expect(whole.works).toBe(true)
  })

  it('hears no more of work once the key is revoked [M27.revoke-stream]', async () => {
    const { store } = house.house.foundation
    const engineer = await house.person('engineer', { roles: ['data-engineer'] })
    const headers = { authorization: `Bearer ${engineer.key}` }
    const reply = await fetch(`${house.url}/api/v1/jobs/events`, { headers })
    expect(reply.status).toBe(200)
    await store.within(house.organizationId, (tx) => revokeApiKey(tx, engineer.keyId, by()))
    const body = { source: 'open', externalId: 'late.txt', text: 'Late.' }
    const { body: sent } = await house.owner.call('POST', '/api/v1/documents', { body })
    await house.ended(sent.jobId)
    // It ends by itself: reading to the end would wait for ever otherwise.
    expect(await reply.text()).not.toContain(sent.jobId)
  })

  it('cannot take a document over by sending it anew with other readers [M27.resend-readers]', async () => {
    const sender = await house.person('sender', { roles: ['data-engineer'] })
    const named = { source: 'pay', externalId: 'bonuses.txt' }
    const opened = await sender.call('POST', '/api/v1/documents', {
      body: { ...named, text: 'Mine now.', readers: ['everyone'] },
    })
    expect(opened.body).toMatchObject({ status: 403, code: 'FORBIDDEN', where: 'body/readers' })
    const begun = await sender.call('POST', '/api/v1/uploads', {
      body: { source: 'pay', name: 'bonuses.txt', size: 4, readers: [`user:${sender.id}`] },
    })
    const part = `/api/v1/uploads/${begun.body.id}?offset=0`
    const sent = await sender.call('PUT', part, { body: Buffer.from('mine') })
    expect(sent.body).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    for (const path of paths(secret.id)) {
      expect((await sender.call('GET', path)).status).toBe(404)
    }
    expect((await ask(insider)).text).toContain('marmalade')
    // Who only brings documents in need not be able to read them.
    const text = 'The director receives a bonus of marmalade jam.'
    for (const readers of [undefined, ['group:pay']]) {
      const again = await sender.call('POST', '/api/v1/documents', {
        body: { ...named, text, ...(readers && { readers }) },
      })
      expect(again.status).toBe(202)
      await house.ended(again.body.jobId)
    }
    expect((await sender.call('GET', `/api/v1/documents/${secret.id}`)).status).toBe(404)
    expect((await insider.call('GET', `/api/v1/documents/${secret.id}`)).body.readers).toEqual([
      'group:pay',
    ])
  })

  it('is told which permission is missing, and the refusal is in the log [M27.denied-rule]', async () => {
    const viewer = await house.person('viewer', { roles: ['viewer'] })
    const reply = await viewer.call('POST', '/api/v1/sources/open/sync')
    expect(reply.body).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    expect(reply.body.detail).toContain('documents.write')
    for (const [method, path, body] of [
      ['POST', '/api/v1/documents', { source: 'open', externalId: 'x', text: 'x' }],
      ['POST', '/api/v1/uploads', { source: 'open', name: 'x', size: 1 }],
      ['DELETE', `/api/v1/documents/${open.id}`, undefined],
      ['GET', '/api/v1/jobs', undefined],
    ] as const) {
      const refused = await viewer.call(method, path, body === undefined ? {} : { body })
      expect([path, refused.status]).toEqual([path, 403])
    }
    const denials = await house.house.foundation.store.read(house.organizationId, (tx) =>
      tx.selectFrom('audit_event').select('kind').where('actor_id', '=', viewer.keyId).execute(),
    )
    expect(denials).toHaveLength(5)
  })
})
