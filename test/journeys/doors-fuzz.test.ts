import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { anyJson } from '../../conformance/dialect/values.ts'
import { type OpenHouse, openHouse } from '../open-house.ts'
import { patience } from './gateway.fixture.ts'

const messages = [{ role: 'user', content: 'How long?' }]
const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
/** Each door with a body that it takes. */
const doors = {
  '/v1/chat/completions': { messages, tools, max_tokens: 9, stop: ['x'], metadata: { a: 'b' } },
  '/v1/responses': { input: 'How long?', instructions: 'Be brief.', metadata: { a: 'b' } },
  '/v1/completions': { prompt: 'How long?', max_tokens: 9 },
  '/v1/messages': { messages, max_tokens: 9, system: 'Be brief.', stop_sequences: ['x'] },
  '/v1/embeddings': { input: ['How long?'], encoding_format: 'float' },
} as const
const paths = Object.keys(doors) as (keyof typeof doors)[]
const json = { 'content-type': 'application/json' }

/** An error in the words of its door. */
function expectRefusal(path: string, body: unknown): void {
  const message = { message: expect.any(String), type: expect.any(String) }
  if (path === '/v1/messages') expect(body).toMatchObject({ type: 'error', error: message })
  else expect(body).toMatchObject({ error: { ...message, code: expect.any(String) } })
}

