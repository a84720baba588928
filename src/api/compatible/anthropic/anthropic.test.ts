import Anthropic from '@anthropic-ai/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type FakeUpstream,
  startFakeUpstream,
} from '../../../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse, type Person } from '../../../../test/open-house.ts'

const resources = (upstream: FakeUpstream) => `
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
kind: Guardrail
name: open
spec: {}
---
kind: Provider
name: same
spec: { protocol: anthropic, baseUrl: "${upstream.url}", retry: { max: 0 } }
---
kind: Model
name: claude
spec: { provider: same, upstreamModel: m-1, contextTokens: 2000 }
---
kind: Provider
name: other
spec: { protocol: openai, baseUrl: "${upstream.url}/v1", retry: { max: 0 } }
---
kind: Model
name: gpt
spec: { provider: other, upstreamModel: m-2, contextTokens: 2000 }
---
kind: Route
name: built-in
spec: { models: [extractive] }
---
kind: Assistant
name: guide
spec: { knowledgeBases: [notes], route: built-in, prompt: plain, guardrail: open }
`

let house: OpenHouse
let upstream: FakeUpstream
let client: Anthropic
const spoken = ['The ', 'notice ', 'period ', 'is ', 'three ', 'months.']
const question = 'How long is the notice period?'

beforeAll(async () => {
  upstream = await startFakeUpstream()
  house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: upstream.host } })
  await house.apply(resources(upstream))
  await house.upload('notes', 'notice.txt', 'The notice period is three months. It begins in May.')
  client = clientOf(house.owner)
})
afterEach(() => {
  upstream.mode = 'normal'
  upstream.words = [...spoken]
  upstream.requests.length = 0
})
afterAll(async () => {
  await house?.close()
  await upstream?.close()
})

const clientOf = (person: Person) =>
  new Anthropic({ apiKey: person.key, baseURL: house.url, maxRetries: 0 })
const ask = (model: string, content = question) => ({
  model,
  max_tokens: 100,
  messages: [{ role: 'user' as const, content }],
})
const textOf = (message: Anthropic.Message) =>
  message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
const thrown = async (work: PromiseLike<unknown>) => {
  const error = await Promise.resolve(work).then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(Anthropic.APIError)
  return error as InstanceType<typeof Anthropic.APIError>
}

describe('the Anthropic door', () => {
  it('answers as an assistant, whole and streamed, with what proves it [M15.anthropic-client]', async () => {
    const message = await client.messages.create(ask('guide'))
    expect(message).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' })
    expect(textOf(message)).toMatch(/three months.*\[1\]/)
    const { plinth } = message as unknown as { plinth: { traceId: string; citations: object[] } }
    expect(plinth.traceId).toMatch(/^trc_/)
    expect(plinth.citations).toHaveLength(1)
    const streamed = await client.messages.stream(ask('guide')).finalMessage()
    expect(textOf(streamed)).toBe(textOf(message))
    expect(streamed.stop_reason).toBe('end_turn')
  })

  it('calls models of its own and of another protocol, whole and streamed [M15.anthropic-client]', async () => {
    upstream.words = [...spoken]
    for (const model of ['claude', 'gpt']) {
      const message = await client.messages.create(ask(model))
      expect([model, textOf(message)]).toEqual([model, spoken.join('')])
      const streamed = await client.messages.stream(ask(model)).finalMessage()
      expect([model, textOf(streamed)]).toEqual([model, spoken.join('')])
      expect(streamed.usage.output_tokens).toBe(spoken.length)
    }
    const paths = new Set(upstream.requests.map(({ path }) => path))
    expect([...paths]).toEqual(['/v1/messages', '/v1/chat/completions'])
  })

  it('fails in the words of the original, before the first word and after it [M15.anthropic-errors]', async () => {
    const wrong = new Anthropic({ apiKey: 'plk_wrong', baseURL: house.url, maxRetries: 0 })
    expect(await thrown(wrong.messages.create(ask('guide')))).toBeInstanceOf(
      Anthropic.AuthenticationError,
    )
    expect(await thrown(client.messages.create(ask('absent')))).toBeInstanceOf(
      Anthropic.NotFoundError,
    )
    const tools = [{ name: 'f', input_schema: { type: 'object' as const } }]
    const refused = await thrown(client.messages.create({ ...ask('guide'), tools }))
    expect(refused).toBeInstanceOf(Anthropic.BadRequestError)
    expect(refused.message).toContain('tools')
    const robot = { ...ask('guide'), messages: [{ role: 'robot', content: 'x' }] } as never
    expect((await thrown(client.messages.create(robot))).message).toContain('messages.0.role')
    upstream.mode = 'cut'
    for (const model of ['claude', 'gpt']) {
      const stream = client.messages.stream(ask(model))
      expect((await thrown(stream.finalMessage())).message).toMatch(/api_error|broke off|error/i)
    }
  })

  it('counts the tokens of a request without asking anybody [M15.anthropic-client]', async () => {
    const { input_tokens: few } = await client.messages.countTokens({
      model: 'claude',
      messages: ask('claude').messages,
    })
    const { input_tokens: more } = await client.messages.countTokens({
      model: 'claude',
      messages: ask('claude', `${question} `.repeat(10)).messages,
      tools: [{ name: 'weather', input_schema: { type: 'object' } }],
    })
    expect(few).toBeGreaterThan(5)
    expect(more).toBeGreaterThan(few * 5)
    expect(upstream.requests).toEqual([])
  })
})
