import { describe, expect, it } from 'vitest'
import { createClient } from './client.ts'
import { PlinthProblem } from './problem.ts'

type Reply = (url: string, init: RequestInit) => Response | Promise<Response>

function clientOn(reply: Reply, apiKey?: string) {
  const fetched: { url: string; init: RequestInit }[] = []
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    fetched.push({ url: String(url), init })
    return reply(String(url), init)
  }
  const options = { baseUrl: 'http://plinth.test/', fetch: fetch as typeof globalThis.fetch }
  return { client: createClient(apiKey ? { ...options, apiKey } : options), fetched }
}

const json = (value: unknown, status = 200) => Response.json(value, { status })
const events = (...list: { type: string }[]) =>
  new Response(
    list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
  )

async function problemOf(work: Promise<unknown>): Promise<PlinthProblem> {
  const failure = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(failure).toBeInstanceOf(PlinthProblem)
  return failure as PlinthProblem
}

async function drain(stream: AsyncIterable<{ type: string }>): Promise<string[]> {
  const types: string[] = []
  for await (const event of stream) types.push(event.type)
  return types
}

describe('createClient', () => {
  it('writes ids and queries into the address, and leaves out what is not given [M9.sdk-address]', async () => {
    const { client, fetched } = clientOn(() => json({ items: [], nextCursor: null }), 'plk_x')
    await client.documents.list({ search: 'a&b', state: undefined, limit: 5 })
    await client.resources.history('Model', 'gpt-4.1/x')
    expect(fetched.map(({ url }) => url)).toEqual([
      'http://plinth.test/api/v1/documents?search=a%26b&limit=5',
      'http://plinth.test/api/v1/resources/Model/gpt-4.1%2Fx/history',
    ])
    expect(fetched[0]?.init.headers).toMatchObject({ authorization: 'Bearer plk_x' })
  })

  it('gives problems with code, remedy and findings [M9.sdk-problems]', async () => {
    const body = {
      ...{ type: 'about:blank', title: 't', status: 400, detail: 'wrong', code: 'INVALID_INPUT' },
      ...{ remedy: 'mend', requestId: 'r', problems: [{ where: 'f:3', detail: 'd', remedy: 'x' }] },
    }
    const { client } = clientOn(() => json(body, 400))
    const problem = await problemOf(client.resources.apply({ yaml: 'x' }))
    expect(problem).toMatchObject({ code: 'INVALID_INPUT', status: 400, remedy: 'mend' })
    expect(problem.problems).toHaveLength(1)
  })

  it('names what is neither an answer nor a problem [M9.sdk-problems]', async () => {
    const proxied = clientOn(() => new Response('<html>', { status: 502 })).client
    expect((await problemOf(proxied.session.me())).code).toBe('UNEXPECTED_RESPONSE')
    const dead = clientOn(() => Promise.reject(new TypeError('fetch failed'))).client
    expect((await problemOf(dead.session.me())).code).toBe('UNREACHABLE')
  })

  it('streams an answer, and reports an error event and a cut stream as problems [M9.sdk-stream]', async () => {
    const text = { type: 'text', text: 'a' }
    const whole = clientOn(() => events(text, { type: 'answer' })).client
    const question = { question: 'q' }
    expect(await drain(whole.answers.askStream(question))).toEqual(['text', 'answer'])
    const cut = clientOn(() => events(text)).client
    expect((await problemOf(drain(cut.answers.askStream(question)))).code).toBe('STREAM_CUT')
    const failed = { type: 'error', problem: { code: 'UPSTREAM_FAILED', detail: 'd' } }
    const broken = clientOn(() => events(text, failed)).client
    expect((await problemOf(drain(broken.answers.askStream(question)))).code).toBe(
      'UPSTREAM_FAILED',
    )
  })
})

describe('upload', () => {
  it('goes on from what the server has after a break, and ends with every byte once [M43.upload-resume]', async () => {
    const content = new Uint8Array(9 * 1024 * 1024).map((_, at) => at % 251)
    const stored: number[] = []
    let puts = 0
    const state = () => ({
      ...{ id: 'u1', name: 'f', size: content.length, received: stored.length, jobId: null },
      state: stored.length === content.length ? 'received' : 'receiving',
    })
    const { client } = clientOn(async (url, init) => {
      if (init.method !== 'PUT') return json(state())
      const bytes = new Uint8Array(await new Response(init.body).arrayBuffer())
      const offset = Number(new URL(url).searchParams.get('offset'))
      expect(offset).toBe(stored.length)
      puts++
      // The second piece arrives half, then the connection breaks.
      const kept = puts === 2 ? bytes.subarray(0, bytes.length / 2) : bytes
      for (const byte of kept) stored.push(byte)
      if (puts === 2) throw new TypeError('connection reset')
      return json(state())
    })
    const progress: number[] = []
    const upload = await client.documents.upload({
      ...{ source: 's', name: 'f', content: new Blob([content]) },
      onProgress: (received) => progress.push(received),
    })
    expect(upload.state).toBe('received')
    expect(Buffer.from(stored).equals(Buffer.from(content))).toBe(true)
    expect(progress.at(-1)).toBe(content.length)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
  })

  it('does not repeat what was refused [M43.upload-resume]', async () => {
    const refusal = { code: 'UNSUPPORTED', status: 415, detail: 'd', title: 't', remedy: 'r' }
    const { client, fetched } = clientOn(() => json(refusal, 415))
    const work = client.documents.upload({ source: 's', name: 'x.exe', content: new Blob(['MZ']) })
    expect((await problemOf(work)).code).toBe('UNSUPPORTED')
    expect(fetched).toHaveLength(1)
  })
})
