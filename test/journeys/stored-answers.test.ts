import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { removeMember, unbindRole } from '#governance'
import { systemPrincipal } from '#kernel'
import type { Tx } from '#store'
import { Housekeeping } from '#wiring'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const resources = (upstream: FakeUpstream) => `
kind: KnowledgeBase
name: kitchen
spec: { readers: [everyone], masking: { mode: off } }
---
kind: Source
name: kitchen
spec: { knowledgeBase: kitchen, upload: {} }
---
kind: Prompt
name: plain
spec: { system: Answer briefly. }
---
kind: Guardrail
name: open
spec: { personalData: { input: allow, output: allow }, citations: { unsupported: mark } }
---
kind: Provider
name: outside
spec: { protocol: openai, baseUrl: "${upstream.url}/v1" }
---
kind: Model
name: outside
spec: { provider: outside, upstreamModel: m }
---
kind: Route
name: outside
spec: { models: [outside] }
---
kind: Assistant
name: cook
spec: { knowledgeBases: [kitchen], route: outside, prompt: plain, guardrail: open }
`

describe('a stored answer', () => {
  let house: OpenHouse
  let upstream: FakeUpstream
  let reader: Person
  let round = 0
  beforeAll(async () => {
    upstream = await startFakeUpstream()
    house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: upstream.host } })
    await house.apply(resources(upstream))
    reader = await house.person('reader')
    // The first file starts the parsers.
    await house.upload('kitchen', 'spoon.txt', 'Spoons lie in the drawer.')
  })
  afterAll(async () => {
    await house?.close()
    await upstream?.close()
  })

  const ask = async (body: object, headers: Record<string, string> = {}) =>
    (await reader.call('POST', '/api/v1/ask', { body, headers })).body
  const setReaders = (id: string, readers: string[]) =>
    house.owner.call('PUT', `/api/v1/documents/${id}/readers`, { body: { readers } })

  /** An answer that repeats a document without citing it, and one that follows it up from another document alone. */
  async function conversation() {
    const n = ++round
    const open = await house.upload('kitchen', `soup${n}.txt`, `Soup${n} is served at noon.`)
    const closing = await house.upload(
      'kitchen',
      `secret${n}.txt`,
      `Soup${n} has a secret ingredient: marmalade.`,
    )
    upstream.words = [
      `Soup${n} is served at noon [1]. `,
      `Rumour${n}: regulars whisper about marmalade when strangers visit the dining hall.`,
    ]
    const question = `When is Soup${n} served?`
    const first = await ask({ question, assistant: 'cook' })
    expect(first).toMatchObject({ outcome: 'answered', citations: [{ documentId: open.id }] })
    expect(first.text).toContain('marmalade')
    const alone = await house.upload('kitchen', `bread${n}.txt`, `Loaf${n} is baked at six.`)
    upstream.words = [
      `Loaf${n} is baked at six [1]. `,
      'Again regulars whisper about marmalade near strangers.',
    ]
    const second = await ask({
      question: `At what hour, every morning before work begins, is Loaf${n} baked by the bakers of the house, and is it baked twice?`,
      assistant: 'cook',
      conversationId: first.conversationId,
    })
    expect(second).toMatchObject({ outcome: 'answered', citations: [{ documentId: alone.id }] })
    return {
      n,
      open,
      closing,
      first,
      second,
      path: `/api/v1/conversations/${first.conversationId}`,
    }
  }

  /** Everything that is stored about the two answers, as the reader sees it. */
  async function shown({ first, second, path }: Awaited<ReturnType<typeof conversation>>) {
    const paths = [path, `${path}/export`, `${path}/export?format=markdown`].concat(
      [first, second].map(({ traceId }) => `/api/v1/traces/${traceId}`),
    )
    const texts = await Promise.all(paths.map(async (one) => (await reader.call('GET', one)).text))
    return texts.join('\n')
  }

  const found = async (word: string) =>
    (await reader.call('GET', `/api/v1/conversations?search=${word}`)).body.items.length

  for (const [how, close] of [
    ['forbidden', (id: string) => setReaders(id, [`user:${house.owner.id}`])],
    ['deleted', (id: string) => house.owner.call('DELETE', `/api/v1/documents/${id}`)],
  ] as const) {
    it(`is withheld once a document is ${how} that it was made from, cited or not, itself or by an earlier turn [M27.stored-grounds]`, async () => {
      const made = await conversation()
      expect(await shown(made)).toContain('marmalade')
      expect(await found(`Rumour${made.n}`)).toBe(1)
      expect((await close(made.closing.id)).status).toBe(200)
      expect(await shown(made)).not.toContain('marmalade')
      expect(await found(`Rumour${made.n}`)).toBe(0)
      expect(await found(`Soup${made.n}`)).toBe(1)
      const { messages } = (await reader.call('GET', made.path)).body
      for (const at of [1, 3]) {
        expect(messages[at]).toMatchObject({ outcome: 'withheld', citations: [], unsupported: [] })
        expect(messages[at].content).toContain('withheld')
      }
      for (const { traceId } of [made.first, made.second]) {
        const { answer } = (await reader.call('GET', `/api/v1/traces/${traceId}`)).body
        expect(answer).toMatchObject({ outcome: 'withheld', citations: [], reason: null })
      }
      // A later turn is given nothing of it, and stays open.
      upstream.requests.length = 0
      upstream.words = [`Soup${made.n} is served at noon [1].`]
      const { conversationId } = made.first
      const question = `When is Soup${made.n} served?`
      const third = await ask({ question, assistant: 'cook', conversationId })
      expect(third.outcome).toBe('answered')
      expect(JSON.stringify(upstream.requests)).not.toContain('marmalade')
      const after = (await reader.call('GET', made.path)).body.messages
      expect(after[5].content).toContain('noon')
    })
  }

  it('opens again with the document [M27.stored-grounds]', async () => {
    const made = await conversation()
    await setReaders(made.closing.id, [`user:${house.owner.id}`])
    expect(await shown(made)).not.toContain('marmalade')
    await setReaders(made.closing.id, ['everyone'])
    const { messages } = (await reader.call('GET', made.path)).body
    expect(messages[1].content).toContain('marmalade')
  })

  it('made before its base masked is for those who may see what is not masked [M27.stored-grounds]', async () => {
    const made = await conversation()
    const masking = (mode: string) => `
kind: KnowledgeBase
name: kitchen
spec: { readers: [everyone], masking: { mode: ${mode} } }
`
    await house.apply(masking('mask'))
    const seer = await shown(made)
    await house.apply(masking('off'))
    expect(seer).not.toContain('marmalade')
    expect(await shown(made)).toContain('marmalade')
  })

  it('is not given again for its Idempotency-Key once a document is closed that it shows [M27.repeat-rights]', async () => {
    const made = await conversation()
    const ways: [string, object][] = [
      ['/ask', { question: `When is Soup${made.n} served?`, assistant: 'cook' }],
      ['/search', { query: `secret ingredient of Soup${made.n}`, knowledgeBases: ['kitchen'] }],
      [
        '/v1/chat/completions',
        { model: 'cook', messages: [{ role: 'user', content: `When is Soup${made.n} served?` }] },
      ],
    ]
    upstream.words = [`Soup${made.n} is served at noon [1]. `, 'Regulars whisper: marmalade.']
    const send = (way: string, body: object) =>
      reader.call('POST', way.startsWith('/v1') ? way : `/api/v1${way}`, {
        body,
        headers: { 'idempotency-key': `closing-${made.n}-${way.replaceAll('/', '-')}` },
      })
    for (const [way, body] of ways) {
      const first = await send(way, body)
      expect([way, first.status, first.text]).toEqual([way, 200, expect.stringMatching('marmal')])
      expect((await send(way, body)).body).toEqual(first.body)
    }
    await setReaders(made.closing.id, [`user:${house.owner.id}`])
    for (const [way, body] of ways) {
      const again = await send(way, body)
      expect([way, again.status]).toEqual([way, 403])
      expect(again.text).toContain('new key')
      expect(again.text).not.toContain('marmalade')
    }
    await house.owner.call('DELETE', `/api/v1/documents/${made.open.id}`)
    for (const [way, body] of ways) expect((await send(way, body)).status).toBe(403)
  })

  it('is not given again under other rights than it was made with, and not kept for ever [M27.repeat-rights]', async () => {
    const { store, appendAudit } = house.house.foundation
    const within = <T>(work: (tx: Tx) => Promise<T>) => store.within(house.organizationId, work)
    const leaver = await house.person('leaver', { roles: ['data-engineer'], groups: ['cooks'] })
    const body = { query: 'noon', knowledgeBases: ['kitchen'] }
    const send = (key: string) =>
      leaver.call('POST', '/api/v1/search', { body, headers: { 'idempotency-key': key } })
    const first = await send('leaving')
    expect((await send('leaving')).body).toEqual(first.body)
    const by = { principal: systemPrincipal, appendAudit }
    await within((tx) => removeMember(tx, { group: 'cooks', userId: leaver.id }, by))
    const refused = await send('leaving')
    expect(refused.body).toMatchObject({ status: 409, code: 'CONFLICT' })
    expect(refused.body.remedy).toContain('new key')
    expect((await send('left')).status).toBe(200)
    await within((tx) =>
      unbindRole(tx, { subject: `user:${leaver.id}`, role: 'data-engineer' }, by),
    )
    expect((await send('left')).status).toBe(403)
    const age = () =>
      within(async (tx) => {
        const old = new Date(Date.now() - 25 * 3_600_000)
        await tx.updateTable('idempotency_key').set({ created_at: old }).execute()
        return tx.selectFrom('idempotency_key').select('key').execute()
      })
    const aged = (await age()).length
    expect(aged).toBeGreaterThan(1)
    const cleared = await new Housekeeping(
      house.house.api,
      house.house.config,
      () => undefined,
    ).clear()
    expect(cleared.answers).toBe(aged)
    expect(await age()).toEqual([])
  })

  it('never holds what was unmasked: a repeat of that is refused [M27.repeat-rights]', async () => {
    await house.apply(`
kind: KnowledgeBase
name: guests
spec: { readers: [everyone], masking: { mode: mask } }
---
kind: Source
name: guests
spec: { knowledgeBase: guests, upload: {} }
`)
    const guest = await house.upload('guests', 'guest.txt', 'Write to rosalind@example.org.')
    const { text } = (await house.owner.call('GET', `/api/v1/documents/${guest.id}/text`)).body
    const placeholders = [/<[A-Z_]+\d+>/.exec(text)?.[0]]
    const send = () =>
      house.owner.call('POST', `/api/v1/documents/${guest.id}/unmask`, {
        body: { placeholders },
        headers: { 'idempotency-key': 'reveal' },
      })
    expect((await send()).text).toContain('rosalind@example.org')
    const kept = await house.house.foundation.store.read(house.organizationId, (tx) =>
      tx.selectFrom('idempotency_key').selectAll().where('key', '=', 'reveal').execute(),
    )
    expect(kept).toHaveLength(1)
    expect(JSON.stringify(kept)).not.toContain('rosalind')
    expect((await send()).body).toMatchObject({ status: 409, code: 'CONFLICT' })
  })

  it('that is kept for the Responses API is withheld from its caller, and from what continues it [M27.stored-responses]', async () => {
    for (const stream of [false, true]) {
      const n = ++round
      const { id } = await house.upload('kitchen', `jam${n}.txt`, `Jam${n} is cooked on Friday.`)
      upstream.words = [`Jam${n} is cooked on Friday [1].`]
      const respond = async (body: object) => {
        const reply = await reader.call('POST', '/v1/responses', { body })
        const last = /^data: (.*"type":"response\.completed".*)$/m.exec(reply.text)?.[1]
        return { status: reply.status, body: last ? JSON.parse(last).response : reply.body }
      }
      const asked = { model: 'cook', input: `When is Jam${n} cooked?`, stream }
      const { body: first } = await respond(asked)
      // What a model made of it holds the same, although it was given no document.
      const next = { model: 'outside', input: 'Say it again.', previous_response_id: first.id }
      const { body: second } = await respond(next)
      const own = [first, second].map((one) => `/v1/responses/${one.id}`)
      for (const path of own) expect((await reader.call('GET', path)).text).toContain(`Jam${n}`)
      await setReaders(id, [`user:${house.owner.id}`])
      const item = { type: 'item_reference', id: first.output[0].id }
      const sent = upstream.requests.length
      const refused = [
        ...(await Promise.all(own.map((path) => reader.call('GET', path)))),
        await respond({ ...next, previous_response_id: second.id }),
        await respond({ ...next, previous_response_id: undefined, input: [item] }),
      ]
      expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403])
      expect(upstream.requests.length).toBe(sent)
    }
  })

  it('from before grounds were kept is closed by all that its conversation had used [M27.stored-grounds]', async () => {
    const made = await conversation()
    const { store } = house.house.foundation
    const { readFile } = await import('node:fs/promises')
    const { splitStatements } = await import('../../src/store/migrate.ts')
    const file = new URL('../../src/store/migrations/0005_grounds.sql', import.meta.url)
    const [, ...backfill] = splitStatements(await readFile(file, 'utf8'))
    await store.system(async (tx) => {
      await sql`update message set grounds = '{}' where organization_id = ${house.organizationId}`.execute(
        tx,
      )
      for (const statement of backfill) await sql.raw(statement).execute(tx)
    })
    expect(await shown(made)).toContain('marmalade')
    await setReaders(made.closing.id, [])
    expect(await shown(made)).not.toContain('marmalade')
  })
})
