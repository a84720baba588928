import OpenAI, { toFile } from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'
import { patience } from './gateway.fixture.ts'
import {
  type OperationUpstream,
  sound,
  startOperationUpstream,
} from './operation-upstream.fixture.ts'

const resources = ({ url }: OperationUpstream) => `
kind: Provider
name: open
spec: { protocol: openai, baseUrl: "${url}/v1", ${patience} }
---
kind: Model
name: studio
spec: { provider: open, upstreamModel: m-1, maxOutputTokens: 100, price: { input: 1, output: 2 }, capabilities: [images, speech, transcription, moderation] }
---
kind: Model
name: unpriced
spec: { provider: open, upstreamModel: m-2 }
---
kind: Model
name: talker
spec: { provider: open, upstreamModel: m-3, price: { input: 1, output: 2 } , capabilities: [chat, tools] }
---
kind: Provider
name: cohere
spec: { protocol: cohere, baseUrl: "${url}", ${patience} }
---
kind: Model
name: ranker
spec: { provider: cohere, upstreamModel: rank-1, capabilities: [rerank], price: { input: 1, output: 0 } }
---
kind: Provider
name: face
spec: { protocol: huggingface, baseUrl: "${url}", ${patience} }
---
kind: Model
name: face
spec: { provider: face, upstreamModel: face-1 }
---
kind: Provider
name: other
spec: { protocol: anthropic, baseUrl: "${url}", ${patience} }
---
kind: Model
name: other
spec: { provider: other, upstreamModel: c-1 }
---
kind: Route
name: any
spec: { models: [talker, studio] }
---
kind: Guardrail
name: veil
spec: { personalData: { input: mask, output: mask } }
---
kind: Route
name: veiled
spec: { models: [studio], guardrail: veil }
---
kind: Route
name: limited
spec: { models: [studio] }
---
kind: Budget
name: few
spec: { per: model, only: [limited], window: day, limits: { requests: 1 } }
`
const documents = ['Roses are red.', 'Write about the tulips.', 'Violets are blue.']
const ranking = { query: 'Where are the tulips?', documents }

