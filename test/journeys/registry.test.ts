import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const model = (name: string, more = '') =>
  `kind: Model\nname: ${name}\nspec: { provider: one, upstreamModel: ${name}${more} }\n`
const resources = (one: FakeUpstream) =>
  [
    `kind: Provider\nname: one\nspec: { protocol: openai, baseUrl: "${one.url}/v1" }\n`,
    model('fresh', ', stage: draft, licence: apache-2.0, riskNotes: "Not tried on contracts."'),
    model('plain'),
    model('spare'),
    'kind: Route\nname: main\nspec: { models: [plain] }\n',
    'kind: Route\nname: both\nspec: { models: [fresh, spare], shadow: { model: plain, share: 0.5 } }\n',
    'kind: Guardrail\nname: default\nspec: { personalData: { input: allow, output: allow } }\n',
    'kind: KnowledgeBase\nname: notes\nspec: { readers: [everyone] }\n',
    'kind: Prompt\nname: plain\nspec: { system: Answer briefly. }\n',
    'kind: Assistant\nname: desk\nspec: { knowledgeBases: [notes], route: main, prompt: plain, guardrail: default }\n',
  ].join('---\n')

describe('the registry of models', () => {
  let house: OpenHouse
  let one: FakeUpstream
  let ada: Person
  let ben: Person
  let member: Person
  beforeAll(async () => {
    one = await startFakeUpstream()
    house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: one.host } })
    await house.apply(resources(one))
    ada = await house.person('ada', { roles: ['ml-engineer'] })
    ben = await house.person('ben', { roles: ['ml-engineer'] })
    member = await house.person('mia', { roles: ['member'] })
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
  })

  const chat = async (who: Person, name: string) => {
    const body = { model: name, messages: [{ role: 'user', content: 'Hello?' }] }
    return who.call('POST', '/v1/chat/completions', { body })
  }
  const promote = (who: Person, name: string, to: string, more = {}) =>
    who.call('POST', '/api/v1/promotions', { body: { model: name, to, ...more } })
  const decide = (who: Person, id: string, approve: boolean) =>
    who.call('POST', `/api/v1/promotions/${id}/decide`, { body: { approve } })
  const apply = (who: Person, yaml: string) =>
    who.call('POST', '/api/v1/resources', { body: { yaml } })
  const stageOf = async (name: string) =>
    (await house.owner.call('GET', `/api/v1/resources/Model/${name}`)).body.spec.stage
  const kinds = async () => {
    const { body } = await house.owner.call('GET', '/api/v1/audit?limit=100')
    return body.items.map(({ kind }: { kind: string }) => kind)
  }

  it('lets only those with the right use what nobody approved [M37.stage-routing]', async () => {
    const refused = await chat(member, 'fresh')
    expect(refused.status).toBe(403)
    expect(refused.body.error.message).toMatch(/model fresh is not approved: its stage is draft/)
    expect((await chat(ada, 'fresh')).status).toBe(200)
    // A route goes on to its next candidate.
    expect((await chat(member, 'both')).status).toBe(200)
    expect((await chat(member, 'plain')).status).toBe(200)
  })

  it('moves a Model by one person where that is enough, and says what is missing [M37.stage-acts]', async () => {
    expect((await promote(member, 'fresh', 'approved')).status).toBe(403)
    const unmeasured = await promote(ada, 'fresh', 'evaluated')
    expect(unmeasured.status).toBe(400)
    expect(unmeasured.body.detail).toMatch(/names no evaluation/)
    await apply(
      ada,
      model(
        'fresh',
        ', stage: draft, evaluations: [{ suite: desk, on: 2026-11-01, result: ".91, n 40" }]',
      ),
    )
    const moved = await promote(ada, 'fresh', 'evaluated')
    expect(moved.body).toMatchObject({
      state: 'approved',
      fromStage: 'draft',
      askedByName: expect.stringMatching(/^ada/),
    })
    expect(await stageOf('fresh')).toBe('evaluated')
    expect((await promote(ada, 'fresh', 'evaluated')).status).toBe(409)
    expect((await kinds()).slice(0, 3)).toContain('model.promoted')
  })

  it('takes a second person where the organization says so, on every way in [M37.four-eyes]', async () => {
    expect(
      (await ada.call('PUT', '/api/v1/models/approvers', { body: { people: 2 } })).status,
    ).toBe(403)
    const set = await house.owner.call('PUT', '/api/v1/models/approvers', { body: { people: 2 } })
    expect(set.status).toBe(200)

    for (const yaml of [
      model('fresh', ', stage: approved'),
      model('fresh'),
      model('newcomer'),
      model('plain', ', temperature: 1'),
    ]) {
      const tried = await apply(ada, yaml)
      expect([yaml, tried.status]).toEqual([yaml, 403])
      expect(tried.body.detail).toMatch(/takes a second person/)
    }
    expect((await apply(ada, model('newcomer', ', stage: draft'))).status).toBe(200)
    const back = await house.owner.call('POST', '/api/v1/resources/Model/newcomer/rollback', {
      body: { revision: 1 },
    })
    expect(back.status).toBe(200)

    const asked = await promote(ada, 'newcomer', 'approved', { note: 'Better.' })
    expect(asked.body).toMatchObject({ state: 'open', toStage: 'approved', decidedBy: null })
    expect(await stageOf('newcomer')).toBe('draft')
    expect((await promote(ben, 'newcomer', 'approved')).status).toBe(409)
    const own = await decide(ada, asked.body.id, true)
    expect([own.status, own.body.detail]).toEqual([403, expect.stringMatching(/You asked for it/)])
    const done = await decide(ben, asked.body.id, true)
    expect(done.body).toMatchObject({
      state: 'approved',
      decidedByName: expect.stringMatching(/^ben/),
    })
    expect(await stageOf('newcomer')).toBe('approved')
    expect((await chat(member, 'newcomer')).status).toBe(200)
    expect((await decide(ben, asked.body.id, true)).status).toBe(409)
  })

  it('lets nobody approve what they wrote, nor another version than was asked for [M37.four-eyes]', async () => {
    await apply(ben, model('later', ', stage: draft'))
    const asked = await promote(ada, 'later', 'approved')
    const wrote = await decide(ben, asked.body.id, true)
    expect([wrote.status, wrote.body.detail]).toEqual([403, expect.stringMatching(/wrote this/)])
    await apply(ada, model('later', ', stage: draft, temperature: 2'))
    const other = await decide(house.owner, asked.body.id, true)
    expect([other.status, other.body.detail]).toEqual([
      409,
      expect.stringMatching(/is at revision 2/),
    ])
    const open = await ada.call('GET', '/api/v1/promotions?state=open')
    expect(open.body).toMatchObject({ approvers: 2, items: [{ id: asked.body.id }] })
    expect((await decide(ada, asked.body.id, false)).body).toMatchObject({ state: 'rejected' })
    expect(await stageOf('later')).toBe('draft')
    expect((await kinds())[0]).toBe('model.promotion-rejected')
  })

  it('tells who uses a Model, and retires none from under a route unasked [M37.retire]', async () => {
    await house.house.api.gateway.usage.flush()
    const { body: uses } = await ada.call('GET', '/api/v1/models/plain/uses')
    expect(uses).toMatchObject({
      routes: [
        { name: 'both', only: false, shadow: true },
        { name: 'main', only: true, shadow: false },
      ],
      assistants: ['desk'],
      callers: [{ id: member.keyId, calls: 1 }],
    })
    const refused = await promote(ada, 'plain', 'retired')
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      expect.stringMatching(/routes main, of the assistants desk/),
    ])
    // Towards its end one person is enough.
    expect((await promote(ada, 'plain', 'deprecated')).body.state).toBe('approved')
    expect((await chat(member, 'main')).status).toBe(200)
    const stable = { body: { revision: 1 } }
    await house.owner.call('PUT', '/api/v1/resources/Model/plain/labels/stable', stable)
    expect((await chat(member, 'plain@stable')).status).toBe(200)
    expect((await promote(ada, 'plain', 'retired', { force: true })).body.state).toBe('approved')
    for (const who of [member, ada]) {
      for (const name of ['plain', 'main', 'plain@stable']) {
        const gone = await chat(who, name)
        expect([name, gone.status, gone.text]).toEqual([name, 503, expect.any(String)])
        expect(gone.body.error.message).toMatch(/model plain is retired/)
      }
    }
  })
})
