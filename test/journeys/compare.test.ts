import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const scripted = (name: string, reply: string, more = '') => `
kind: Provider
name: ${name}
spec: { protocol: scripted, region: eu-west-1, dataClasses: [internal], script: { rules: [{ reply: ${JSON.stringify(reply)} }] } }
---
kind: Model
name: ${name}
spec: { provider: ${name}, upstreamModel: ${name}${more} }
---`
const resources = `
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
name: guide
spec: { knowledgeBases: [notes], route: built-in, prompt: plain, guardrail: open }
---${scripted('right', 'Bags over 8 kg cost 20 euros. [1]', ', price: { input: 1, output: 2 }, licence: mit')}${scripted('wrong', 'Bags over 8 kg cost 30 euros. [1]', ', stage: draft')}${scripted('own', 'Bags over 8 kg cost 20 euros. [1]', ', price: { perGpuHour: 2, gpus: 2 }, licence: mit')}
kind: Provider
name: slow
spec: { protocol: scripted, script: { rules: [{ reply: "Bags over 8 kg cost 20 euros. [1]", delayMs: 15 }] } }
---
kind: Model
name: slow
spec: { provider: slow, upstreamModel: slow }
---
kind: Provider
name: broken
spec: { protocol: scripted, script: { rules: [{ fails: UPSTREAM_FAILED }] }, retry: { max: 0 } }
---
kind: Model
name: broken
spec: { provider: broken, upstreamModel: broken }
`
const question = (id: string) => ({
  id,
  question: 'What do bags over 8 kg cost?',
  assistant: 'guide',
  answerable: true,
  expect: ['20 euros|20 €'],
})

describe('a comparison of models', () => {
  let house: OpenHouse
  let ada: Person
  beforeAll(async () => {
    house = await openHouse()
    await house.apply(resources)
    await house.upload('notes', 'bags.txt', 'Bags over 8 kg cost 20 euros. Small bags are free.')
    ada = await house.person('ada', { roles: ['ml-engineer'] })
  })
  afterAll(() => house?.close())

  const compare = async (more: object) => {
    const { status, body } = await ada.call('POST', '/api/v1/comparisons', { body: more })
    if (status !== 202) return { status, body }
    await house.ended(body.id)
    return ada.call('GET', `/api/v1/comparisons/${body.id}`)
  }

  it('asks each the same questions and tells quality, time, cost and what speaks against it [M37.compare]', async () => {
    const questions = Array.from({ length: 25 }, (_, i) => question(`q${i}`))
    const { body } = await compare({
      name: 'bags',
      models: ['right', 'wrong', 'own', 'broken'],
      questions,
      concurrency: 4,
      volume: 1_000,
      dataClasses: ['internal'],
      regions: ['eu'],
    })
    expect(body).toMatchObject({ state: 'succeeded', name: 'bags', questions: 25, error: null })
    const [right, wrong, own, broken] = body.candidates
    expect(right.right).toMatchObject({ n: 25, hits: 25, value: 1 })
    expect(right.right.low).toBeCloseTo(0.8668, 3)
    expect(wrong.right).toMatchObject({ n: 25, hits: 0, value: 0 })
    expect(right.latencyMs.p95).toBeGreaterThanOrEqual(right.latencyMs.p50)
    expect(right.answersPerSecond).toBeGreaterThan(0)
    const { inputTokens, outputTokens } = right
    expect(right.costPerAnswerUsd).toBeCloseTo((inputTokens + 2 * outputTokens) / 1e6, 9)
    expect(right.monthlyUsd).toBeCloseTo(right.costPerAnswerUsd * 1_000, 6)
    expect(right.unfit).toEqual([])
    // An unknown price is unknown, and one machine of two GPUs costs its month, however little it does.
    expect(wrong).toMatchObject({ costPerAnswerUsd: null, monthlyUsd: null })
    expect(own).toMatchObject({ monthlyFrom: 'machines', monthlyUsd: 2 * 2 * 730 })
    expect(own.costPerAnswerUsd).toBeCloseTo((2 * 2 * 730) / 1_000, 9)
    expect(wrong.unfit).toEqual([
      expect.stringMatching(/not approved/),
      expect.stringMatching(/licence/),
    ])
    expect(broken).toMatchObject({ failed: 25, latencyMs: null, answersPerSecond: null })
    expect(broken.right).toMatchObject({ n: 25, hits: 0 })
    expect(broken.unfit.join()).toMatch(/not cleared for data of the class internal/)
  })

  it('is kept, found again, audited, and for those with the right [M37.compare]', async () => {
    const list = await ada.call('GET', '/api/v1/comparisons')
    expect(list.body.items[0]).toMatchObject({
      name: 'bags',
      models: ['right', 'wrong', 'own', 'broken'],
    })
    const member = await house.person('mia', { roles: ['member'] })
    const body = { models: ['right'], questions: [question('a')] }
    expect((await member.call('POST', '/api/v1/comparisons', { body })).status).toBe(403)
    expect((await member.call('GET', '/api/v1/comparisons')).status).toBe(403)
    const absent = await compare({ models: ['absent'], questions: [question('a')] })
    expect([absent.status, absent.body.detail]).toEqual([
      404,
      expect.stringMatching(/no model absent/),
    ])
    const { body: events } = await house.owner.call('GET', '/api/v1/audit?limit=200')
    const kinds = events.items.map(({ kind }: { kind: string }) => kind)
    expect(kinds).toContain('models.compared')
    // Each answer is one like any other.
    expect(kinds).toContain('question.answered')
  })

  it('counts abstaining from what cannot be answered as right [M37.compare]', async () => {
    const none = { ...question('none'), question: 'When was Rome founded?', answerable: false }
    const { body } = await compare({ models: ['extractive'], questions: [{ ...none, expect: [] }] })
    expect(body.candidates[0].abstained).toMatchObject({ n: 1, hits: 1 })
    expect(body.candidates[0].right).toMatchObject({ n: 1, hits: 1 })
    expect(body.candidates[0].expectedFacts).toMatchObject({ n: 0, value: null })
  })

  it('goes on after its server stopped, and asks again only what was under way [M37.compare-resumed]', async () => {
    const { jobs } = house.house.pipelines
    const questions = Array.from({ length: 45 }, (_, i) => question(`r${i}`))
    const before = await answersOf()
    const body = { models: ['slow'], questions, concurrency: 4 }
    const { id } = (await ada.call('POST', '/api/v1/comparisons', { body })).body
    await expect
      .poll(
        async () => (await house.owner.call('GET', `/api/v1/jobs/${id}`)).body.progress.current,
        {
          timeout: 20_000,
        },
      )
      .toMatch(/^slow: (20|40) of 45$/)
    await jobs.stop()
    jobs.start()
    await house.ended(id)
    const done = (await ada.call('GET', `/api/v1/comparisons/${id}`)).body
    expect(done.candidates[0].right).toMatchObject({ n: 45, hits: 45 })
    const asked = (await answersOf()) - before
    expect(asked).toBeGreaterThanOrEqual(45)
    expect(asked).toBeLessThan(45 + 20 + 1)
  })

  async function answersOf(): Promise<number> {
    const rows = await house.house.foundation.store.within(house.organizationId, (tx) =>
      tx.selectFrom('trace').select('id').where('outcome', '=', 'answered').execute(),
    )
    return rows.length
  }
})