describe('models that do something else than chat', () => {
  let house: OpenHouse
  let owner: Person
  let upstream: OperationUpstream
  let client: OpenAI
  beforeAll(async () => {
    upstream = await startOperationUpstream()
    house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: upstream.host } })
    owner = house.owner
    await house.apply(resources(upstream))
    client = clientOf(owner)
  })
  afterAll(async () => {
    await house?.close()
    await upstream?.close()
  })
  afterEach(() => {
    upstream.mode = 'normal'
    upstream.counts = true
    upstream.requests.length = 0
  })
  const clientOf = (person: Person) =>
    new OpenAI({ baseURL: `${house.url}/v1`, apiKey: person.key, maxRetries: 0 })
  const lastCall = async () => {
    await house.house.api.gateway.usage.flush()
    const { store } = house.house.foundation
    return store.within(house.organizationId, (tx) =>
      tx.selectFrom('model_call').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow(),
    )
  }
  const sent = () => upstream.requests.at(-1)!
  const thrown = async (work: PromiseLike<unknown>) => {
    const error = await Promise.resolve(work).then(
      () => undefined,
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(OpenAI.APIError)
    return error as InstanceType<typeof OpenAI.APIError>
  }
  const file = () => toFile(sound, 'call.mp3', { type: 'audio/mpeg' })

  it('moderate, with every parameter, and are accounted for [M15.operation-moderations]', async () => {
    const input = [
      { type: 'text' as const, text: 'I am glad.' },
      { type: 'image_url' as const, image_url: { url: 'https://x.example/a.png' } },
    ]
    const made = await client.moderations.create({ model: 'studio', input })
    expect(made.results).toHaveLength(1)
    expect(sent()).toEqual({ path: '/v1/moderations', body: { model: 'm-1', input } })
    const row = await lastCall()
    expect(row).toMatchObject({ door: 'openai.moderations', outcome: 'answered', estimated: true })
    expect(row.cost_nanousd).toBe(row.input_tokens * 1_000)
  })

  it('make pictures, by the model that can, and tell what they cost [M15.operation-images]', async () => {
    const asked = { prompt: 'A tulip', size: '1024x1024' as const, n: 1, quality: 'high' as const }
    const made = await client.images.generate({ model: 'any', ...asked })
    expect(made.data![0]!.b64_json).toBe('aGk=')
    expect(sent().body).toEqual({ model: 'm-1', ...asked })
    expect(await lastCall()).toMatchObject({
      ...{ door: 'openai.images', asked: 'any', model: 'studio', estimated: false },
      ...{ input_tokens: 10, output_tokens: 50, cost_nanousd: 110_000 },
    })
    await client.images.generate({ model: 'unpriced', prompt: 'A tulip' })
    expect((await lastCall()).cost_nanousd).toBeNull()
    upstream.counts = false
    await client.images.generate({ model: 'studio', prompt: 'A tulip', n: 2 })
    const row = await lastCall()
    expect(row).toMatchObject({ estimated: true, output_tokens: 200 })
    expect(row.cost_nanousd).toBe((row.input_tokens + 2 * 200) * 1_000)
  })

  it('speak, byte by byte, and a sound that breaks off is told as broken [M15.operation-speech]', async () => {
    const asked = { model: 'studio', input: 'Good morning.', voice: 'alloy', speed: 1.5 }
    const made = await client.audio.speech.create(asked)
    expect(made.headers.get('content-type')).toBe('audio/mpeg')
    expect(Buffer.from(await made.arrayBuffer()).equals(sound)).toBe(true)
    expect(sent().body).toEqual({ ...asked, model: 'm-1' })
    expect(await lastCall()).toMatchObject({ door: 'openai.speech', outcome: 'answered' })
    upstream.mode = 'cut'
    const broken = client.audio.speech.create(asked).then((reply) => reply.arrayBuffer())
    await expect(broken).rejects.toThrow()
    expect(await lastCall()).toMatchObject({ outcome: 'cut' })
  })

  it('write down what is said, from a form, in each format [M15.operation-transcriptions]', async () => {
    const made = await client.audio.transcriptions.create({
      ...{ model: 'studio', file: await file(), language: 'en', temperature: 0.2 },
      timestamp_granularities: ['word', 'segment'],
    })
    expect(made.text).toBe('Call me at anna@example.org.')
    expect(Buffer.from(sent().file!).equals(sound)).toBe(true)
    expect(sent().body).toEqual({
      ...{ model: 'm-1', language: 'en', temperature: '0.2' },
      'timestamp_granularities[]': ['word', 'segment'],
    })
    expect(await lastCall()).toMatchObject({ door: 'openai.transcriptions', input_tokens: 10 })
    const text = await client.audio.transcriptions.create({
      ...{ model: 'studio', file: await file(), response_format: 'srt' as const },
    })
    expect(text).toContain('Hello')
  })

  it('rank documents, by Cohere’s protocol and Hugging Face’s [M15.operation-rerank]', async () => {
    for (const model of ['ranker', 'face']) {
      const body = { model, ...ranking, top_n: 2 }
      const reply = await owner.call('POST', '/v1/rerank', { body })
      expect([model, reply.status, reply.body.results]).toEqual([
        model,
        200,
        [
          { index: 1, relevance_score: 0.9 },
          { index: 0, relevance_score: 0.1 },
        ],
      ])
      expect(await lastCall()).toMatchObject({ door: 'cohere.rerank', model, outcome: 'answered' })
    }
    expect(upstream.requests.map(({ path, body }) => [path, body])).toEqual([
      ['/v2/rerank', { model: 'rank-1', ...ranking, top_n: 2 }],
      ['/rerank', { query: ranking.query, texts: documents, truncate: true, raw_scores: false }],
    ])
  })

  it('refuse by name what is not carried, in the caller’s words [M15.operation-refused]', async () => {
    const prompt = 'A tulip'
    const refused: [string, object, string][] = [
      ['/v1/images/generations', { model: 'studio', prompt, stream: true }, 'stream'],
      ['/v1/audio/speech', { model: 'studio', input: 'x', stream_format: 'sse' }, 'stream_format'],
      ['/v1/moderations', { input: 'x' }, 'model'],
      ['/v1/images/generations', { model: 'other', prompt }, 'other'],
      ['/v1/images/generations', { model: 'talker', prompt }, 'images'],
      ['/v1/audio/transcriptions', { model: 'studio' }, 'multipart'],
    ]
    for (const [path, body, named] of refused) {
      const { status, body: said } = await owner.call('POST', path, { body })
      expect([path, body, status, said.error?.message]).toEqual([
        ...[path, body, 400],
        expect.stringContaining(named),
      ])
    }
    const ranked: [object, number, string][] = [
      [{ model: 'ranker', ...ranking, return_documents: true }, 400, 'return_documents'],
      [{ model: 'studio', ...ranking }, 400, 'rerank'],
      [{ model: 'other', ...ranking }, 400, 'other'],
      [{ model: 'nobody', ...ranking }, 404, 'nobody'],
    ]
    for (const [body, status, named] of ranked) {
      const reply = await owner.call('POST', '/v1/rerank', { body })
      expect([body, reply.status, reply.body]).toEqual([
        ...[body, status],
        { id: expect.stringMatching(/^req_/), message: expect.stringContaining(named) },
      ])
    }
    expect(upstream.requests).toEqual([])
    upstream.mode = { status: 500 }
    expect((await thrown(client.images.generate({ model: 'studio', prompt }))).status).toBe(502)
    expect(await lastCall()).toMatchObject({ outcome: 'failed', fault: 'provider' })
  })

  it('refuse malformed bodies in the words of each protocol [M15.door-fuzz]', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const bodies = [
      ...['', '{', '[]', '"x"', 'null', '{"model":5}', '{"model":"studio"}', '['.repeat(100_000)],
      ...['input', 'prompt', 'query', 'documents'].flatMap((name) => [
        `{"model":"studio","${name}":5}`,
        `{"model":"studio","store":true,"${name}":${deep}}`,
        `{"model":"studio","${name}":[[],null,5,{"type":5}]}`,
      ]),
      Buffer.from([0x7b, 0xff, 0x7d]),
    ]
    const type = 'multipart/form-data; boundary=x'
    const form = '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nstudio\r\n--x--\r\n'
    const tries = [
      ...[
        'responses',
        'completions',
        'moderations',
        'images/generations',
        'audio/speech',
        'rerank',
      ].flatMap((path) => bodies.map((body) => ({ path, body, type: 'application/json' }))),
      ...[...bodies, form, form.slice(0, 40)].map((body) => ({
        ...{ path: 'audio/transcriptions', body, type },
      })),
    ]
    for (const { path, body, type } of tries) {
      const headers = { 'content-type': type }
      const reply = await owner.call('POST', `/v1/${path}`, { body, headers })
      const told = reply.body?.error?.type ?? typeof reply.body?.message
      const known = path === 'rerank' ? 'string' : 'invalid_request_error'
      expect([path, String(body).slice(0, 60), reply.status, told]).toEqual([
        ...[path, String(body).slice(0, 60), 400, known],
      ])
    }
    expect(upstream.requests).toEqual([])
  })

  it('hold permissions and budgets [M15.operation-rights]', async () => {
    const stranger = clientOf(await house.person('reader', { roles: ['viewer'] }))
    const asked = { model: 'studio', input: 'x' }
    expect((await thrown(stranger.moderations.create(asked))).status).toBe(403)
    const nobody = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: 'plk_no', maxRetries: 0 })
    expect((await thrown(nobody.moderations.create(asked))).status).toBe(401)
    expect(upstream.requests).toEqual([])
    await client.moderations.create({ ...asked, model: 'limited' })
    const over = await thrown(client.moderations.create({ ...asked, model: 'limited' }))
    expect([over.status, over.code]).toEqual([429, 'insufficient_quota'])
  })

  it('get no personal data, and give the caller’s own back, or none [M15.operation-masking]', async () => {
    const email = 'anna@example.org'
    const made = await client.images.generate({ model: 'studio', prompt: `A card to ${email}` })
    expect(made.data![0]!.revised_prompt).toBe(`A picture: A card to ${email}`)
    await client.moderations.create({ model: 'studio', input: [`Ask ${email}`] })
    await (
      await client.audio.speech.create({ ...{ model: 'studio', input: email, voice: 'a' } })
    ).text()
    const prompt = `about ${email}`
    await client.audio.transcriptions.create({ model: 'studio', file: await file(), prompt })
    await owner.call('POST', '/v1/rerank', {
      body: { model: 'ranker', query: email, documents: [email] },
    })
    expect(upstream.requests).toHaveLength(5)
    expect(JSON.stringify(upstream.requests.map(({ body }) => body))).not.toContain(email)
    const member = clientOf(await house.person('member', { roles: ['data-engineer'] }))
    const asked = { model: 'veiled', file: await file() }
    const { text } = await member.audio.transcriptions.create(asked)
    expect(text).toMatch(/^Call me at <EMAIL_\d+>\.$/)
    const plain = member.audio.transcriptions.create({ ...asked, response_format: 'srt' })
    expect([(await thrown(plain)).status, (await thrown(plain)).param]).toEqual([
      400,
      'response_format',
    ])
  })
})
