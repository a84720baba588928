import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse } from '../open-house.ts'
import { patience } from './gateway.fixture.ts'
import { type Door, talk } from './talk.fixture.ts'

const chunk = (delta: object, finish: string | null = null) =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
const usage = JSON.stringify({
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [] },
  usage: { prompt_tokens: 11, completion_tokens: 8, total_tokens: 19 },
})
const said = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Three ' }),
  chunk({ content: 'months.' }),
]
const all = [...said, chunk({}, 'stop'), usage, '[DONE]']
const sse = (events: string[], { end = '\n\n', field = 'data: ' } = {}) =>
  events.map((event) => `${field}${event}${end}`).join('')

/** Streams that are whole, however odd they look. */
const whole: Record<string, string> = {
  plain: sse(all),
  'CR and LF': sse(all, { end: '\r\n\r\n' }),
  'no space after the colon': sse(all, { field: 'data:' }),
  'a mark of the byte order first': `\uFEFF${sse(all)}`,
  'comments and empty events': `:\n\n: hello\n\n${sse(all, { end: '\n: between\n\n\n\n:\n\n' })}`,
  'other fields': sse(all, { field: 'event: message\nid: 7\nretry: 10\ndata: ' }),
  'an event on several lines': sse(
    all.map((one) => one.replace(',"created"', ',\ndata: "created"')),
  ),
  'the end mark twice': sse([...all, '[DONE]', '[DONE]']),
  'text after the end mark': sse([...all, chunk({ content: ' Not this.' })]),
  'no end mark': sse(all.slice(0, -1)),
  'no line end at the end': sse(all).trimEnd(),
  'an unknown event between': sse([...said, '{"object":"heartbeat"}', ...all.slice(3)]),
  'empty choices between': sse([...said, JSON.stringify({ choices: [] }), ...all.slice(3)]),
  'a null delta': sse([...said, chunk(null as unknown as object), ...all.slice(3)]),
}
/** Streams that are not whole, whatever they claim. */
const broken: Record<string, string> = {
  'no end at all': sse(said),
  'half an event': sse(all).slice(0, sse(said).length + 20),
  'an error': sse([...said, '{"error":{"message":"overloaded","type":"server_error"}}']),
  'an error as text': sse([...said, '{"error":"overloaded"}', '[DONE]']),
  'a page within': `${sse(said)}<html><body>Bad gateway</body></html>`,
}

