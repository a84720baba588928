import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'
import { resources } from './gateway.fixture.ts'

const messages = [{ role: 'user' as const, content: 'How long is the notice period?' }]
const assistants = `
---
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
spec: { system: Answer from the passages. }
---
kind: Assistant
name: guide
spec: { knowledgeBases: [notes], route: both, prompt: plain, guardrail: default }
---
kind: Provider
name: stage
spec: { protocol: scripted, script: { rules: [{ reply: Well said. }] } }
---
kind: Model
name: actor
spec: { provider: stage, upstreamModel: actor }
---
kind: Route
name: played
spec: { models: [actor] }
---
kind: Route
name: half-played
spec: { models: [actor, first] }
---
kind: Provider
name: blank
spec: { protocol: scripted, script: { rules: [{ fails: UPSTREAM_FAILED }] } }
---
kind: Model
name: blank
spec: { provider: blank, upstreamModel: blank }
---
kind: Route
name: forgetful
spec: { models: [blank, first] }
---
kind: Provider
name: mirror
spec: { protocol: scripted, script: { rules: [{ reply: "You said: {{question}}" }] } }
---
kind: Guardrail
name: guarded
spec: { personalData: { input: mask, output: allow } }
---
kind: Model
name: echo
spec: { provider: mirror, upstreamModel: mirror }
---
kind: Route
name: guarded-echo
spec: { models: [echo], guardrail: guarded }
---
kind: Route
name: quoting
spec: { models: [extractive] }
`

describe('calls of models know no way around the hub', () => {
  let house: OpenHouse
  let owner: Person
  let one: FakeUpstream
  let two: FakeUpstream
  beforeAll(async () => {
    one = await startFakeUpstream()
    two = await startFakeUpstream()
    house = await openHouse({
      env: { PLINTH_ALLOWED_PRIVATE_HOSTS: `${one.host},${two.host}` },
      secrets: { ONE_KEY: 'key-of-one' },
    })
    owner = house.owner
    await house.apply(resources(one, two) + assistants)
    await house.upload('notes', 'notice.md', '# Notice\n\nThe notice period is three months.\n')
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
    await two?.close()
  })
  afterEach(() => {
    one.requests.length = 0
    two.requests.length = 0
  })

  const chat = (model: string, headers: Record<string, string> = {}, who = owner) =>
    who.call('POST', '/v1/chat/completions', { body: { model, messages }, headers })
  const seen = () => one.requests.length + two.requests.length

  it('with an Idempotency-Key: budgets and labels hold, and the key goes along [M26.no-way-around]', async () => {
    const ada = await house.person('ada', { roles: ['owner'] })
    await house.apply(`
kind: Budget
name: one-call
spec: { per: key, only: [${ada.keyId}], window: day, limits: { requests: 1 } }
`)
    const key = (n: number) => ({ 'idempotency-key': `key-${n}` })
    expect((await chat('first', key(1), ada)).status).toBe(200)
    expect(one.requests[0]?.headers['idempotency-key']).toBe('key-1')
    expect((await chat('first', key(2), ada)).status).toBe(429)
    const labelled = { ...key(3), 'x-plinth-data-class': 'confidential' }
    expect((await chat('first', labelled)).status).toBe(403)
    const other = { 'openai-organization': 'org-of-somebody' }
    expect((await chat('first', other)).status).toBe(200)
    expect(one.requests.at(-1)?.headers).not.toHaveProperty('openai-organization')
    expect(seen()).toBe(2)
  })

  it('with a body that only one reader understands [M26.no-way-around]', async () => {
    const body = Buffer.from(`\uFEFF${JSON.stringify({ model: 'first', messages })}`)
    const headers = { 'content-type': 'application/json' }
    const reply = await owner.call('POST', '/v1/chat/completions', { body, headers })
    expect(reply.status).toBe(400)
    expect(reply.body.error.message).toContain('byte order mark')
    expect(seen()).toBe(0)
  })

  it('through an assistant: its models must be cleared for what the caller says, too [M6.assistant-labels]', async () => {
    const body = { question: 'How long is the notice period?', assistant: 'guide', save: false }
    const headers = { 'x-plinth-data-class': 'confidential' }
    const refused = await owner.call('POST', '/api/v1/ask', { body, headers })
    expect(refused.body.outcome).toBe('failed')
    expect((await chat('guide', headers)).status).not.toBe(200)
    expect(seen()).toBe(0)
    expect((await owner.call('POST', '/api/v1/ask', { body })).body.outcome).toBe('answered')
    expect(seen()).toBe(1)
  })

  it('through a route: models within this process are candidates like others [M15.route-names]', async () => {
    const played = await chat('played')
    expect([played.status, played.body.choices?.[0].message.content]).toEqual([200, 'Well said.'])
    const half = await chat('half-played')
    expect([half.status, half.headers.get('x-plinth-model')]).toEqual([200, 'actor'])
    expect(half.headers.get('x-plinth-call')).toMatch(/^cal_/)
    expect(seen()).toBe(0)
    const forgetful = await chat('forgetful')
    expect([forgetful.status, forgetful.headers.get('x-plinth-model')]).toEqual([200, 'first'])
  })

  it('to a model within this process: streamed at each door, masked, booked, refused what it cannot do [M15.in-process]', async () => {
    const mail = 'ada@tessmere.example'
    const asked = [{ role: 'user' as const, content: `Repeat ${mail}` }]
    const openai = { model: 'guarded-echo', messages: asked, stream: true }
    const chunks = await owner.call('POST', '/v1/chat/completions', { body: openai })
    expect(textIn(chunks.text, ({ choices }) => choices?.[0]?.delta.content)).toBe(
      `You said: Repeat ${mail}`,
    )
    expect(chunks.text.trimEnd().endsWith('data: [DONE]')).toBe(true)
    const anthropic = { ...openai, max_tokens: 3 }
    const events = await owner.call('POST', '/v1/messages', { body: anthropic })
    expect(textIn(events.text, ({ delta }) => delta?.text)).toBe('You said: Repeat ')
    expect(events.text).toContain('"stop_reason":"max_tokens"')
    const { usage } = house.house.api.gateway
    await usage.flush()
    const call = chunks.headers.get('x-plinth-call')
    const { body: row } = await owner.call('GET', `/api/v1/calls/${call}`)
    expect(row).toMatchObject({ model: 'echo', outcome: 'answered', outputTokens: 4 })
    const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }]
    const refused = await owner.call('POST', '/v1/chat/completions', { body: { ...openai, tools } })
    expect([refused.status, refused.body.error.message]).toEqual([
      400,
      expect.stringContaining('tools'),
    ])
    const silent = await chat('quoting')
    expect([silent.status, silent.body.error.message]).toEqual([
      400,
      expect.stringContaining('quotes documents'),
    ])
  })
})

type Frame = {
  choices?: { delta: { content?: string } }[]
  delta?: { text?: string }
}

function textIn(stream: string, said: (frame: Frame) => string | undefined): string {
  const lines = stream.split('\n').filter((line) => line.startsWith('data: {'))
  return lines.map((line) => said(JSON.parse(line.slice(6))) ?? '').join('')
}
