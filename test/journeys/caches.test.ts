import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'
import { patience } from './gateway.fixture.ts'

const server = process.env.PLINTH_TEST_DATABASE_URL

const resources = (upstream: FakeUpstream) => `
kind: Provider
name: one
spec:
  { protocol: openai, baseUrl: "${upstream.url}/v1", allowPrivate: ["${upstream.url}"],
    timeouts: { totalMs: 4000, firstTokenMs: 1500, idleMs: 500 }, ${patience} }
---
kind: Provider
name: other
spec:
  { protocol: anthropic, baseUrl: "${upstream.url}", allowPrivate: ["${upstream.url}"],
    timeouts: { totalMs: 4000, firstTokenMs: 1500, idleMs: 500 }, ${patience} }
---
kind: Model
name: plain
spec: { provider: one, upstreamModel: m-1, maxOutputTokens: 100, price: { input: 1, output: 2 } }
---
kind: Model
name: claude
spec:
  { provider: other, upstreamModel: c-1, maxOutputTokens: 100, price: { input: 1, output: 2 },
    cache: { exact: { ttlSeconds: 60 } } }
---
kind: Route
name: kept
spec: { models: [plain], cache: { exact: { ttlSeconds: 60 } } }
---
kind: Route
name: veiled
spec: { models: [plain], guardrail: veiled, cache: { exact: {} } }
---
kind: Role
name: caller
spec: { permissions: [models.use] }
---
kind: Guardrail
name: veiled
spec: { personalData: { input: mask, output: allow } }
---
kind: Guardrail
name: default
spec: { personalData: { input: allow, output: allow } }
`

const priced = (11 * 1 + 8 * 2) * 1_000

