import { setTimeout as delay } from 'node:timers/promises'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { digestOfCalls } from '../../src/ops/usage/digest.ts'
import { type OpenHouse, openHouse, type Person, type Reply } from '../open-house.ts'
import { patience, resources } from './gateway.fixture.ts'

const secret = 'canary-7f3a-upstream-key'

const messages = [{ role: 'user' as const, content: 'How long is the notice period?' }]

describe('model calls that are passed through', () => {
  let house: OpenHouse
  let owner: Person
  let one: FakeUpstream
  let two: FakeUpstream
  beforeAll(async () => {
    one = await startFakeUpstream()
    two = await startFakeUpstream()
    house = await openHouse({
      env: { PLINTH_ALLOWED_PRIVATE_HOSTS: `${one.host},${two.host}` },
      secrets: { ONE_KEY: secret },
    })
    owner = house.owner
    await house.apply(resources(one, two))
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
    await two?.close()
  })
  afterEach(() => {
    for (const upstream of [one, two]) {
      upstream.mode = 'normal'
      upstream.requests.length = 0
      upstream.cancelled = 0
    }
  })

  const chat = (
    body: object,
    options: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ) => owner.call('POST', '/v1/chat/completions', { body: { messages, ...body }, ...options })
  /** What came of a stream, whole or not. */
  const streamed = async (model: string) => {
    const response = await fetch(`${house.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, stream: true }),
    })
    let text = ''
    try {
      for await (const piece of response.body!) text += Buffer.from(piece).toString('utf8')
    } catch {
      // The connection ends without the protocol's end: that is the second sign.
    }
    return { text, headers: response.headers }
  }
  const calls = async () => {
    await house.house.api.gateway.usage.flush()
    const { store } = house.house.foundation
    const rows = await store.within(house.organizationId, (tx) =>
      tx.selectFrom('model_call').selectAll().orderBy('id').execute(),
    )
    return rows
  }
  const lastCall = async () => (await calls()).at(-1)!

  it('keep every parameter and byte, and say the provider’s own usage [M15.pass-through] [M26.usage-equals]', async () => {
    const extra = {
      seed: 7,
      logit_bias: { 5: -1 },
      tools: [{ type: 'function', function: { name: 'f' } }],
      vendor: { x: [1.5] },
    }
    const { status, body, headers } = await chat({ model: 'first', temperature: 0.1, ...extra })
    expect(status).toBe(200)
    expect(body.choices[0].message.content).toBe(one.words.join(''))
    const [sent] = one.requests
    expect(sent!.body).toEqual({
      messages,
      model: 'm-1',
      temperature: 0.1,
      ...JSON.parse(JSON.stringify(extra)),
    })
    expect(sent!.headers.authorization).toBe(`Bearer ${secret}`)
    expect(headers.get('x-plinth-model')).toBe('first')
    const row = await lastCall()
    expect(row).toMatchObject({
      id: headers.get('x-plinth-call'),
      outcome: 'answered',
      model: 'first',
      provider: 'one',
      input_tokens: body.usage.prompt_tokens,
      output_tokens: body.usage.completion_tokens,
      estimated: false,
      cost_nanousd: (11 * 1 + 8 * 2) * 1_000,
    })
  })

  it('stream to the official client, with usage only for who asks [M15.pass-through-stream]', async () => {
    const client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: owner.key, maxRetries: 0 })
    const read = async (options: object) => {
      const stream = await client.chat.completions.create({
        model: 'first',
        messages,
        stream: true,
        ...options,
      })
      const chunks = []
      for await (const chunk of stream) chunks.push(chunk)
      return chunks
    }
    const plain = await read({})
    expect(plain.map((c) => c.choices[0]?.delta.content ?? '').join('')).toBe(one.words.join(''))
    expect(plain.some((c) => c.usage)).toBe(false)
    expect(one.requests[0]!.body.stream_options).toEqual({ include_usage: true })
    expect(await lastCall()).toMatchObject({ streamed: true, output_tokens: 8, estimated: false })
    const asked = await read({ stream_options: { include_usage: true } })
    expect(asked.at(-1)!.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 8 })
  })

  it('go to the next model before the first content, and never after it [M36.fallback-before-content]', async () => {
    for (const mode of [
      { status: 500 },
      'hang-before-first',
      'hang-with-comments',
      'garbage',
      'garbage-json',
    ] as const) {
      one.mode = mode
      for (const stream of [true, false]) {
        const reply = await chat({ model: 'both', stream })
        expect([mode, stream, reply.status]).toEqual([mode, stream, 200])
        // Only streams hang, or bring what is no answer, at this endpoint.
        const failed = stream || typeof mode === 'object'
        expect(reply.headers.get('x-plinth-model')).toBe(failed ? 'second' : 'first')
      }
    }
    one.mode = 'error-mid'
    const cut = await streamed('both')
    expect(cut.text).toContain('"error"')
    expect(cut.headers.get('x-plinth-model')).toBe('first')
    expect(two.requests.filter((r) => r.body.stream === true)).not.toHaveLength(0)
    const row = await lastCall()
    expect(row).toMatchObject({ outcome: 'cut', fault: 'provider', model: 'first' })
  })

  it('that are cut end with an error in the stream, are marked, and are no success, 100 of 100 [M15.cut-flagged]', async () => {
    const before = (await calls()).length
    let flagged = 0
    for (let i = 0; i < 100; i++) {
      one.mode = i % 2 === 0 ? 'cut' : 'no-end-marker'
      const { text } = await streamed('first')
      if (/data: \{"error"/.test(text) && !text.includes('[DONE]')) flagged++
    }
    expect(flagged).toBe(100)
    const rows = (await calls()).slice(before)
    expect(rows).toHaveLength(100)
    expect(rows.every((row) => row.outcome === 'cut' && row.fault === 'provider')).toBe(true)
  })

  it('end with the end mark, although the endpoint keeps the connection [M15.end-mark-ends]', async () => {
    one.mode = 'lingers'
    two.mode = 'lingers'
    for (const model of ['first', 'foreign']) {
      // Both would be broken off after 300 ms of silence: then there would be no row of an answer.
      const { text } = await streamed(model)
      expect(text).toContain('[DONE]')
      expect(await lastCall()).toMatchObject({ outcome: 'answered', output_tokens: 8 })
      expect((await lastCall()).total_ms).toBeLessThan(290)
    }
    for (let i = 0; i < 500 && one.cancelled + two.cancelled < 2; i++) await delay(10)
    expect([one.cancelled, two.cancelled]).toEqual([1, 1])
  })

  it('cancel the upstream when the client leaves, 100 of 100 [M15.abort-cancels]', async () => {
    const before = (await calls()).length
    const { words } = one
    // A minute of talk: nobody hears the end of it.
    one.words = Array.from({ length: 2_000 }, (_, i) => `${i} `)
    for (let i = 0; i < 100; i += 20) {
      // Half of them leave within the answer, half before anything of it came.
      one.mode = i % 40 === 0 ? 'slow' : 'hang-before-first'
      const aborts = Array.from({ length: 20 }, () => new AbortController())
      const asked = aborts.map(async ({ signal }) => {
        const response = await fetch(`${house.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${owner.key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'patient', messages, stream: true }),
          signal,
        })
        await response.text()
      })
      for (let n = 0; n < 200 && one.requests.length < i + 20; n++) await delay(5)
      for (const abort of aborts) abort.abort()
      const left = await Promise.allSettled(asked)
      expect(left.every(({ status }) => status === 'rejected')).toBe(true)
    }
    one.words = words
    for (let i = 0; i < 500 && one.cancelled < one.requests.length; i++) await delay(20)
    expect(one.requests).toHaveLength(100)
    expect(one.cancelled).toBe(100)
    const rows = (await calls()).slice(before)
    expect(rows.map((row) => row.outcome)).toEqual(Array(100).fill('cancelled'))
  })

  it('are translated where the provider speaks another protocol, streams too [M15.translated]', async () => {
    const { status, body, headers } = await chat({ model: 'foreign', temperature: 0.2 })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      object: 'chat.completion',
      model: 'foreign',
      choices: [
        { message: { role: 'assistant', content: two.words.join('') }, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 11, completion_tokens: 8 },
    })
    expect(two.requests[0]).toMatchObject({
      path: '/v1/messages',
      body: { model: 'c-1', max_tokens: 100, temperature: 0.2, messages },
    })
    expect(await lastCall()).toMatchObject({
      id: headers.get('x-plinth-call'),
      output_tokens: 8,
      cost_nanousd: 27_000,
    })
    one.mode = { status: 500 }
    const client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: owner.key, maxRetries: 0 })
    const stream = await client.chat.completions.create({ model: 'mixed', messages, stream: true })
    let text = ''
    let finish: string | null = null
    for await (const { choices } of stream) {
      text += choices[0]?.delta.content ?? ''
      finish = choices[0]?.finish_reason ?? finish
    }
    expect([text, finish]).toEqual([two.words.join(''), 'stop'])
    two.mode = 'cut'
    const cut = await streamed('mixed')
    expect(cut.text).toContain('"error"')
    expect(cut.text).not.toContain('[DONE]')
    expect(await lastCall()).toMatchObject({ outcome: 'cut', model: 'foreign', attempts: 2 })
  })

  it('are refused where another protocol cannot say what was asked, and sent where it can [M15.translated-refusal]', async () => {
    const refused = await chat({ model: 'foreign', logprobs: true })
    expect(refused.status).toBe(400)
    expect(refused.body.error.message).toContain('Provider other cannot be asked for this')
    expect(two.requests).toHaveLength(0)
    one.mode = { status: 500 }
    expect((await chat({ model: 'mixed', logprobs: true })).status).toBe(400)
    one.mode = 'normal'
    expect((await chat({ model: 'mixed', logprobs: true })).status).toBe(200)
  })

  it('tell a request that the endpoint refuses in the caller’s words, and try no other model', async () => {
    one.mode = { status: 400, message: 'temperature: too hot' }
    const { status, body } = await chat({ model: 'both' })
    expect(status).toBe(400)
    expect(body.error.message).toContain('temperature: too hot')
    expect(two.requests).toHaveLength(0)
    expect(await lastCall()).toMatchObject({ outcome: 'failed', fault: 'caller' })
  })

  it('never tell a secret, whatever the endpoint repeats [M15.no-secret-in-errors]', async () => {
    one.mode = { status: 500, message: `bad key ${secret} in Bearer ${secret}` }
    const { text } = await chat({ model: 'first' })
    expect(text).not.toContain(secret)
    expect(JSON.stringify(await calls())).not.toContain(secret)
  })

  it('hold budgets before and after, and refuse in the words of the protocol [M26.gateway-budget]', async () => {
    const ada = await house.person('ada', { roles: ['owner'] })
    await house.apply(`
kind: Budget
name: few
spec: { per: key, only: [${ada.keyId}], window: day, limits: { requests: 3 } }
---
kind: Budget
name: money
spec: { per: organization, window: month, limits: { usd: 100 } }
`)
    const ask = (model: string) =>
      ada.call('POST', '/v1/chat/completions', { body: { model, messages } })
    const unpriced = await ask('unpriced')
    expect(unpriced.status).toBe(503)
    expect(unpriced.body.error.message).toMatch(/money.*price of model unpriced is not known/)
    for (let i = 0; i < 3; i++) expect((await ask('first')).status).toBe(200)
    const refused = await ask('first')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(refused.body.error).toMatchObject({ code: 'insufficient_quota' })
    expect(await lastCall()).toMatchObject({
      outcome: 'refused',
      fault: 'policy',
      error_code: 'BUDGET_EXCEEDED',
    })
    const { store } = house.house.foundation
    await house.house.api.gateway.usage.flush()
    const [counted, spent] = await store.within(house.organizationId, async (tx) => [
      await tx
        .selectFrom('model_call')
        .select((eb) => eb.fn.sum<number>('cost_nanousd').as('sum'))
        .where('principal_id', '=', ada.keyId)
        .executeTakeFirstOrThrow(),
      await tx
        .selectFrom('budget_counter')
        .select('spent_nanousd')
        .where('budget', '=', 'money')
        .executeTakeFirstOrThrow(),
    ])
    expect(spent.spent_nanousd).toBe(Number(counted.sum))
  })

  it('replace personal data on the way out and put it back on the way in, split at any place [M11.gateway-masking]', async () => {
    await house.apply(`
kind: Guardrail
name: restoring
spec: { personalData: { input: mask, output: allow } }
---
kind: Guardrail
name: veiling
spec: { personalData: { input: mask, output: mask } }
---
kind: Route
name: restored
spec: { models: [first], guardrail: restoring }
---
kind: Route
name: veiled
spec: { models: [first], guardrail: veiling }
`)
    const words = one.words
    const personal = [
      { role: 'user', content: 'Write to ada@example.com and to IBAN DE89370400440532013000.' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          {
            id: 't',
            type: 'function',
            function: { name: 'mail', arguments: '{"to":"ada@example.com"}' },
          },
        ],
      },
      { role: 'tool', tool_call_id: 't', content: 'sent to ada@example.com' },
    ]
    const tools = [{ type: 'function', function: { name: 'mail', parameters: { type: 'object' } } }]
    const grace = await house.person('grace', { roles: ['member'] })
    const ask = (model: string, stream: boolean, who: Person) =>
      who.call('POST', '/v1/chat/completions', {
        body: { model, messages: personal, tools, stream },
      })
    const said = ({ text, body, status }: Reply, stream: boolean): string => {
      expect([status, text]).toEqual([200, expect.not.stringContaining('"error"')])
      return stream
        ? [...text.matchAll(/^data: (\{.*)$/gm)]
            .map(([, data]) => JSON.parse(data!).choices[0]?.delta.content ?? '')
            .join('')
        : body.choices[0].message.content
    }
    for (const split of ['I wrote to <EMAIL_1> and bob@example.org about <IBAN_1>.']) {
      for (const size of [1, 2, 3, 7, 100]) {
        one.words = split.match(new RegExp(`.{1,${size}}`, 'g'))!
        for (const stream of [true, false]) {
          expect(said(await ask('restored', stream, grace), stream)).toBe(
            'I wrote to ada@example.com and bob@example.org about DE89370400440532013000.',
          )
          const veiled = said(await ask('veiled', stream, grace), stream)
          expect(veiled).toContain('<EMAIL_1>')
          expect(veiled).not.toContain('bob@')
        }
      }
    }
    one.words = words
    const sent = JSON.stringify(one.requests.map(({ body }) => body))
    expect(sent).not.toContain('ada@')
    expect(sent).not.toContain('DE8937')
    expect(sent).toContain('<EMAIL_1>')
  })

  it('go by their labels only where they may, and say why [M6.gateway-labels]', async () => {
    await house.apply(`
kind: Provider
name: in-europe
spec: { protocol: openai, baseUrl: "${two.url}/v1", region: eu-west-1, dataClasses: [confidential], ${patience} }
---
kind: Model
name: european
spec: { provider: in-europe, upstreamModel: e-1, price: { input: 1, output: 2 } }
---
kind: Route
name: guarded
spec: { models: [first, european] }
`)
    const labelled = (headers: Record<string, string>, model = 'guarded') =>
      chat({ model }, { headers })
    expect((await labelled({})).headers.get('x-plinth-model')).toBe('first')
    const secretive = await labelled({
      'x-plinth-data-class': 'confidential',
      'x-plinth-region': 'eu',
    })
    expect(secretive.headers.get('x-plinth-model')).toBe('european')
    expect((await lastCall()).detail).toMatchObject({
      skipped: [{ model: 'first', reason: expect.any(String) }],
    })
    two.mode = { status: 500 }
    expect((await labelled({ 'x-plinth-region': 'eu' })).status).toBe(502)
    expect(one.requests).toHaveLength(1)
    const nowhere = await labelled({ 'x-plinth-region': 'us' })
    expect(nowhere.status).toBe(403)
    expect((await labelled({ 'x-plinth-use-case': 'a b' })).status).toBe(400)
  })

  it('are hedged where a route says so: the first to speak answers, the other is cancelled [M36.gateway-hedge]', async () => {
    await house.apply(`
kind: Route
name: hedged
spec: { models: [patient, second], hedge: { afterMs: 40 } }
`)
    one.mode = 'hang-before-first'
    const reply = await chat({ model: 'hedged', stream: true })
    expect([reply.status, reply.headers.get('x-plinth-model')]).toEqual([200, 'second'])
    for (let i = 0; i < 200 && one.cancelled < 1; i++) await delay(10)
    expect(one.cancelled).toBe(1)
    expect(await lastCall()).toMatchObject({ outcome: 'answered', model: 'second', attempts: 2 })
  })

  it('leave a digest of each batch in the audit log, from which a changed row is found [M28.calls-booked]', async () => {
    await calls()
    await chat({ model: 'first' })
    const row = await lastCall()
    const { store } = house.house.foundation
    const event = await store.within(house.organizationId, (tx) =>
      tx
        .selectFrom('audit_event')
        .select('canonical')
        .where('kind', '=', 'calls.booked')
        .orderBy('seq', 'desc')
        .executeTakeFirstOrThrow(),
    )
    const { details } = JSON.parse(event.canonical)
    const told = (change: object) =>
      digestOfCalls([
        {
          id: row.id,
          principalId: row.principal_id,
          model: row.model,
          outcome: row.outcome as 'answered',
          inputTokens: row.input_tokens,
          cachedTokens: row.cached_tokens,
          outputTokens: row.output_tokens,
          reasoningTokens: row.reasoning_tokens,
          costNanousd: row.cost_nanousd,
          ...change,
        },
      ])
    expect(details).toMatchObject({ calls: 1, first: row.id, last: row.id, digest: told({}) })
    expect(told({ outputTokens: row.output_tokens - 1 })).not.toBe(details.digest)
  })

  it('need the permission, in the model’s project [M27.gateway-permission]', async () => {
    const viewer = await house.person('viewer', { roles: ['viewer'] })
    const { status, body } = await viewer.call('POST', '/v1/chat/completions', {
      body: { model: 'first', messages },
    })
    expect(status).toBe(403)
    expect(body.error.type).toBe('permission_error')
    expect(one.requests).toHaveLength(0)
  })

  it('refuse malformed bodies in the words of the protocol [M15.door-fuzz]', async () => {
    for (const body of [
      '{',
      '[]',
      '"x"',
      '{"model":5}',
      '{"model":"first","messages":5}',
      Buffer.from([0x7b, 0xff, 0x7d]),
      `${'['.repeat(100_000)}`,
    ]) {
      const { status, body: answer } = await owner.call('POST', '/v1/chat/completions', {
        body,
        headers: { 'content-type': 'application/json' },
      })
      expect(status).toBe(400)
      expect(answer.error.type).toBe('invalid_request_error')
    }
    const missing = await chat({ model: 'nothing-here' })
    expect(missing.status).toBe(404)
    expect(missing.body.error.code).toBe('model_not_found')
  })
})
