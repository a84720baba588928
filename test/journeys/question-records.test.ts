import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const resources = (upstream: FakeUpstream) => `
kind: KnowledgeBase
name: garden
spec: { readers: [everyone], masking: { mode: off } }
---
kind: Source
name: garden
spec: { knowledgeBase: garden, upload: {} }
---
kind: Prompt
name: plain
spec: { system: Answer briefly. }
---
kind: Guardrail
name: open
spec: { personalData: { input: allow, output: allow }, citations: { unsupported: mark } }
---
kind: Guardrail
name: closed
spec: { personalData: { input: mask, output: mask }, citations: { unsupported: mark } }
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
name: open
spec: { knowledgeBases: [garden], route: outside, prompt: plain, guardrail: open }
---
kind: Assistant
name: closed
spec: { knowledgeBases: [garden], route: outside, prompt: plain, guardrail: closed }
---
kind: Role
name: mute
spec: { permissions: [documents.read] }
`
const address = 'anna.gardener@example.org'

describe('What is recorded of a question', () => {
  let house: OpenHouse
  let upstream: FakeUpstream
  beforeAll(async () => {
    upstream = await startFakeUpstream()
    house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: upstream.host } })
    await house.apply(resources(upstream))
    await house.upload('garden', 'tulips.txt', `Write to ${address} about the tulips.`)
  })
  afterAll(async () => {
    await house?.close()
    await upstream?.close()
  })

  const traceRow = (id: string) =>
    house.house.foundation.store.read(house.organizationId, (tx) =>
      tx.selectFrom('trace').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    )

  it('is masked, whoever asks and whatever the guardrail allows [M11.masked-traces]', async () => {
    const member = await house.person('member')
    upstream.words = [
      `Ask ${address} first. `,
      `Write to ${address} about the tulips [1]. `,
      'Rumour has it that roses whisper.',
    ]
    const asked: [Person, string][] = [
      [member, 'open'],
      [house.owner, 'open'],
      [house.owner, 'closed'],
      [member, 'closed'],
    ]
    for (const [person, assistant] of asked) {
      const question = `Is ${address} whom to write to about the tulips?`
      const reply = await person.call('POST', '/api/v1/ask', { body: { question, assistant } })
      expect(reply.body.outcome).toBe('answered')
      const seesAll = person === house.owner || assistant === 'open'
      expect([assistant, reply.text.includes(address)]).toEqual([assistant, seesAll])
      const row = await traceRow(reply.body.traceId)
      expect(JSON.stringify([row.name, row.detail, row.spans])).not.toContain('gardener')
      expect(row.name).toBe('Is <EMAIL_1> whom to write to about the tulips?')
      const { answer } = row.detail as { answer: typeof reply.body }
      const said = (one: typeof reply.body) => [
        ...one.citations.map((c: typeof one) => one.text.slice(c.sentenceStart, c.sentenceEnd)),
        ...one.unsupported.map((u: typeof one) => one.text.slice(u.start, u.end)),
      ]
      expect(said(answer).length).toBeGreaterThan(1)
      const masked = said(reply.body).map((text: string) => text.replaceAll(address, '<EMAIL_1>'))
      expect(said(answer)).toEqual(masked)
      // The conversation is the asker's own: it holds what they saw.
      const own = await person.call('GET', `/api/v1/conversations/${reply.body.conversationId}`)
      expect(own.text).toContain(JSON.stringify(reply.body.text))
    }
  })

  it('is the same of a refusal at every door [M28.refused-doors]', async () => {
    const mute = await house.person('mute', { roles: ['mute'] })
    const records = () =>
      house.house.foundation.store.read(house.organizationId, async (tx) => {
        const traces = await tx
          .selectFrom('trace')
          .select(['id', 'name', 'outcome', 'user_id'])
          .where('user_id', '=', mute.id)
          .execute()
        const events = await tx
          .selectFrom('audit_event')
          .select(['seq', 'kind'])
          .orderBy('seq')
          .execute()
        return { traces, events }
      })
    const left = []
    const messages = [{ role: 'user', content: `Who is ${address}?` }]
    for (const [path, body] of [
      ['/api/v1/ask', { question: `Who is ${address}?`, assistant: 'open' }],
      ['/v1/chat/completions', { model: 'open', messages }],
    ] as const) {
      const before = await records()
      expect((await mute.call('POST', path, { body })).status).toBe(403)
      const after = await records()
      left.push({
        traces: after.traces.slice(before.traces.length).map(({ id: _, ...one }) => one),
        events: after.events.slice(before.events.length).map(({ kind }) => kind),
      })
    }
    expect(left[0]).toEqual(left[1])
    expect(left[0]).toEqual({
      traces: [{ name: '(not read)', outcome: 'denied', user_id: mute.id }],
      events: ['access.denied', 'question.declined'],
    })
  })
})