describe('answers of models that are kept', () => {
  let house: OpenHouse
  let owner: Person
  let upstream: FakeUpstream
  beforeAll(async () => {
    upstream = await startFakeUpstream()
    house = await openHouse()
    owner = house.owner
    await house.apply(resources(upstream))
  })
  afterAll(async () => {
    await house?.close()
    await upstream?.close()
  })
  afterEach(() => {
    upstream.mode = 'normal'
    upstream.requests.length = 0
    upstream.cancelled = 0
  })

  let turn = 0
  /** A question that nobody asked before. */
  const fresh = () => [{ role: 'user', content: `Question ${++turn}` }]
  const chat = (messages: object[], extra: object = {}, by: Pick<Person, 'call'> = owner) => {
    const { headers, ...body } = extra as { headers?: Record<string, string> }
    return by.call('POST', '/v1/chat/completions', {
      body: { model: 'kept', messages, ...body },
      ...(headers ? { headers } : {}),
    })
  }
  const verdict = ({ headers }: { headers: Headers }) => headers.get('x-plinth-cache')
  const rows = async (from: OpenHouse = house) => {
    await from.house.api.gateway.usage.flush()
    const { store } = from.house.foundation
    return store.within(from.organizationId, (tx) =>
      tx.selectFrom('model_call').selectAll().orderBy('id').execute(),
    )
  }

  it('are given again byte for byte, whole and as a stream, and cost nothing [M15.cache-exact] [M26.cache-saved]', async () => {
    for (const stream of [false, true]) {
      const messages = fresh()
      const first = await chat(messages, { stream })
      const again = await chat(messages, { stream })
      expect(verdict(first)).toBe('miss; first')
      expect(verdict(again)).toMatch(/^hit; kept for \d+ s$/)
      expect(again.text).toBe(first.text)
      expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))
      expect(again.headers.get('x-plinth-model')).toBe('plain')
      const [asked, given] = (await rows()).slice(-2)
      expect(asked).toMatchObject({ cache: 'miss', cost_nanousd: priced, saved_nanousd: null })
      expect(given).toMatchObject({
        id: again.headers.get('x-plinth-call'),
        ...{ cache: 'hit', outcome: 'answered', model: 'plain', attempts: 0 },
        ...{ cost_nanousd: 0, input_tokens: 0, output_tokens: 0 },
        ...{ saved_nanousd: priced, saved_tokens: 19 },
      })
      const { body } = await owner.call('GET', `/api/v1/calls/${given!.id}`)
      expect(body).toMatchObject({ cache: 'hit', savedUsd: priced / 1e9, tries: [] })
      expect(body.cacheReason).toMatch(/^kept for/)
    }
    expect(upstream.requests).toHaveLength(2)
    const { body } = await owner.call('GET', '/api/v1/usage')
    expect(body.total).toMatchObject({
      cacheHits: 2,
      savedUsd: (2 * priced) / 1e9,
      savedTokens: 38,
    })
  })

  it('reach the official client as a stream, and the other door in its own words [M15.cache-doors]', async () => {
    const client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: owner.key, maxRetries: 0 })
    const messages = fresh() as OpenAI.ChatCompletionMessageParam[]
    const read = async () => {
      let text = ''
      const stream = await client.chat.completions.create({ model: 'kept', messages, stream: true })
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      return text
    }
    expect(await read()).toBe(upstream.words.join(''))
    expect(await read()).toBe(upstream.words.join(''))
    expect(upstream.requests).toHaveLength(1)
    for (const [model, stream] of [
      ['claude', false],
      ['claude', true],
      ['kept', true],
      ['kept', false],
    ] as const) {
      const asked = { model, stream, max_tokens: 50, messages: fresh() }
      const ask = () => owner.call('POST', '/v1/messages', { body: asked })
      const [first, again] = [await ask(), await ask()]
      expect([model, first.status, verdict(first)]).toEqual([model, 200, 'miss; first'])
      expect(verdict(again)).toMatch(/^hit/)
      expect(again.text).toBe(first.text)
      expect(again.text).toContain(stream ? 'event: message_stop' : '"stop_reason":"end_turn"')
    }
    expect(upstream.requests).toHaveLength(5)
  })

  it('are not given where nothing says so, and the header is not there [M15.cache-off]', async () => {
    const messages = fresh()
    for (let i = 0; i < 2; i++) {
      const reply = await chat(messages, { model: 'plain' })
      expect(verdict(reply)).toBeNull()
    }
    expect(upstream.requests).toHaveLength(2)
    expect((await rows()).at(-1)).toMatchObject({ cache: null, detail: null })
  })

  it('do as the caller says in cache-control [M15.cache-control]', async () => {
    const messages = fresh()
    const asked = (control?: string) =>
      chat(messages, control ? { headers: { 'cache-control': control } } : {})
    expect(verdict(await asked('no-store'))).toBe('bypass; no-store')
    expect(verdict(await asked())).toBe('miss; first')
    expect(verdict(await asked('no-cache'))).toBe('miss; no-cache')
    expect(verdict(await asked('max-age=60'))).toMatch(/^hit/)
    expect(verdict(await asked('max-age=0'))).toBe('miss; no-cache')
    const tools = [{ type: 'function', function: { name: 'f' } }]
    expect(verdict(await chat(messages, { tools }))).toBe('bypass; tools')
    expect(upstream.requests).toHaveLength(5)
  })

  it('are only those that were whole: cut, failed, long and refused ones are asked for again [M15.cache-whole]', async () => {
    for (const mode of ['error-mid', 'cut', 'no-end-marker', { status: 500 }] as const) {
      const messages = fresh()
      upstream.mode = mode
      await chat(messages, { stream: true }).catch(() => undefined)
      upstream.mode = 'normal'
      const reply = await chat(messages, { stream: true })
      expect([mode, verdict(reply)]).toEqual([mode, 'miss; first'])
      expect(reply.text).toContain('[DONE]')
    }
    for (const [change, why] of [
      [{ finish_reason: 'length' }, 'ended with length'],
      [{ finish_reason: 'content_filter' }, 'ended with content_filter'],
      [{ message: { role: 'assistant', content: null, refusal: 'No.' } }, 'a refusal'],
    ] as const) {
      const messages = fresh()
      const whole = upstream.choice
      upstream.choice = change
      await chat(messages)
      upstream.choice = whole
      expect((await rows()).at(-1)!.detail).toMatchObject({ cache: { notKept: why } })
      expect(verdict(await chat(messages))).toBe('miss; first')
    }
  })

  it('are never another’s: other rights, another organization, another version [M27.cache-tenants]', async () => {
    const messages = fresh()
    expect(verdict(await chat(messages))).toBe('miss; first')
    const user = await house.person('cache-user', { roles: ['caller'] })
    const hr = await house.person('cache-hr', { roles: ['caller'], groups: ['hr'] })
    const twin = await house.person('cache-twin', { roles: ['caller'] })
    const asked = async (by: Person) => verdict(await chat(messages, {}, by))
    expect(await asked(user)).toBe('miss; first')
    expect(await asked(hr)).toBe('miss; first')
    expect(await asked(twin)).toMatch(/^hit/)
    await house.apply(
      `kind: Model\nname: plain\nspec: { provider: one, upstreamModel: m-1, maxOutputTokens: 101, price: { input: 1, output: 2 } }`,
    )
    expect(verdict(await chat(messages))).toBe('miss; first')
    const stranger = await house.stranger('Elsewhere')
    expect((await chat(messages, {}, stranger)).status).toBe(404)
    const yaml = resources(upstream)
    const applied = await stranger.call('POST', '/api/v1/resources', { body: { yaml } })
    expect(applied.status).toBe(200)
    expect(verdict(await chat(messages, {}, stranger))).toBe('miss; first')
    expect(verdict(await chat(messages, {}, stranger))).toMatch(/^hit/)
  })

  it('hold placeholders only: each caller gets their own values back [M11.cache-masked]', async () => {
    const ask = (email: string, stream: boolean) =>
      chat([{ role: 'user', content: `Write to ${email} about ${stream}.` }], {
        model: 'veiled',
        stream,
      })
    const said = upstream.words
    upstream.words = ['Dear <EMA', 'IL_1>', ', hello.']
    for (const stream of [false, true]) {
      const first = await ask('ada@example.org', stream)
      expect([first.status, verdict(first)]).toEqual([200, 'miss; first'])
      const second = await ask('grace@example.org', stream)
      expect(verdict(second)).toMatch(/^hit/)
      expect(first.text).toContain('ada@example.org')
      expect(second.text).toContain('grace@example.org')
      expect(second.text).not.toContain('ada@')
    }
    const sent = JSON.stringify(upstream.requests)
    expect(sent).not.toContain('example.org')
    expect(upstream.requests).toHaveLength(2)
    upstream.mode = 'slow'
    const both = await Promise.all(
      ['al@example.org', 'bo@example.org'].map((one) =>
        chat([{ role: 'user', content: `Tell ${one} now.` }], { model: 'veiled', stream: true }),
      ),
    )
    expect(both.map(verdict).sort()).toEqual(['hit; with another caller', 'miss; first'])
    expect(both[0]!.text).toContain('al@example.org')
    expect(both[1]!.text).toContain('bo@example.org')
    upstream.words = said
  })

  it('are asked for once by many at the same time [M15.cache-stampede]', async () => {
    upstream.mode = 'slow'
    for (const stream of [true, false]) {
      upstream.requests.length = 0
      const messages = fresh()
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => chat(messages, { stream })),
      )
      expect(upstream.requests).toHaveLength(1)
      expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
      expect(replies.filter((one) => verdict(one) === 'miss; first')).toHaveLength(1)
      const last = (await rows()).slice(-20)
      expect(last.map(({ outcome }) => outcome)).toEqual(Array(20).fill('answered'))
      expect(last.reduce((sum, row) => sum + Number(row.cost_nanousd), 0)).toBe(priced)
    }
  })

  it('outlast the caller who made the call, and a call that fails is made anew by those who waited [M15.cache-leader]', async () => {
    const messages = fresh()
    upstream.mode = 'slow'
    const leaving = new AbortController()
    const body = { model: 'kept', messages, stream: true }
    const leader = owner
      .call('POST', '/v1/chat/completions', { body, signal: leaving.signal })
      .catch(() => undefined)
    await vi.waitUntil(() => upstream.requests.length === 1)
    const follower = chat(messages, { stream: true })
    await vi.waitUntil(() => waiting(house) === 2)
    leaving.abort()
    await leader
    expect((await follower).text).toContain('[DONE]')
    expect([upstream.requests.length, upstream.cancelled]).toEqual([1, 0])

    const others = fresh()
    upstream.mode = 'hang-before-first'
    const failing = chat(others, { stream: true })
    await vi.waitUntil(() => upstream.requests.length === 2)
    const after = [chat(others, { stream: true }), chat(others, { stream: true })]
    await vi.waitUntil(() => waiting(house) === 3)
    upstream.mode = 'normal'
    expect((await failing).status).toBe(504)
    for (const reply of await Promise.all(after)) {
      expect([reply.status, verdict(reply)]).toEqual([200, "miss; the other caller's call failed"])
    }

    const alone = fresh()
    upstream.mode = 'slow'
    const quit = new AbortController()
    const gone = owner.call('POST', '/v1/chat/completions', {
      body: { ...body, messages: alone },
      signal: quit.signal,
    })
    await vi.waitUntil(() => upstream.requests.length === 5)
    quit.abort()
    await gone.catch(() => undefined)
    await vi.waitUntil(() => upstream.cancelled > 0)
  })

  it('cost no budget, and are given when it is spent [M26.cache-budget]', async () => {
    const messages = fresh()
    await chat(messages)
    await house.apply(
      'kind: Budget\nname: one-call\nspec: { per: use-case, only: [tight], window: day, limits: { requests: 1 } }',
    )
    const tight = { headers: { 'x-plinth-use-case': 'tight' } }
    expect(verdict(await chat(messages, tight))).toBe('miss; first')
    expect((await chat(fresh(), tight)).status).toBe(429)
    for (let i = 0; i < 3; i++) expect(verdict(await chat(messages, tight))).toMatch(/^hit/)
    await house.house.api.gateway.usage.flush()
    const { body } = await owner.call('GET', '/api/v1/budgets')
    const [counter] = body.items.find((one: { name: string }) => one.name === 'one-call').counters
    expect(counter.amounts[0].spent).toBe(1)
  })

  it('are forgotten by a purge, which needs a right and leaves an event [M15.cache-purge]', async () => {
    const messages = fresh()
    await chat(messages)
    expect(verdict(await chat(messages))).toMatch(/^hit/)
    const before = await owner.call('GET', '/api/v1/caches')
    expect(before.body.answers.entries).toBeGreaterThan(0)
    const user = await house.person('cache-guest', { roles: ['caller'] })
    expect((await user.call('POST', '/api/v1/caches/purge')).status).toBe(403)
    const { body } = await owner.call('POST', '/api/v1/caches/purge')
    expect(body.generation).toBe(before.body.generation + 1)
    const { body: state } = await owner.call('GET', '/api/v1/caches')
    const none = { entries: 0, bytes: 0 }
    expect(state).toEqual({ generation: body.generation, answers: none, recalled: none })
    expect(verdict(await chat(messages))).toBe('miss; first')
    const { body: log } = await owner.call('GET', '/api/v1/audit?kind=caches.purged')
    expect(log.items[0].details).toEqual({ generation: body.generation })
  })

  it.runIf(server)(
    'are each server’s own, and a purge on one counts on all [M15.cache-servers]',
    async () => {
      const beside = await openHouse({ beside: house })
      try {
        const there = beside.owner
        const messages = fresh()
        expect(verdict(await chat(messages))).toBe('miss; first')
        expect(verdict(await chat(messages, {}, there))).toBe('miss; first')
        expect(verdict(await chat(messages, {}, there))).toMatch(/^hit/)
        await owner.call('POST', '/api/v1/caches/purge')
        expect(verdict(await chat(messages, {}, there))).toBe('miss; first')
      } finally {
        await beside.close()
      }
    },
  )
})

/** Callers that a call under way is given to. */
function waiting({ house }: OpenHouse): number {
  return house.api.gateway.answers.waiting
}
