import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { Housekeeping } from '../../src/wiring/housekeeping.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'
import { patience, resources } from './gateway.fixture.ts'

const own = (upstream: FakeUpstream) => `
kind: Provider
name: own
spec: { protocol: openai-responses, baseUrl: "${upstream.url}/v1", timeouts: { totalMs: 4000, firstTokenMs: 300, idleMs: 300 }, ${patience} }
---
kind: Model
name: own
spec: { provider: own, upstreamModel: r-1, maxOutputTokens: 100, price: { input: 1, output: 2 } }
`
const guide = `
kind: KnowledgeBase
name: notes
spec: { readers: [everyone] }
---
kind: Source
name: notes
spec: { knowledgeBase: notes, upload: {} }
---
kind: Prompt
name: plain
spec: { system: You are the guide of this house. }
---
kind: Route
name: built-in
spec: { models: [extractive] }
---
kind: Assistant
name: guide
spec: { knowledgeBases: [notes], route: built-in, prompt: plain, guardrail: default }
`
const question = 'How long is the notice period?'

describe('answers by the Responses API', () => {
  let house: OpenHouse
  let one: FakeUpstream
  let two: FakeUpstream
  let client: OpenAI
  beforeAll(async () => {
    one = await startFakeUpstream()
    two = await startFakeUpstream()
    house = await openHouse({
      env: { PLINTH_ALLOWED_PRIVATE_HOSTS: `${one.host},${two.host}` },
      secrets: { ONE_KEY: 'k' },
    })
    await house.apply(resources(one, two))
    await house.apply(own(two))
    await house.apply(guide)
    await house.upload('notes', 'notice.txt', 'The notice period is three months.')
    client = clientOf(house.owner)
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
    }
  })
  const clientOf = (person: Person) =>
    new OpenAI({ baseURL: `${house.url}/v1`, apiKey: person.key, maxRetries: 0 })
  const lastCall = async () => {
    await house.house.api.gateway.usage.flush()
    const { store } = house.house.foundation
    return store.within(house.organizationId, (tx) =>
      tx.selectFrom('model_call').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow(),
    )
  }
  const thrown = async (work: PromiseLike<unknown>) => {
    const error = await Promise.resolve(work).then(
      () => undefined,
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(OpenAI.APIError)
    return error as InstanceType<typeof OpenAI.APIError>
  }
  const words = () => one.words.join('')

  it.each(['own', 'first', 'foreign', 'both'])(
    'come from %s, whole and streamed, and are accounted for [M15.responses-door]',
    async (model) => {
      const whole = await client.responses.create({ model, input: question, temperature: 0.2 })
      expect(whole.output_text).toBe(words())
      expect(whole.status).toBe('completed')
      expect(await lastCall()).toMatchObject({
        ...{ door: 'openai.responses', asked: model, outcome: 'answered', streamed: false },
        ...{ input_tokens: 11, output_tokens: 8, estimated: false },
      })
      const stream = client.responses.stream({ model, input: question })
      let text = ''
      for await (const event of stream) {
        if (event.type === 'response.output_text.delta') text += event.delta
      }
      const final = await stream.finalResponse()
      expect([text, final.output_text]).toEqual([words(), words()])
      expect(await lastCall()).toMatchObject({ streamed: true, outcome: 'answered' })
    },
  )

  it('pass byte by byte where they are not kept, and tell the endpoint to keep nothing [M15.responses-pass-through]', async () => {
    const input = [{ role: 'user' as const, content: question }]
    const extra = { truncation: 'auto' as const, prompt: { id: 'p' }, metadata: { a: 'b' } }
    const unkept = await client.responses.create({ model: 'own', input, store: false, ...extra })
    expect(unkept.id).toMatch(/^resp_upstream/)
    expect(two.requests[0]!.body).toEqual({ model: 'r-1', input, store: false, ...extra })
    expect((await thrown(client.responses.retrieve(unkept.id))).status).toBe(404)
    await client.responses.create({ model: 'own', input, ...extra })
    expect(two.requests[1]!.body).toEqual({ model: 'r-1', input, store: false, ...extra })
  })

  it.each(['own', 'first', 'foreign', 'guide'])(
    'of %s are continued by their id, and by references to their items [M15.responses-continued]',
    async (model) => {
      const first = await client.responses.create({ model, input: question })
      const second = client.responses.stream({
        ...{ model, previous_response_id: first.id, input: 'When does it begin?' },
      })
      const { id, output } = await second.finalResponse()
      const third = await client.responses.create({
        model,
        previous_response_id: id,
        input: 'And when does it end?',
      })
      expect(third.output_text).not.toBe('')
      const kept = await client.responses.retrieve(third.id)
      expect(kept).toMatchObject({ id: third.id, previous_response_id: id, store: true })
      const asked = await client.responses.inputItems.list(third.id)
      expect(asked.data).toMatchObject([{ role: 'user', content: 'And when does it end?' }])
      if (model !== 'guide') {
        const sent = JSON.stringify((model === 'first' ? one : two).requests.at(-1)!.body)
        const told = [question, words(), 'When does it begin?', words(), 'And when does it end?']
        const places = told.map((text) => sent.indexOf(JSON.stringify(text).slice(1, -1)))
        expect(places.every((place) => place >= 0)).toBe(true)
        expect(sent).not.toContain('previous_response_id')
      }
      const referring = await client.responses.create({
        model,
        input: [
          { role: 'user', content: question },
          { type: 'item_reference', id: output[0]!.id! },
          { role: 'user', content: 'Why?' },
        ],
      })
      expect(referring.status).toBe('completed')
      await client.responses.delete(first.id)
      const error = await thrown(
        client.responses.create({ model, previous_response_id: third.id, input: 'So?' }),
      )
      expect([error.status, error.code]).toEqual([400, 'previous_response_not_found'])
    },
  )

  it('are their own caller’s alone, until they are deleted or their days are over [M15.responses-own]', async () => {
    const { id, output } = await client.responses.create({ model: 'first', input: question })
    const other = clientOf(await house.person('other', { roles: ['owner'] }))
    const refused = [
      await thrown(other.responses.retrieve(id)),
      await thrown(other.responses.delete(id)),
    ]
    expect(refused.map(({ status, code }) => [status, code])).toEqual([
      [404, 'response_not_found'],
      [404, 'response_not_found'],
    ])
    const asked = { model: 'first', input: 'So?', previous_response_id: id }
    expect((await thrown(other.responses.create(asked))).code).toBe('previous_response_not_found')
    const item = { type: 'item_reference' as const, id: output[0]!.id! }
    const referring = await thrown(other.responses.create({ model: 'first', input: [item] }))
    expect([referring.code, referring.param]).toEqual(['item_not_found', 'input[0]'])
    const clear = (days: number) => {
      const clock = { now: () => new Date(Date.now() + days * 86_400_000) }
      const kept = { ...house.house.api, clock }
      return new Housekeeping(kept, { callsKeptDays: 400 }, () => undefined).clear()
    }
    expect((await clear(29)).responses).toBe(0)
    expect((await client.responses.retrieve(id)).id).toBe(id)
    expect((await clear(31)).responses).toBeGreaterThan(0)
    expect((await thrown(client.responses.retrieve(id))).status).toBe(404)
    expect((await clear(31)).responses).toBe(0)
  })

  it('refuse by name what cannot be carried [M15.responses-refused]', async () => {
    const refused: [object, string][] = [
      [{ model: 'first', background: true }, 'background'],
      [{ model: 'own', conversation: 'conv_1' }, 'conversation'],
      [{ model: 'first', tools: [{ type: 'web_search' }] }, 'tools[0]'],
      [{ model: 'foreign', truncation: 'auto' }, 'truncation'],
      [{ model: 'guide', tools: [{ type: 'function', name: 'f' }] }, 'tools'],
      [{ model: 'guide', text: { format: { type: 'json_object' } } }, 'text'],
      [{ model: 'first', input: [{ type: 'dream' }] }, 'messages[0]'],
    ]
    for (const [body, param] of refused) {
      const error = await thrown(
        client.responses.create({ input: question, ...body } as { model: string; input: string }),
      )
      expect([body, error.status]).toEqual([body, 400])
      expect([body, error.param]).toEqual([body, expect.stringContaining(param)])
    }
  })

  it('fail in the words of the original, before the first word and after it [M15.responses-errors]', async () => {
    for (const model of ['own', 'first']) {
      one.mode = two.mode = { status: 500 }
      const error = await thrown(client.responses.create({ model, input: question }))
      expect([model, error.status]).toEqual([model, 502])
      one.mode = two.mode = 'cut'
      const read = async () => {
        let text = ''
        const stream = await client.responses.create({ model, input: question, stream: true })
        for await (const event of stream) {
          if (event.type === 'response.output_text.delta') text += event.delta
          if (event.type === 'error') return [text, event.code]
          if (event.type === 'response.completed') return [text, 'completed']
        }
        return [text, 'ended']
      }
      const [text, code] = await read().catch((e: Error) => ['', e.message])
      expect([model, words().startsWith(text!), code]).not.toEqual([model, true, 'completed'])
      expect(await lastCall()).toMatchObject({ outcome: 'cut' })
    }
    const wrong = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: 'plk_no', maxRetries: 0 })
    expect((await thrown(wrong.responses.create({ model: 'own', input: 'x' }))).status).toBe(401)
  })
})

