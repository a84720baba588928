import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse } from '../open-house.ts'
import { textOf } from '../tidy/sources.ts'
import { startUpstream, type Upstream, wires } from '../upstreams/index.ts'

const page = textOf('docs/use/before-your-models.md')
const yaml = /<<'YAML'\n([\s\S]*?)^YAML$/m.exec(page)?.[1] ?? ''

describe('the page for whoever puts Plinth before OpenAI, Anthropic and a local Ollama', () => {
  let house: OpenHouse
  let near: FakeUpstream
  let far: FakeUpstream
  let local: Upstream
  let openai: OpenAI
  let anthropic: Anthropic
  beforeAll(async () => {
    near = await startFakeUpstream()
    far = await startFakeUpstream()
    local = await startUpstream(wires().find(({ name }) => name === 'ollama')!)
    house = await openHouse({
      env: { PLINTH_ALLOWED_PRIVATE_HOSTS: `${near.host},${far.host}` },
      secrets: { OPENAI_API_KEY: 'key-of-openai', ANTHROPIC_API_KEY: 'key-of-anthropic' },
    })
    const { secret } = (
      await house.owner.call('POST', '/api/v1/keys', {
        body: { name: 'billing', scopes: ['models.use'] },
      })
    ).body
    openai = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: secret, maxRetries: 0 })
    anthropic = new Anthropic({ baseURL: house.url, apiKey: secret, maxRetries: 0 })
  }, 60_000)
  afterAll(async () => {
    await house?.close()
    await Promise.all([near?.close(), far?.close(), local?.close()])
  })
  afterEach(() => {
    for (const one of [near, far, local]) {
      one.mode = 'normal'
      one.requests.length = 0
    }
  })

  it('names models whose prices are known, and what Plinth takes as it stands [M15.one-page]', async () => {
    await house.apply(yaml)
    const { body } = await house.owner.call('GET', '/api/v1/models/prices')
    const known = body.items.filter((one: { name: string }) =>
      ['gpt', 'claude', 'local'].includes(one.name),
    )
    expect(known.map((one: { price: unknown }) => one.price)).toEqual(
      Array(3).fill(expect.objectContaining({ input: expect.any(Number) })),
    )
  })

  it('gives each client each model, falls back, masks, and keeps what is confidential in the house [M15.one-page]', async () => {
    await house.apply(
      yaml
        .replace('https://api.openai.com', near.url)
        .replace('https://api.anthropic.com', far.url)
        .replaceAll('http://127.0.0.1:11434', local.url)
        .replace('upstreamModel: gpt-4.1-mini', '$&, catalogue: openai/gpt-4.1-mini')
        .replace('upstreamModel: claude-sonnet-4-5', '$&, catalogue: anthropic/claude-sonnet-4-5'),
    )
    near.words = far.words = ['Written to ', '<EMAIL', '_1>.']
    const mail = 'ada@tessmere.example'
    const messages = [{ role: 'user' as const, content: `Write to ${mail}.` }]
    const ask = async (headers: Record<string, string> = {}, model = 'chat') => {
      const sent = openai.chat.completions.create({ model, messages }, { headers })
      const { data, response } = await sent.withResponse()
      const used = response.headers.get('x-plinth-model')
      return { used, text: data.choices[0]?.message.content }
    }
    expect(await ask()).toEqual({ used: 'gpt', text: `Written to ${mail}.` })
    expect(near.requests[0]?.headers.authorization).toBe('Bearer key-of-openai')
    expect(JSON.stringify(near.requests[0]?.body)).not.toContain(mail)
    const stream = anthropic.messages.stream({ model: 'claude', max_tokens: 100, messages })
    expect(await stream.finalText()).toBe(`Written to ${mail}.`)
    expect(far.requests[0]?.headers['x-api-key']).toBe('key-of-anthropic')
    near.mode = { status: 500 }
    expect(await ask()).toEqual({ used: 'claude', text: `Written to ${mail}.` })
    far.mode = { status: 529, message: 'Overloaded' }
    expect(await ask()).toEqual({ used: 'local', text: 'Three months.' })
    near.mode = far.mode = 'normal'
    const before = near.requests.length + far.requests.length
    const confidential = { 'x-plinth-data-class': 'confidential' }
    expect((await ask(confidential)).used).toBe('local')
    local.mode = { status: 503, message: 'loading' }
    await expect(ask(confidential)).rejects.toMatchObject({ status: expect.any(Number) })
    await expect(ask(confidential, 'gpt')).rejects.toMatchObject({ status: 403 })
    expect(near.requests.length + far.requests.length).toBe(before)
    const sums = async () => {
      const { body } = await house.owner.call('GET', '/api/v1/usage?by=model')
      return body.groups.map(
        ({ keys, costUsd }: { keys: [{ value: string }]; costUsd: number }) => [
          keys[0].value,
          costUsd > 0,
        ],
      )
    }
    await expect.poll(sums).toEqual(
      expect.arrayContaining([
        ['gpt', true],
        ['claude', true],
        ['local', false],
      ]),
    )
  }, 60_000)
})
