import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redact } from '#kernel'
import type { ChatModel, ChatPart, ChatRequest } from '#ports'
import {
  type FakeUpstream,
  startFakeUpstream,
} from '../../../conformance/chat-model/fake-upstream.ts'
import { chatModelKit } from '../../../conformance/chat-model/kit.ts'
import { embedderKit } from '../../../conformance/embedder/kit.ts'
import { createDialects } from '../dialects/index.ts'
import { createDialectEmbedder } from '../embedders/dialect/index.ts'
import { type ClosableOutbound, createOutboundClient } from '../outbound/index.ts'
import { createDialectModel } from './dialect/index.ts'
import type { HttpModelOptions } from './exchange.ts'
import { createExtractiveModel } from './extractive/index.ts'

const opened: ClosableOutbound[] = []
afterAll(() => Promise.all(opened.map((client) => client.close())))

const dialects = createDialects()

function options(upstream: FakeUpstream, more: Partial<HttpModelOptions> = {}): HttpModelOptions {
  const outbound = createOutboundClient({ allowPrivate: [upstream.host] })
  opened.push(outbound)
  const timeouts = { totalMs: 20_000, firstTokenMs: 10_000, idleMs: 10_000 }
  return {
    id: 'test',
    dialect: dialects['openai-chat'],
    baseUrl: `${upstream.url}/v1`,
    timeouts,
    outbound,
    apiKeyName: 'TEST_KEY',
    ...more,
  }
}

chatModelKit('openai', { open: (upstream, given) => createDialectModel(options(upstream, given)) })
chatModelKit('anthropic', {
  open: (upstream, given) =>
    createDialectModel(
      options(upstream, { ...given, dialect: dialects.anthropic, baseUrl: upstream.url }),
    ),
})

const request: ChatRequest = {
  model: 'm',
  temperature: 0.3,
  maxOutputTokens: 50,
  stop: ['END'],
  messages: [
    { role: 'system', content: 'S1' },
    { role: 'assistant', content: 'hello' },
    { role: 'user', content: 'a' },
    { role: 'user', content: 'b' },
  ],
}

async function all(model: ChatModel, asked = request): Promise<ChatPart[]> {
  const parts: ChatPart[] = []
  for await (const part of model.stream(asked, new AbortController().signal)) parts.push(part)
  return parts
}

describe('protocols', () => {
  let upstream: FakeUpstream
  beforeAll(async () => {
    upstream = await startFakeUpstream()
  })
  afterAll(() => upstream.close())

  it('sends what OpenAI’s protocol asks for, and the key only in its header [M15.openai-request]', async () => {
    upstream.mode = 'normal'
    await all(
      createDialectModel(
        options(upstream, {
          apiKey: 'sk-a',
          headers: { 'x-team': 't' },
          baseUrl: `${upstream.url}/v1/`,
        }),
      ),
    )
    const { body, headers, path } = upstream.requests.at(-1)!
    expect(path).toBe('/v1/chat/completions')
    expect(headers).toMatchObject({ authorization: 'Bearer sk-a', 'x-team': 't' })
    expect(body).toMatchObject({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 50,
      temperature: 0.3,
      stop: ['END'],
    })
  })

  it('learns which parameters an endpoint refuses and leaves them out from then on [M15.openai-compatible]', async () => {
    upstream.mode = 'picky'
    upstream.requests.length = 0
    const model = createDialectModel(options(upstream))
    expect((await all(model)).at(-1)).toEqual({ type: 'finish', reason: 'stop' })
    expect(upstream.requests).toHaveLength(4)
    await all(model)
    expect(upstream.requests).toHaveLength(5)
    expect(upstream.requests.at(-1)!.body).toMatchObject({ max_completion_tokens: 50 })
  })

  it('understands an endpoint that does not stream [M15.openai-compatible]', async () => {
    upstream.mode = 'no-stream'
    const parts = await all(createDialectModel(options(upstream)))
    expect(parts.map((part) => part.type)).toEqual(['text', 'usage', 'finish'])
  })

  it('sends what Anthropic’s protocol asks for: system apart, turns that alternate [M15.anthropic-request]', async () => {
    upstream.mode = 'normal'
    await all(
      createDialectModel(
        options(upstream, {
          dialect: dialects.anthropic,
          apiKey: 'sk-ant',
          baseUrl: `${upstream.url}/v1`,
        }),
      ),
    )
    const { body, headers } = upstream.requests.at(-1)!
    expect(headers).toMatchObject({ 'x-api-key': 'sk-ant', 'anthropic-version': '2023-06-01' })
    expect(body).toMatchObject({
      system: 'S1',
      max_tokens: 50,
      stop_sequences: ['END'],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
    })
  })

  it('takes secrets and anything like a key out of what an endpoint says [M15.redact]', () => {
    const said = 'bad hunter2hunter2 and sk-abc123def and Bearer xyz\u0000\n end'
    expect(redact(said, ['hunter2hunter2'])).toBe('bad [secret] and [secret] and [secret] end')
    expect(redact('x'.repeat(9_000), []).length).toBeLessThan(500)
  })

  it('turns an extraction into cited text, or an abstention with its reason [M4.extractive-model]', async () => {
    const model = createExtractiveModel(() => ({
      confidence: 0.9,
      sentences: [
        { text: 'One.', kind: 'sentence', passage: 2 },
        { text: 'Two.', kind: 'sentence', passage: 1 },
        { text: 'a | b', kind: 'row', passage: 1 },
      ],
    }))
    const text = (await all(model)).map((part) => (part.type === 'text' ? part.text : '')).join('')
    expect(text).toBe('One. [2] Two. [1]\na | b [1]')
    const tables = createExtractiveModel(() => ({
      confidence: 0.9,
      sentences: [
        { text: 'a | b', kind: 'table-header', passage: 1 },
        { text: '1 | 2', kind: 'row', passage: 1 },
        { text: 'c | d', kind: 'table-header', passage: 2 },
        { text: '3 | 4', kind: 'row', passage: 2 },
      ],
    }))
    const both = (await all(tables)).map((part) => (part.type === 'text' ? part.text : '')).join('')
    expect(both).toBe('a | b [1]\n1 | 2 [1]\n\nc | d [2]\n3 | 4 [2]')
    const silent = createExtractiveModel(() => ({ confidence: 0.1, reason: 'No.', sentences: [] }))
    expect((await all(silent)).map((part) => part.type)).toEqual(['abstain', 'usage', 'finish'])
  })
})

let shared: FakeUpstream
beforeAll(async () => {
  shared = await startFakeUpstream()
})
afterAll(() => shared.close())
embedderKit('openai', async () =>
  createDialectEmbedder({ ...options(shared), model: 'e', dimensions: 8 }),
)