describe('completions of a prompt', () => {
  let house: OpenHouse
  let one: FakeUpstream
  let two: FakeUpstream
  let client: OpenAI
  beforeAll(async () => {
    one = await startFakeUpstream()
    two = await startFakeUpstream()
    const env = { PLINTH_ALLOWED_PRIVATE_HOSTS: `${one.host},${two.host}` }
    house = await openHouse({ env, secrets: { ONE_KEY: 'k' } })
    await house.apply(resources(one, two))
    await house.apply(guide)
    await house.upload('notes', 'notice.txt', 'The notice period is three months.')
    client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: house.owner.key, maxRetries: 0 })
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
    await two?.close()
  })

  it('come from models of any protocol and from assistants, whole and streamed [M15.completions-door]', async () => {
    for (const model of ['first', 'foreign', 'both', 'guide']) {
      const whole = await client.completions.create({ model, prompt: question, max_tokens: 50 })
      const text = whole.choices[0]!.text
      if (model === 'guide') expect(text).toMatch(/three months.*\[1\]/)
      else expect([model, text]).toEqual([model, one.words.join('')])
      expect(whole.choices[0]!.finish_reason).toBe('stop')
      const stream = await client.completions.create({ model, prompt: question, stream: true })
      let said = ''
      for await (const chunk of stream) said += chunk.choices[0]?.text ?? ''
      expect([model, said]).toEqual([model, text])
    }
  })

  it('refuse by name what cannot be carried [M15.completions-refused]', async () => {
    const refused: [object, string][] = [
      [{ prompt: ['a', 'b'] }, 'prompt'],
      [{ prompt: [1, 2] }, 'prompt'],
      [{ suffix: 'x' }, 'suffix'],
      [{ best_of: 2 }, 'best_of'],
      [{ echo: true }, 'echo'],
    ]
    for (const [body, param] of refused) {
      const asked = { model: 'first', prompt: 'x', ...body } as { model: string; prompt: string }
      const error = await client.completions.create(asked).then(
        () => undefined,
        (e: InstanceType<typeof OpenAI.APIError>) => e,
      )
      expect([body, error?.status, error?.param]).toEqual([body, 400, param])
    }
  })
})
