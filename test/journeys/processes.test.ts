import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readConfig } from '#config'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { freshDatabase } from '../open-store.ts'
import { root } from '../tidy/sources.ts'

const admin = process.env.PLINTH_TEST_DATABASE_URL
const failures = 4

const resources = (upstream: FakeUpstream, upstreamModel: string) => `
kind: Provider
name: near
spec:
  protocol: openai
  baseUrl: "${upstream.url}/v1"
  retry: { max: 0 }
  breaker: { failures: ${failures}, ratio: 0, windowMs: 60000, openMs: 60000 }
---
kind: Model
name: near
spec: { provider: near, upstreamModel: ${upstreamModel}, price: { input: 1, output: 2 } }
---
kind: Guardrail
name: default
spec: { personalData: { input: allow, output: allow } }
---
kind: Budget
name: few
project: default
spec: { per: use-case, window: day, limits: { requests: 20 } }
`

it('of one server are refused on the embedded database [M35.processes]', () => {
  expect(() => readConfig({ PLINTH_PROCESSES: '2' })).toThrow(/serves one process/)
  const given = { PLINTH_PROCESSES: '2', DATABASE_URL: 'postgres://somewhere/plinth' }
  expect(readConfig(given).processes).toBe(2)
})

describe.runIf(admin)('several processes of one server', () => {
  let base: string
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let upstream: FakeUpstream
  let server: ChildProcess
  let url = ''
  let key = ''
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'plinth-processes-'))
    database = await freshDatabase(admin!)
    upstream = await startFakeUpstream()
    server = spawn(process.execPath, [join(root, 'src', 'main.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        PLINTH_DATA_DIR: base,
        PLINTH_PORT: '0',
        PLINTH_SAMPLE: 'off',
        PLINTH_EMBEDDER: 'none',
        PLINTH_PARSERS: '1',
        PLINTH_PROCESSES: '2',
        PLINTH_ALLOWED_PRIVATE_HOSTS: upstream.host,
        DATABASE_URL: database.url,
      },
    })
    let output = ''
    server.stdout?.on('data', (data) => {
      output += data
    })
    await vi.waitFor(() => expect(output).toMatch(/API key\s+\S+/), { timeout: 60_000 })
    url = /Address\s+(http:\S+)/.exec(output)?.[1] ?? ''
    key = (await readFile(join(base, 'admin.key'), 'utf8')).trim()
    const both = async () => expect(await children()).toHaveLength(2)
    await vi.waitFor(both, { timeout: 60_000 })
    await apply('m-1')
  }, 120_000)
  afterAll(async () => {
    server?.kill('SIGKILL')
    await upstream?.close()
    await database?.drop()
    await rm(base, { recursive: true, force: true })
  })

  /** Each call on a connection of its own: they are given to the processes in turn. */
  const call = (
    path: string,
    body?: unknown,
    {
      headers = {},
      agent,
    }: { headers?: Record<string, string> | undefined; agent?: Agent | undefined } = {},
  ) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const sent = request(url + path, {
        method: body === undefined ? 'GET' : 'POST',
        agent: agent ?? false,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      })
      sent.on('error', reject)
      sent.on('response', async (answer) => {
        let text = ''
        for await (const piece of answer) text += piece
        resolve({ status: answer.statusCode ?? 0, body: text })
      })
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  const apply = async (upstreamModel: string) =>
    expect(
      await call('/api/v1/resources', { yaml: resources(upstream, upstreamModel) }),
    ).toMatchObject({ status: 200, body: expect.any(String) })
  const question = { model: 'near', messages: [{ role: 'user', content: 'x' }] }
  const chat = (headers?: Record<string, string>, agent?: Agent) =>
    call('/v1/chat/completions', question, { headers, agent })
  const children = async () => {
    const path = `/proc/${server.pid}/task/${server.pid}/children`
    return (await readFile(path, 'utf8')).split(' ').filter(Boolean).map(Number)
  }

  it('serve what was published as soon as it is acknowledged [M35.processes]', async () => {
    for (const name of ['m-2', 'm-3']) {
      await apply(name)
      const replies = await Promise.all(Array.from({ length: 8 }, () => chat()))
      expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200))
      const asked = upstream.requests.splice(0).map(({ body }) => body.model)
      expect(asked).toEqual(Array(8).fill(name))
    }
  })

  it('spend from one budget, and account for each call once [M35.processes]', async () => {
    const inRace = () => chat({ 'x-plinth-use-case': 'race' })
    const replies = await Promise.all(Array.from({ length: 60 }, inRace))
    const served = replies.filter(({ status }) => status === 200)
    expect(served.length).toBeGreaterThan(0)
    expect(served.length).toBeLessThanOrEqual(20)
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 429]))
    const booked = async () => {
      const { total } = JSON.parse((await call('/api/v1/usage?useCase=race')).body)
      return [total.calls, total.answered]
    }
    await expect.poll(booked, { timeout: 10_000 }).toEqual([60, served.length])
  })

  it('open one breaker together [M35.processes]', async () => {
    upstream.requests = []
    upstream.mode = { status: 500 }
    // One connection is one process's: the other sees none of these failures.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let i = 0; i < failures; i++) expect((await chat({}, agent)).status).toBe(502)
    const statuses: number[] = []
    for (let i = 0; i < 20; i++) statuses.push((await chat()).status)
    expect(statuses.slice(-10)).toEqual(Array(10).fill(503))
    // Alone, each would have tried so often.
    expect(upstream.requests.length).toBeLessThan(2 * failures)
    agent.destroy()
    upstream.mode = 'normal'
  })

  it('are begun anew when one dies, while the other serves, and end together [M35.processes]', async () => {
    const [first, second] = await children()
    process.kill(second!, 'SIGKILL')
    await expect.poll(children, { timeout: 30_000 }).not.toContain(second)
    expect((await call('/api/v1/me')).status).toBe(200)
    await expect.poll(async () => (await children()).length, { timeout: 30_000 }).toBe(2)
    expect(await children()).toContain(first)
    expect((await call('/api/v1/me')).status).toBe(200)
    const gone = once(server, 'exit')
    server.kill('SIGTERM')
    expect((await gone)[0]).toBe(0)
    await expect(call('/api/v1/me')).rejects.toThrow()
  })
})
