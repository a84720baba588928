import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '#kernel'
import { type OpenHouse, openHouse, type Person, type Reply } from '../open-house.ts'

const resources = `
kind: KnowledgeBase
name: notes
spec: { readers: [everyone], metadata: { year: number, area: string } }
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
`

describe('requests', () => {
  let house: OpenHouse
  let owner: Person
  beforeAll(async () => {
    house = await openHouse()
    owner = house.owner
    await house.apply(resources)
    await house.upload('notes', 'oak.txt', 'Oak is felled in winter. Oak dries for years.')
  })
  afterAll(() => house?.close())

  const post = (path: string, body: unknown, headers = {}) =>
    owner.call('POST', `/api/v1${path}`, { body, headers })
  const raw = (path: string, body: string | Uint8Array, headers = {}) =>
    owner.call('POST', `/api/v1${path}`, {
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })
  /** A refusal as people can use it: the code, where, how to mend it, and nothing of the inside. */
  const refused = (reply: Reply, status: number, code: string) => {
    expect([reply.status, reply.body.code, reply.text]).toEqual([status, code, expect.any(String)])
    expect(reply.headers.get('content-type')).toContain('application/problem+json')
    expect(reply.body.remedy).toMatch(/\w+/)
    expect(reply.body.requestId).toMatch(/^req_/)
    expect(reply.text).not.toMatch(/node_modules|at \w+ \(|\.ts:\d|select |insert /)
    return reply.body
  }

  it('of wrong types are refused, each field by its place [M9.bad-input]', async () => {
    const body = { question: 5, save: 'yes', filter: [], stream: 'x', conversationId: {} }
    const { problems } = refused(await post('/ask', body), 400, 'INVALID_INPUT')
    const places = problems.map((one: { where: string }) => one.where).sort()
    expect(places).toEqual(
      ['/conversationId', '/filter', '/question', '/save', '/stream'].map((p) => `body${p}`),
    )
    for (const wrong of [null, [], 'text', 7, true]) {
      refused(await post('/ask', wrong), 400, 'INVALID_INPUT')
    }
    refused(await post('/ask', {}), 400, 'INVALID_INPUT')
    refused(
      await post('/ask', { question: 'x'.repeat(limits.questionChars + 1) }),
      400,
      'INVALID_INPUT',
    )
    refused(await owner.call('GET', '/api/v1/documents?limit=0'), 400, 'INVALID_INPUT')
    refused(await owner.call('GET', '/api/v1/documents?limit=1e99'), 400, 'INVALID_INPUT')
    refused(await owner.call('GET', '/api/v1/documents?limit=1&limit=2'), 400, 'INVALID_INPUT')
    refused(
      await owner.call('GET', '/api/v1/documents?state=ready&state=failed'),
      400,
      'INVALID_INPUT',
    )
    refused(await owner.call('GET', '/api/v1/traces?from=yesterday'), 400, 'INVALID_INPUT')
  })

  it('that are malformed are refused before anything is read from them [M9.bad-input]', async () => {
    refused(await raw('/ask', '{"question": "x"'), 400, 'INVALID_INPUT')
    refused(await raw('/ask', '{"question": "x"} {}'), 400, 'INVALID_INPUT')
    refused(await raw('/ask', `${'['.repeat(100_000)}${']'.repeat(100_000)}`), 400, 'INVALID_INPUT')
    refused(
      await raw('/ask', `{"question":"x","filter":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`),
      400,
      'INVALID_INPUT',
    )
    refused(
      await raw('/ask', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
      400,
      'INVALID_INPUT',
    )
    const invalid = Buffer.concat([
      Buffer.from('{"question":"oak '),
      Buffer.from([0xc3, 0x28, 0xff]),
      Buffer.from('"}'),
    ])
    refused(await raw('/ask', invalid), 400, 'INVALID_INPUT')
    const huge = JSON.stringify({ question: 'x'.repeat(limits.jsonBodyBytes) })
    refused(await raw('/ask', huge), 413, 'TOO_LARGE')
    refused(
      await raw('/ask', 'question=x', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'UNSUPPORTED',
    )
    refused(await raw('/ask', '<a/>', { 'content-type': 'text/xml' }), 415, 'UNSUPPORTED')
    refused(
      await raw('/ask', '{}', { 'content-type': 'application/json; charset=utf-16' }),
      400,
      'INVALID_INPUT',
    )
    refused(
      await raw('/ask', 'x', { 'content-type': 'application/octet-stream' }),
      400,
      'INVALID_INPUT',
    )
    refused(await owner.call('POST', '/api/v1/ask'), 400, 'INVALID_INPUT')
  })

  it('with characters that no database keeps are refused or mended, never a fault [M9.bad-input]', async () => {
    const nul = 'oak\u0000winter'
    const half = 'oak \ud800 winter'
    for (const text of [nul, half]) {
      const replies: [string, Reply][] = [
        ['ask', await post('/ask', { question: text })],
        ['assistant', await post('/ask', { question: 'oak', assistant: text })],
        ['conversation', await post('/ask', { question: 'oak', conversationId: text })],
        ['filter', await post('/ask', { question: 'oak', filter: { area: text } })],
        ['filter key', await post('/ask', { question: 'oak', filter: { [text]: 'x' } })],
        ['search', await post('/search', { query: text, knowledgeBases: ['notes'] })],
        ['base', await post('/search', { query: 'oak', knowledgeBases: [text] })],
        ['text', await post('/documents', { source: 'notes', externalId: 'odd.txt', text })],
        [
          'title',
          await post('/documents', {
            source: 'notes',
            externalId: 'odd.txt',
            text: 'odd',
            title: text,
          }),
        ],
        [
          'metadata',
          await post('/documents', {
            source: 'notes',
            externalId: 'odd.txt',
            text: 'odd',
            metadata: { area: text },
          }),
        ],
        [
          'readers',
          await post('/documents', {
            source: 'notes',
            externalId: 'odd.txt',
            text: 'odd',
            readers: [`group:${text}`],
          }),
        ],
        ['upload', await post('/uploads', { source: text, name: text, size: 3, digest: text })],
        ['feedback', await post('/feedback', { traceId: text, rating: 1, comment: text })],
      ]
      const escaped = encodeURIComponent(text === nul ? text : 'oak\ufffdwinter')
      for (const path of [
        `documents/${escaped}`,
        `documents/${escaped}/text`,
        `documents?search=${escaped}`,
        `documents?source=${escaped}`,
        `conversations/${escaped}`,
        `conversations?search=${escaped}`,
        `traces/${escaped}`,
        `traces?search=${escaped}`,
        `jobs/${escaped}`,
        `jobs?kind=${escaped}`,
        `uploads/${escaped}`,
        `knowledge-bases/${escaped}`,
        `sources?knowledgeBase=${escaped}`,
      ]) {
        replies.push([path, await owner.call('GET', `/api/v1/${path}`)])
      }
      const faults = replies.filter(([, reply]) => reply.status >= 500)
      expect(faults.map(([name, reply]) => `${name}: ${reply.text}`)).toEqual([])
    }
    const jobs = await owner.call('GET', '/api/v1/jobs?limit=10')
    for (const job of jobs.body.items) await house.ended(job.id)
  })

  it('with keys of the language itself change nothing [M9.bad-input]', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const body = `{"question":"oak winter","${key}":{"isAdmin":true,"save":false},"filter":{"${key}":"x"}}`
      const reply = await raw('/ask', body)
      expect([key, reply.status < 500]).toEqual([key, true])
      for (const path of [
        `assistants/${key}`,
        `knowledge-bases/${key}`,
        `documents/${key}`,
        `jobs/${key}`,
      ]) {
        expect([path, (await owner.call('GET', `/api/v1/${path}`)).status]).toEqual([path, 404])
      }
      refused(await post('/search', { query: 'oak', knowledgeBases: [key] }), 404, 'NOT_FOUND')
      const metadata = `{"source":"notes","externalId":"p.txt","text":"x","metadata":{"${key}":"y"}}`
      expect((await raw('/documents', metadata)).status).toBeLessThan(500)
      const asked = await post('/ask', { question: 'oak winter', assistant: key })
      expect(asked.body.outcome).toBe('denied')
    }
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  it('with cursors that no list gave out are refused [M9.cursors]', async () => {
    const lists = ['documents', 'conversations', 'traces', 'jobs']
    const cursors = [
      'garbage',
      '%00',
      'W10',
      Buffer.from('{"a":1}').toString('base64url'),
      Buffer.from('[null]').toString('base64url'),
      Buffer.from('["a","b","c"]').toString('base64url'),
      Buffer.from('[1,2]').toString('base64url'),
    ]
    for (const list of lists) {
      for (const cursor of cursors) {
        const reply = await owner.call('GET', `/api/v1/${list}?cursor=${cursor}`)
        refused(reply, 400, 'INVALID_INPUT')
      }
      // Of the right shape, with values that are none: refused or an empty page, never a fault.
      for (const key of [
        ['x'],
        ['x', 'y'],
        ['\u0000'],
        ['\u0000', '\u0000'],
        ["'; drop table document; --", 'x'],
        ['-271821-04-20T00:00:00.000Z', 'x'],
        ['0000-01-01T00:00:00.000Z', 'x'],
        ['2026', 'x'],
      ]) {
        const cursor = Buffer.from(JSON.stringify(key)).toString('base64url')
        const { status, text } = await owner.call('GET', `/api/v1/${list}?cursor=${cursor}`)
        expect([list, key, status < 500, text]).toEqual([list, key, true, text])
      }
      refused(
        await owner.call('GET', `/api/v1/${list}?cursor=${'A'.repeat(501)}`),
        400,
        'INVALID_INPUT',
      )
    }
    const { id } = (await owner.call('GET', '/api/v1/documents')).body.items[0]
    const counted = [`documents/${id}/chunks`, 'resources/KnowledgeBase/notes/history', 'audit']
    for (const list of counted) {
      for (const key of [[1.5], [1e99], [-1e99]]) {
        const cursor = Buffer.from(JSON.stringify(key)).toString('base64url')
        refused(await owner.call('GET', `/api/v1/${list}?cursor=${cursor}`), 400, 'INVALID_INPUT')
      }
      for (const key of [[2 ** 31], [2 ** 53 - 1], [-(2 ** 53)]]) {
        const cursor = Buffer.from(JSON.stringify(key)).toString('base64url')
        const { status, text } = await owner.call('GET', `/api/v1/${list}?cursor=${cursor}`)
        expect([list, key, status < 500, text]).toEqual([list, key, true, text])
      }
    }
    for (const list of ['audit', 'traces']) {
      for (const field of ['from', 'to']) {
        const path = `/api/v1/${list}?${field}=0000-01-01T00:00:00Z`
        refused(await owner.call('GET', path), 400, 'INVALID_INPUT')
      }
    }
  })

  it('page through a list without losing or doubling anything [M9.cursors]', async () => {
    for (let i = 0; i < 7; i++) await post('/ask', { question: `oak winter ${i}` })
    for (const list of ['conversations', 'traces', 'documents', 'jobs']) {
      const all = (await owner.call('GET', `/api/v1/${list}?limit=500`)).body.items
      const seen: string[] = []
      for (let cursor = ''; ; ) {
        const { body } = await owner.call('GET', `/api/v1/${list}?limit=2${cursor}`)
        seen.push(...body.items.map((one: { id: string }) => one.id))
        if (!body.nextCursor) break
        cursor = `&cursor=${body.nextCursor}`
      }
      expect(seen).toEqual(all.map((one: { id: string }) => one.id))
    }
  })

  it('with abused headers get an answer, and the server goes on [M9.bad-input]', async () => {
    const bad = async (headers: Record<string, string>) =>
      (await fetch(`${house.url}/api/v1/me`, { headers })).status
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      `Bearer ${'x'.repeat(8_000)}`,
      'Basic eDp5',
      'Bearer plk_ü'.normalize('NFC').replace('ü', '%'),
    ]) {
      const reply = await fetch(`${house.url}/api/v1/conversations`, { headers: { authorization } })
      expect([authorization.slice(0, 20), reply.status]).toEqual([authorization.slice(0, 20), 401])
    }
    expect(await bad({ authorization: `Bearer ${owner.key}`, 'x-long': 'y'.repeat(20_000) })).toBe(
      431,
    )
    for (const head of [
      'GET /api/v1/health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'GET /api/v1/health HTTP/9.9\r\n\r\n',
      `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      'POST /api/v1/ask HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
      '\u0000\u0001\u0002\r\n\r\n',
    ]) {
      expect(await speak(house.url, head)).toMatch(/^HTTP\/1\.1 4\d\d/)
    }
    for (const path of [
      '/api/v1/../../etc/passwd',
      '/api/v1/%2e%2e/%2e%2e/etc/passwd',
      '/%ff',
      '/api/v1/documents/%zz',
    ]) {
      const answer = await speak(
        house.url,
        `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      )
      expect([path, answer.slice(0, 12)]).toEqual([path, expect.stringMatching(/HTTP\/1\.1 4\d\d/)])
    }
    expect((await fetch(`${house.url}/api/v1/health`)).status).toBe(200)
  })

  it('with an idempotency key are done once, whatever is sent again and how [M9.idempotency]', async () => {
    const count = async () =>
      (await owner.call('GET', '/api/v1/traces?limit=500')).body.items.length
    const body = { question: 'When is oak felled?' }
    const before = await count()
    const key = { 'idempotency-key': 'once-1' }
    const first = await post('/ask', body, key)
    const again = await post('/ask', body, key)
    expect(again.body).toEqual(first.body)
    expect(await count()).toBe(before + 1)
    refused(await post('/ask', { question: 'Another?' }, key), 409, 'CONFLICT')
    refused(
      await post('/search', { query: 'oak', knowledgeBases: ['notes'] }, key),
      409,
      'CONFLICT',
    )
    const parallel = await Promise.all(
      Array.from({ length: 8 }, () => post('/ask', body, { 'idempotency-key': 'once-2' })),
    )
    for (const reply of parallel) expect([200, 409]).toContain(reply.status)
    const answers = parallel.filter((reply) => reply.status === 200).map((r) => r.body.traceId)
    expect(new Set(answers).size).toBe(1)
    expect(await count()).toBe(before + 2)
    // A refusal is not kept: the corrected request may use the key.
    refused(
      await post(
        '/search',
        { query: 'oak', knowledgeBases: ['none'] },
        { 'idempotency-key': 'once-3' },
      ),
      404,
      'NOT_FOUND',
    )
    expect(
      (
        await post(
          '/search',
          { query: 'oak', knowledgeBases: ['notes'] },
          { 'idempotency-key': 'once-3' },
        )
      ).status,
    ).toBe(200)
    const other = await house.person('second')
    const theirs = await other.call('POST', '/api/v1/ask', { body, headers: key })
    expect(theirs.body.traceId).not.toBe(first.body.traceId)
    for (const odd of ['', ' ', 'x'.repeat(201), 'a b']) {
      refused(await post('/ask', body, { 'idempotency-key': odd }), 400, 'INVALID_INPUT')
    }
    const started = await post(
      '/documents',
      { source: 'notes', externalId: 'once.txt', text: 'once' },
      { 'idempotency-key': 'once-4' },
    )
    const repeated = await post(
      '/documents',
      { source: 'notes', externalId: 'once.txt', text: 'once' },
      { 'idempotency-key': 'once-4' },
    )
    expect([repeated.status, repeated.body]).toEqual([202, started.body])
    const streamed = await post('/ask', { ...body, stream: true }, { 'idempotency-key': 'once-5' })
    expect(streamed.text).toContain('event: answer')
  })

  it('that come slowly, or whose reader is slow, hold up nobody else [M9.slow-client]', async () => {
    const url = new URL(house.url)
    const slow = connect(Number(url.port), url.hostname)
    slow.on('error', () => undefined)
    slow.write(
      `POST /api/v1/ask HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${owner.key}\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{"question"`,
    )
    const reader = connect(Number(url.port), url.hostname)
    reader.on('error', () => undefined)
    reader.write(
      `GET /api/v1/jobs/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${owner.key}\r\n\r\n`,
    )
    reader.pause()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        post('/ask', { question: 'When is oak felled?', save: false }),
      ),
    )
    expect(answers.map((reply) => reply.body.outcome)).toEqual(Array(5).fill('answered'))
    slow.destroy()
    reader.destroy()
  })
})

/** Sends bytes as they are and gives the first of the answer. */
function speak(address: string, text: string): Promise<string> {
  const { hostname, port } = new URL(address)
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.setTimeout(60_000, () => socket.destroy())
    socket.on('data', (data) => {
      heard += data
      if (heard.includes('\r\n')) socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(heard))
  })
}
