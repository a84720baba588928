import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const resources = `
kind: KnowledgeBase
name: garden
spec: { readers: [everyone] }
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
spec: {}
---
kind: Route
name: built-in
spec: { models: [extractive] }
---
kind: Assistant
name: gardener
spec: { knowledgeBases: [garden], route: built-in, prompt: plain, guardrail: open }
`

describe('a conversation', () => {
  let house: OpenHouse
  let person: Person
  let conversationId: string
  beforeAll(async () => {
    house = await openHouse()
    await house.apply(resources)
    await house.upload(
      'garden',
      'roses.txt',
      'Roses are pruned in February. Roses are planted in autumn, in deep soil.',
    )
    await house.upload(
      'garden',
      'tulips.txt',
      'Tulips are planted in October. Tulips flower in April.',
    )
    person = await house.person('gardener')
  })
  afterAll(() => house?.close())

  const get = async (path: string) =>
    (await person.call('GET', `/api/v1/conversations${path}`)).body
  const ask = async (body: object) => (await person.call('POST', '/api/v1/ask', { body })).body

  it('goes on where it was: a follow-up is understood by what was asked before [M19.follow-up]', async () => {
    const first = await ask({ question: 'When are roses pruned?' })
    expect(first).toMatchObject({ outcome: 'answered', text: expect.stringContaining('February') })
    conversationId = first.conversationId
    const second = await ask({ question: 'And when are they planted?', conversationId })
    expect(second.conversationId).toBe(conversationId)
    expect(second.text).toContain('autumn')
    const alone = await ask({ question: 'And when are they planted?', save: false })
    expect(alone.conversationId).toBeNull()
    const { messages, title } = await get(`/${conversationId}`)
    expect(title).toBe('When are roses pruned?')
    expect(messages.map((m: { role: string }) => m.role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
    ])
    expect(messages[3]).toMatchObject({
      content: second.text,
      traceId: second.traceId,
      citations: second.citations,
    })
    expect((await get('')).items).toMatchObject([{ id: conversationId, messageCount: 4 }])
  })

  it('takes two questions at once, each with its answer [M19.parallel]', async () => {
    const asked = Array.from({ length: 6 }, (_, i) => `When do tulips flower, in year ${i}?`)
    const answers = await Promise.all(asked.map((question) => ask({ question, conversationId })))
    for (const answer of answers) expect(answer.conversationId).toBe(conversationId)
    const { messages } = await get(`/${conversationId}`)
    expect(messages).toHaveLength(16)
    for (let i = 4; i < 16; i += 2) {
      expect(asked).toContain(messages[i].content)
      expect(messages[i + 1]).toMatchObject({ role: 'assistant', traceId: messages[i].traceId })
    }
  })

  it('is renamed, found, rated and exported with its sources [M19.manage] [M43.feedback]', async () => {
    const renamed = await person.call('PATCH', `/api/v1/conversations/${conversationId}`, {
      body: { title: 'Roses & “tulips” 🌷' },
    })
    expect(renamed.body.title).toBe('Roses & “tulips” 🌷')
    for (const title of ['', 'x'.repeat(201), 5]) {
      const reply = await person.call('PATCH', `/api/v1/conversations/${conversationId}`, {
        body: { title },
      })
      expect(reply.body.code).toBe('INVALID_INPUT')
    }
    expect((await get('?search=roses')).items).toHaveLength(1)
    expect((await get('?search=%25')).items).toEqual([])
    expect((await get('?search=pruned')).items).toHaveLength(1)
    const [, answered] = (await get(`/${conversationId}`)).messages
    const rate = (rating: number, comment: string) =>
      person.call('POST', '/api/v1/feedback', {
        body: { traceId: answered.traceId, rating, comment },
      })
    expect((await rate(1, 'Right.')).status).toBe(200)
    expect((await rate(-1, 'No: ask anna@example.org.')).status).toBe(200)
    expect((await rate(7, '')).body.code).toBe('INVALID_INPUT')
    expect((await get(`/${conversationId}`)).messages[1].rating).toBe(-1)
    const trace = (await person.call('GET', `/api/v1/traces/${answered.traceId}`)).body
    expect(trace).toMatchObject({ rating: -1, feedback: [{ rating: -1 }] })
    expect(trace.feedback[0].comment).not.toContain('anna@')
    const json = await person.call('GET', `/api/v1/conversations/${conversationId}/export`)
    expect(json.headers.get('content-disposition')).toContain('attachment')
    expect(json.body.messages).toHaveLength(16)
    const markdown = (
      await person.call('GET', `/api/v1/conversations/${conversationId}/export?format=markdown`)
    ).text
    expect(markdown).toContain('# Roses & “tulips” 🌷')
    expect(markdown).toContain('**Question.** When are roses pruned?')
    expect(markdown).toMatch(/\[1\] roses\.txt: “.*February/)
  })

  it('is gone when it is deleted, also for the question that comes after [M19.manage]', async () => {
    expect((await person.call('DELETE', `/api/v1/conversations/${conversationId}`)).status).toBe(
      200,
    )
    expect((await person.call('GET', `/api/v1/conversations/${conversationId}`)).status).toBe(404)
    expect((await person.call('DELETE', `/api/v1/conversations/${conversationId}`)).status).toBe(
      404,
    )
    expect((await get('')).items).toEqual([])
    const answer = await ask({ question: 'When are roses pruned?', conversationId })
    expect(answer).toMatchObject({ outcome: 'denied', conversationId: null })
  })

  it('deleted while it is answered keeps the answer, and nothing half [M19.manage]', async () => {
    for (let round = 0; round < 5; round++) {
      const { conversationId: id } = await ask({ question: 'When are roses pruned?' })
      const [answer] = await Promise.all([
        ask({ question: 'When do tulips flower?', conversationId: id }),
        person.call('DELETE', `/api/v1/conversations/${id}`),
      ])
      expect(['answered', 'denied']).toContain(answer.outcome)
    }
    const report = await house.house.api.upkeep.doctor({
      organizationIds: [house.organizationId],
      fsck: true,
    })
    expect(report.checks.filter((check) => check.result === 'failed')).toEqual([])
  })
})