describe('streams of odd endpoints', () => {
  let house: OpenHouse
  let respond: (response: ServerResponse) => void
  let elsewhere = 0
  const server = createServer((request, response) => {
    response.on('error', () => {})
    if (request.url?.startsWith('/elsewhere')) elsewhere++
    request.resume().on('end', () => respond(response))
  })
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    house = await openHouse({
      env: { PLINTH_ALLOWED_PRIVATE_HOSTS: host },
      secrets: { KEY: 'canary-odd-7f3a' },
    })
    await house.apply(`
kind: Provider
name: odd
spec: { protocol: openai, baseUrl: "http://${host}/v1", apiKey: { env: KEY }, timeouts: { idleMs: 2000, firstTokenMs: 2000 }, ${patience} }
---
kind: Model
name: plain
spec: { provider: odd, upstreamModel: m, price: { input: 1, output: 2 } }
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
    server.closeAllConnections()
    server.close()
  })

  const at = () => ({ url: house.url, key: house.owner.key })
  const ways: [Door, string][] = [
    ['openai', 'plain'],
    ['openai', 'masked'],
    ['anthropic', 'plain'],
  ]
  const answerWith = (text: string, type = 'text/event-stream') => {
    respond = (response) => response.writeHead(200, { 'content-type': type }).end(text)
  }
  const lastCall = async () => {
    await house.house.api.gateway.usage.flush()
    const { store } = house.house.foundation
    return store.within(house.organizationId, (tx) =>
      tx.selectFrom('model_call').selectAll().orderBy('id', 'desc').executeTakeFirst(),
    )
  }

  it.each(Object.keys(whole))('with %s are whole [M15.odd-streams]', async (name) => {
    answerWith(whole[name]!)
    for (const [door, model] of ways) {
      const heard = await talk(at(), door, { model, stream: true })
      const what = [name, door, model]
      expect([...what, heard.error, heard.text]).toEqual([...what, undefined, 'Three months.'])
      expect([...what, heard.ended]).toEqual([...what, true])
      expect([...what, heard.raw.match(/\[DONE\]|"message_stop"\}/g)]).toEqual([
        ...what,
        [expect.any(String)],
      ])
      expect([...what, await lastCall()]).toMatchObject([
        ...what,
        { outcome: 'answered', input_tokens: 11, output_tokens: 8 },
      ])
    }
  })

  it.each(Object.keys(broken))(
    'with %s are told as broken [M15.odd-streams-broken]',
    async (name) => {
      answerWith(broken[name]!)
      for (const [door, model] of ways) {
        const heard = await talk(at(), door, { model, stream: true })
        const what = [name, door, model]
        expect([...what, heard.ended, heard.error]).toEqual([...what, false, expect.any(String)])
        expect([...what, await lastCall()]).toMatchObject([...what, { outcome: 'cut' }])
      }
    },
  )

  it('bear long lines [M15.long-line]', async () => {
    const long = 'wörd '.repeat(60_000)
    answerWith(sse([chunk({ content: long }), ...all.slice(3)]))
    for (const [door, model] of ways) {
      expect((await talk(at(), door, { model, stream: true })).text === long).toBe(true)
    }
  })

  it('are not followed to another address, and what is no answer is none [M15.no-redirects]', async () => {
    for (const stream of [true, false]) {
      for (const [door, model] of ways) {
        for (const status of [301, 302, 303, 307, 308]) {
          respond = (response) => response.writeHead(status, { location: '/elsewhere' }).end()
          const heard = await talk(at(), door, { model, stream })
          expect([heard.status, heard.error]).toEqual([502, expect.any(String)])
        }
        for (const [type, text] of [
          ['text/html', '<html>It works!</html>'],
          ['application/json', '{}'],
          ['application/json', 'null'],
          ['application/json', ''],
        ] as const) {
          answerWith(text, type)
          const heard = await talk(at(), door, { model, stream })
          expect([door, model, stream, text, heard.status]).toEqual([
            door,
            model,
            stream,
            text,
            502,
          ])
        }
        respond = (response) =>
          response
            .writeHead(200, {
              'content-type': stream ? 'text/event-stream' : 'application/json',
              'content-encoding': 'gzip',
            })
            .end(gzipSync(sse(all)))
        expect((await talk(at(), door, { model, stream })).status).toBe(502)
      }
    }
    expect(elsewhere).toBe(0)
  })

  it('with words that no database keeps are booked all the same [M28.odd-words-booked]', async () => {
    const words = 'overloaded \u0000 \ud800 end'
    for (const [door, model] of ways) {
      respond = (response) =>
        response
          .writeHead(500, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: { message: words, type: words, code: words } }))
      const failed = await talk(at(), door, { model })
      expect([failed.status, failed.error]).toEqual([502, expect.stringContaining('overloaded')])
      const { id, outcome } = (await lastCall())!
      expect(outcome).toBe('failed')
      answerWith(sse([...said, JSON.stringify({ error: { message: words } })]))
      await talk(at(), door, { model, stream: true })
      const row = (await lastCall())!
      expect([row.outcome, row.id > id]).toEqual(['cut', true])
    }
  })

  it('tell how long to wait, through every door [M15.retry-after]', async () => {
    respond = (response) =>
      response
        .writeHead(429, { 'content-type': 'application/json', 'retry-after': '17' })
        .end('{"error":{"message":"slow down"}}')
    for (const door of ['openai', 'anthropic'] as const) {
      const { status, headers } = await talk(at(), door, { model: 'plain' })
      expect([429, 503]).toContain(status)
      const wait = Number(headers.get('retry-after'))
      expect([door, wait > 5 && wait <= 17, wait]).toEqual([door, true, wait])
    }
  })
})
