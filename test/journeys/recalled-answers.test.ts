import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Embedder } from '#ports'
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
spec: { personalData: { input: mask, output: allow }, citations: { unsupported: mark } }
---
kind: Provider
name: outside
spec: { protocol: openai, baseUrl: "${upstream.url}/v1", allowPrivate: ["${upstream.url}"] }
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
spec:
  { knowledgeBases: [kitchen], route: outside, prompt: plain, guardrail: open,
    cache: { semantic: { ttlSeconds: 600 } } }
---
kind: Assistant
name: forgetful
spec: { knowledgeBases: [kitchen], route: outside, prompt: plain, guardrail: open }
`

/** The same vector for every question: what differs must be seen by the checks. */
const everythingIsNear: Embedder = {
  version: 'embedder/1',
  id: 'near',
  digest: 'sha256:near',
  dimensions: 2,
  embedPassages: async (texts) => texts.map(() => new Float32Array([1, 0])),
  embedQuery: async (text) => new Float32Array(text.includes('spoons') ? [0, 1] : [1, 0]),
  close: async () => {},
}

describe('answers of an assistant that are given again', () => {
  let house: OpenHouse
  let upstream: FakeUpstream
  let reader: Person
  beforeAll(async () => {
    upstream = await startFakeUpstream()
    house = await openHouse()
    house.house.api.answer.embedder = () => everythingIsNear
    await house.apply(resources(upstream))
    reader = await house.person('reader')
    await house.upload('kitchen', 'soup.txt', 'Soup is served at noon.')
    await house.upload('kitchen', 'spoon.txt', 'Spoons lie in the drawer.')
    upstream.words = ['Soup ', 'is served ', 'at noon ', '[1].']
  })
  afterAll(async () => {
    await house?.close()
    await upstream?.close()
  })

  const ask = (question: string, extra: object = {}, by: Person = reader) => {
    const { headers, ...body } = extra as { headers?: Record<string, string> }
    return by.call('POST', '/api/v1/ask', {
      body: { question, assistant: 'cook', ...body },
      ...(headers ? { headers } : {}),
    })
  }
  const said = ({ headers }: { headers: Headers }) => headers.get('x-plinth-cache')

  it('come to the same question in other words, with citations, as a stream too, and the trace says why [M15.recall] [M3.recall-cited]', async () => {
    const first = await ask('When is soup served?')
    expect([first.body.outcome, said(first)]).toEqual(['answered', 'miss; first'])
    const calls = upstream.requests.length
    const again = await ask('Please tell me: when is soup served?')
    expect(said(again)).toMatch(/^hit; kept for \d+ s, similarity 1\.000$/)
    expect(again.body).toMatchObject({
      text: first.body.text,
      citations: first.body.citations,
      cache: { verdict: 'hit' },
      usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
    })
    expect(first.body.citations).not.toHaveLength(0)
    const stream = await ask('When is soup served, please?', { stream: true })
    expect(said(stream)).toMatch(/^hit/)
    expect(stream.text.match(/event: text/g)!.length).toBeGreaterThan(0)
    expect(stream.text).toContain('event: citation')
    const chat = await reader.call('POST', '/v1/chat/completions', {
      body: {
        model: 'cook',
        stream: true,
        messages: [{ role: 'user', content: 'When is soup served?' }],
      },
    })
    expect(said(chat)).toMatch(/^hit/)
    expect(chat.text).toContain('[DONE]')
    expect(upstream.requests).toHaveLength(calls)
    const { body: trace } = await house.owner.call('GET', `/api/v1/traces/${again.body.traceId}`)
    const span = trace.spans.find((one: { name: string }) => one.name === 'recall')
    expect(span.attributes).toMatchObject({ cache: 'hit' })
    expect(JSON.stringify(trace)).toContain(`first answered in trace ${first.body.traceId}`)
  })

  it('do not come to another question, however near [M15.recall-verified]', async () => {
    for (const [question, why] of [
      ['When is soup not served?', 'negation'],
      ['When is soup served in 2025?', 'numbers'],
      ['Why is soup served?', 'what is asked for'],
      ['When is cold soup served?', 'words'],
    ] as const) {
      expect(said(await ask(question))).toBe(`miss; similarity 1.000, but other ${why}`)
    }
    expect(said(await ask('Where do spoons lie?'))).toMatch(/^miss; similarity 0\.000 is below/)
  })

  it('go past where a conversation, personal data or the caller says so [M15.recall-bypass]', async () => {
    const control = (value: string) => ({ headers: { 'cache-control': value } })
    expect(said(await ask('When is soup served?', control('no-store')))).toBe('bypass; no-store')
    expect(said(await ask('When is soup served?', control('no-cache')))).toBe('miss; no-cache')
    expect(said(await ask('When is soup served to ada@example.org?'))).toBe(
      'bypass; personal data in the question',
    )
    const chat = await reader.call('POST', '/v1/chat/completions', {
      body: {
        model: 'cook',
        messages: [
          { role: 'user', content: 'Where do spoons lie?' },
          { role: 'assistant', content: 'In the drawer.' },
          { role: 'user', content: 'When is soup served?' },
        ],
      },
    })
    expect(said(chat)).toBe('bypass; a conversation')
    const without = await ask('When is soup served?', { assistant: 'forgetful' })
    expect([said(without), without.body.cache]).toEqual([null, undefined])
  })

  it('are never another’s, and end with a change of documents, release or a purge [M27.recall] [M15.recall-forgets]', async () => {
    const question = 'When is soup served?'
    const again = async (by: Person = reader) => said(await ask(question, {}, by))
    expect(await again()).toMatch(/^hit/)
    const twin = await house.person('twin')
    expect(await again(twin)).toMatch(/^hit/)
    const cook = await house.person('cook', { groups: ['cooks'] })
    expect(await again(cook)).toBe('miss; first')
    const added = await house.upload('kitchen', 'secret.txt', 'Soup is salted at eleven.')
    expect(await again()).toBe('miss; first')
    expect(await again()).toMatch(/^hit/)
    await house.owner.call('PUT', `/api/v1/documents/${added.id}/readers`, {
      body: { readers: ['group:cooks'] },
    })
    expect(await again()).toBe('miss; first')
    expect(await again(cook)).toBe('miss; first')
    await house.apply('kind: Prompt\nname: plain\nspec: { system: Answer very briefly. }')
    expect(await again()).toBe('miss; first')
    expect(await again()).toMatch(/^hit/)
    await house.owner.call('POST', '/api/v1/caches/purge')
    expect(await again()).toBe('miss; first')
  })
})
