import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse } from '../open-house.ts'

const resources = `
kind: Provider
name: eu
spec: { protocol: openai, baseUrl: "https://eu.test/v1", region: eu-west-1, dataClasses: [confidential] }
---
kind: Provider
name: us
spec: { protocol: openai, baseUrl: "https://us.test/v1", apiKey: { env: NO_SUCH_KEY_IS_SET } }
---
kind: Model
name: large
spec: { provider: eu, upstreamModel: l-1, price: { input: 2, output: 4 } }
---
kind: Model
name: small
spec: { provider: us, upstreamModel: s-1 }
---
kind: Route
name: work
spec:
  candidates:
    - { model: small }
    - { model: large, when: { groups: [staff] } }
  shadow: { model: small, share: 1 }
`

let house: OpenHouse

beforeAll(async () => {
  house = await openHouse()
  const applied = await house.owner.call('POST', '/api/v1/resources', { body: { yaml: resources } })
  expect(applied.status).toBe(200)
})
afterAll(() => house.close())

const explain = (body: object, person = house.owner) =>
  person.call('POST', '/api/v1/routes/work/explain', { body })

describe('explaining a route', () => {
  it('tells who would get a request, and of each other why not, without sending it [M6.explain]', async () => {
    const { status, body } = await explain({
      groups: ['staff'],
      inputTokens: 1_000,
      maxOutputTokens: 100,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      route: 'work',
      strategy: 'ordered',
      reason: 'first usable model of route work (1 skipped)',
      shadow: null,
    })
    expect(body.candidates).toMatchObject([
      {
        model: 'large',
        provider: 'eu',
        place: 1,
        code: null,
        forecast: { firstTokenMs: null, totalMs: null, costUsd: 0.0024, answerTokens: 100 },
        live: { breaker: 'closed', down: false, inFlight: 0, waiting: 0, usableKeys: 1 },
      },
      {
        model: 'small',
        place: null,
        code: 'no-key',
        reason: expect.stringContaining('NO_SUCH_KEY_IS_SET'),
      },
    ])
    const codes = async (facts: object) => {
      const { body } = await explain(facts)
      return Object.fromEntries(
        body.candidates.map((one: { model: string; code: string }) => [one.model, one.code]),
      )
    }
    expect(await codes({})).toEqual({ small: 'no-key', large: 'condition' })
    const secret = { dataClasses: ['confidential'], regions: ['eu'], groups: ['staff'] }
    expect(await codes(secret)).toEqual({ small: 'data-class', large: null })
    expect(await codes({ ...secret, regions: ['us'] })).toEqual({
      small: 'data-class',
      large: 'region',
    })
    expect((await explain({ needs: ['telepathy'] })).status).toBe(400)
  })

  it('is for those who may read the route [M6.explain]', async () => {
    const viewer = await house.person('onlooker', { roles: ['viewer'] })
    expect((await explain({}, viewer)).status).toBe(403)
    const none = await house.owner.call('POST', '/api/v1/routes/none/explain', { body: {} })
    expect(none.status).toBe(404)
  })
})