describe('the doors for calls of models', () => {
  let house: OpenHouse
  let one: FakeUpstream
  beforeAll(async () => {
    one = await startFakeUpstream()
    house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: one.host } })
    await house.apply(`
kind: Provider
name: one
spec: { protocol: openai, baseUrl: "${one.url}/v1", ${patience} }
---
kind: Provider
name: other
spec: { protocol: anthropic, baseUrl: "${one.url}", ${patience} }
---
kind: Model
name: plain
spec: { provider: one, upstreamModel: m-1 }
---
kind: Model
name: foreign
spec: { provider: other, upstreamModel: m-2 }
---
kind: Guardrail
name: default
spec: { personalData: { input: allow, output: allow } }
---
kind: Guardrail
name: restoring
spec: { personalData: { input: mask, output: allow } }
---
kind: Route
name: masked
spec: { models: [plain], guardrail: restoring }
`)
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
  })
  afterEach(() => {
    one.requests.length = 0
  })

  const send = (path: string, body: unknown, headers: Record<string, string> = json) =>
    house.owner.call('POST', path, { body, headers })
  const alive = async () => {
    const reply = await send('/v1/chat/completions', JSON.stringify({ model: 'plain', messages }))
    expect(reply.status).toBe(200)
  }

  it.each(paths)(
    '%s refuses what is no request, in its own words [M15.door-malformed]',
    async (path) => {
      const good = JSON.stringify({ model: 'plain', ...doors[path] })
      const bodies: [string, string | Buffer][] = [
        ['empty', ''],
        ['cut', good.slice(0, -5)],
        ['trailing', `${good}]`],
        ['array', '[]'],
        ['text', '"x"'],
        ['null', 'null'],
        ['number', '1e999'],
        ['no model', JSON.stringify(doors[path])],
        ['wrong model', JSON.stringify({ ...doors[path], model: { $ne: 1 } })],
        [
          'bad UTF-8',
          Buffer.concat([Buffer.from(good.slice(0, -2)), Buffer.from([0xff, 0xc3, 0x22, 0x7d])]),
        ],
        [
          'half a character',
          Buffer.from(good.replace('How', 'Hów')).subarray(0, good.indexOf('How') + 2),
        ],
        ['UTF-16', Buffer.from(good, 'utf16le')],
        ['deep', '['.repeat(300_000)],
        ['compressed', gzipSync(good)],
      ]
      for (const [what, body] of bodies) {
        const reply = await send(path, body)
        expect([what, reply.status]).toEqual([what, 400])
        expectRefusal(path, reply.body)
      }
      for (const [what, headers, statuses] of [
        ['gzip', { ...json, 'content-encoding': 'gzip' }, [400, 415]],
        ['plain text', { 'content-type': 'text/plain' }, [400, 415]],
        ['form', { 'content-type': 'application/x-www-form-urlencoded' }, [400, 415]],
        ['no type', { 'content-type': '' }, [400, 415]],
      ] as [string, Record<string, string>, number[]][]) {
        const reply = await send(path, what === 'gzip' ? gzipSync(good) : good, headers)
        expect([what, statuses.includes(reply.status), reply.status]).toEqual([
          what,
          true,
          reply.status,
        ])
        expectRefusal(path, reply.body)
        if (what === 'gzip') expect(JSON.stringify(reply.body)).toContain('content-encoding')
      }
      const unknown = await send(path, JSON.stringify({ ...doors[path], model: 'nowhere' }))
      expect(unknown.status).toBe(404)
      expectRefusal(path, unknown.body)
      const stranger = await fetch(`${house.url}${path}`, {
        method: 'POST',
        headers: json,
        body: good,
      })
      expect(stranger.status).toBe(401)
      expectRefusal(path, await stranger.json())
      await alive()
    },
  )

  it.each(paths)(
    '%s answers or refuses any JSON, and never fails [M15.door-any-json]',
    async (path) => {
      const known = ['plain', 'foreign', 'masked'].map((model) => ({ model, ...doors[path] }))
      await fc.assert(
        fc.asyncProperty(anyJson(known), async (body) => {
          const reply = await send(path, JSON.stringify(body))
          expect([200, 400, 404, 413, 422]).toContain(reply.status)
          if (reply.status !== 200) expectRefusal(path, reply.body)
        }),
        { numRuns: 120 },
      )
      await alive()
    },
  )

  it.each(paths)(
    '%s bears what is nested as deep as a body is long [M15.door-deep]',
    async (path) => {
      for (const model of ['plain', 'foreign', 'masked']) {
        for (const open of ['{"a":', '[']) {
          const depth = 50_000
          const deep = `${open.repeat(depth)}1${(open === '[' ? ']' : '}').repeat(depth)}`
          const good = JSON.stringify({ model, ...doors[path] })
          for (const field of ['metadata', 'tools', 'messages', 'input', 'response_format', 'x']) {
            const body = `${good.slice(0, -1)},"${field}":${deep}}`
            const reply = await send(path, body)
            const what = `${model} ${open} ${field}`
            expect([what, reply.status < 500, reply.status]).toEqual([what, true, reply.status])
          }
        }
      }
      await alive()
    },
  )

  it('bound what they read [M15.door-size]', async () => {
    const before = process.memoryUsage().rss
    for (const path of paths) {
      for (const length of [true, false]) {
        const { status, body } = await flood(path, length)
        expect([path, length, status]).toEqual([path, length, 413])
        if (body) expectRefusal(path, JSON.parse(body))
      }
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(500 * 1024 * 1024)
    await alive()
  })

  /** 100 MB, of which nobody says beforehand that they are, or does. */
  const flood = (path: string, length: boolean) =>
    new Promise<{ status: number; body: string }>((done, failed) => {
      const size = 100 * 1024 * 1024
      const asked = httpRequest(`${house.url}${path}`, {
        method: 'POST',
        headers: {
          ...json,
          authorization: `Bearer ${house.owner.key}`,
          ...(length ? { 'content-length': size } : {}),
        },
      })
      let answered = false
      asked.on('response', (response) => {
        answered = true
        let body = ''
        response.on('data', (piece) => {
          body += piece
        })
        response.on('error', () => {})
        response.on('close', () => done({ status: response.statusCode ?? 0, body }))
      })
      // The server hangs up on what goes on talking.
      asked.on('error', (error) => answered || failed(error))
      const piece = Buffer.alloc(1024 * 1024, 'x')
      let sent = 0
      const more = () => {
        while (!answered && sent < size) {
          sent += piece.length
          if (!asked.write(piece)) return void asked.once('drain', more)
        }
        if (!answered) asked.end()
      }
      more()
    })

  it('take bodies in chunks, split within a character, with trailers [M15.door-chunks]', async () => {
    const text = '三个月 🙂 é'
    for (const model of ['plain', 'masked']) {
      const body = Buffer.from(
        JSON.stringify({ model, messages: [{ role: 'user', content: text }] }),
      )
      const answer = await raw([
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${house.owner.key}\r\n`,
        'content-type: application/json\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n',
        ...Array.from(body, (byte) =>
          Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]),
        ),
        '0\r\nx-sum: 5\r\nauthorization: Bearer nobody\r\n\r\n',
      ])
      expect(answer).toMatch(/^HTTP\/1.1 200 /)
      expect(one.requests.at(-1)!.body.messages).toEqual([{ role: 'user', content: text }])
    }
    const smuggled = await raw([
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${house.owner.key}\r\n`,
      'content-type: application/json\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n',
      '0\r\n\r\n',
    ])
    expect(smuggled).toMatch(/^HTTP\/1.1 400 /)
    await alive()
  })

  const raw = (pieces: (string | Buffer)[]) =>
    new Promise<string>((done, failed) => {
      const { hostname, port } = new URL(house.url)
      const socket = connect(Number(port), hostname)
      let heard = ''
      socket.setNoDelay(true)
      socket.on('data', (piece) => {
        heard += piece
      })
      socket.on('error', failed)
      socket.on('close', () => done(heard))
      for (const piece of pieces) socket.write(piece)
    })
})
