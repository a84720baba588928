import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PlinthError, providerSpec, Secret } from '#kernel'
import type { ChatModel, ChatPart } from '#ports'
import { callModel, createModelCatalog, noticeProviders } from './index.ts'
import { factsOf, routerAt, snapshotOf } from './routing/routing.fixture.ts'

const provider = (name: string, more: object = {}) => ({
  name,
  spec: providerSpec.parse({ protocol: 'openai', baseUrl: 'https://x.test/v1', ...more }),
})
type Behaviour =
  | 'answers'
  | 'fails'
  | 'fails-late'
  | 'limited'
  | 'empty'
  | 'no-finish'
  | 'hangs'
  | 'refuses'

function fakeModel(behaviour: Behaviour, text = 'hello'): ChatModel {
  return {
    version: 'chat-model/1',
    id: behaviour,
    async *stream(_, signal): AsyncGenerator<ChatPart> {
      if (behaviour === 'fails') throw new PlinthError('UPSTREAM_FAILED', 'down')
      if (behaviour === 'limited') throw new PlinthError('TOO_MANY_REQUESTS', 'wait')
      if (behaviour === 'refuses') throw new PlinthError('INVALID_INPUT', 'bad')
      if (behaviour === 'hangs') {
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        )
      }
      if (behaviour !== 'empty') yield { type: 'text', text }
      if (behaviour === 'fails-late') throw new PlinthError('UPSTREAM_FAILED', 'cut')
      if (behaviour === 'no-finish') return
      yield { type: 'usage', inputTokens: 1_000, outputTokens: 500 }
      yield { type: 'finish', reason: 'stop' }
    },
  }
}

function call(
  behaviours: Behaviour[],
  signal = new AbortController().signal,
  more: { retry?: object; concurrency?: object } = {},
) {
  const names = behaviours.map((_, i) => `m${i}`)
  const { router } = routerAt()
  const snapshot = snapshotOf({
    providers: Object.fromEntries(
      behaviours.map((behaviour, i) => [
        `p${i}`,
        { headers: { behaviour }, retry: { max: 0 }, ...more },
      ]),
    ),
    models: Object.fromEntries(
      names.map((name, i) => [
        name,
        { provider: `p${i}`, upstreamModel: `up-${name}`, price: { input: 2, output: 4 } },
      ]),
    ),
    routes: { r: { models: names.length > 0 ? names : ['gone'] } },
  })
  const catalog = createModelCatalog({
    factories: {
      openai: (one) => fakeModel(one.spec.headers.behaviour as Behaviour, `text of ${one.name}`),
    },
  })
  const choice = router.choose(router.routes(snapshot).route('r')!, factsOf())
  const asked = { messages: [{ role: 'user' as const, content: 'hi' }] }
  const made = callModel(choice, asked, { catalog, router, signal })
  return { ...made, choice }
}

async function read({ parts, record }: Pick<ReturnType<typeof call>, 'parts' | 'record'>) {
  let text = ''
  let error: PlinthError | undefined
  const types: string[] = []
  try {
    for await (const part of parts) {
      types.push(part.type)
      if (part.type === 'text') text += part.text
    }
  } catch (thrown) {
    error = thrown as PlinthError
  }
  return { text, error, types, record }
}

describe('callModel', () => {
  it('takes the next model before the first text, and says which one answered [M36.fallback]', async () => {
    const { text, types, record } = await read(
      call(['fails', 'limited', 'empty', 'answers', 'answers']),
    )
    expect(text).toBe('text of p3')
    expect(types).toEqual(['text', 'usage', 'finish'])
    expect(record).toMatchObject({
      model: 'm3',
      provider: 'p3',
      upstreamModel: 'up-m3',
      reason: 'number 4 of route r, if those before it fail',
      inputTokens: 1_000,
      outputTokens: 500,
      costUsd: 0.004,
      finish: 'stop',
    })
    expect(record.attempts.map((one) => one.code)).toEqual([
      'UPSTREAM_FAILED',
      'TOO_MANY_REQUESTS',
      'UPSTREAM_FAILED',
      undefined,
    ])
  })

  it('never switches after the first text, and not after a refusal of the request [M36.fallback]', async () => {
    const late = await read(call(['fails-late', 'answers']))
    expect([late.text, late.error?.code, late.record.attempts.length]).toEqual([
      'text of p0',
      'UPSTREAM_FAILED',
      1,
    ])
    expect((await read(call(['refuses', 'answers']))).error?.code).toBe('INVALID_INPUT')
    expect((await read(call(['no-finish', 'answers']))).error?.code).toBe('UPSTREAM_FAILED')
    expect((await read(call([]))).error?.code).toBe('UNAVAILABLE')
  })

  it('stops at once when it is cancelled [M36.cancel]', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 20)
    const { error, record } = await read(call(['hangs', 'answers'], stop.signal))
    expect(error?.code).toBe('CANCELLED')
    expect(record.attempts).toMatchObject([{ outcome: 'cancelled' }])
  })

  it('gives text of exactly one model whatever the others do [M36.fallback-order]', async () => {
    const behaviours = fc.array(
      fc.constantFrom<Behaviour>('answers', 'fails', 'fails-late', 'limited', 'empty', 'refuses'),
      { maxLength: 6 },
    )
    await fc.assert(
      fc.asyncProperty(behaviours, async (list) => {
        const { text, error, record } = await read(call(list))
        const first = list.findIndex(
          (one) => one === 'answers' || one === 'fails-late' || one === 'refuses',
        )
        const speaks = first >= 0 && list[first] !== 'refuses'
        expect(text).toBe(speaks ? `text of p${first}` : '')
        expect(error === undefined).toBe(first >= 0 && list[first] === 'answers')
        expect(record.attempts).toHaveLength(first < 0 ? list.length : first + 1)
      }),
    )
  })
})

describe('a call and its deployment', () => {
  const places = ({ choice }: ReturnType<typeof call>) =>
    choice.order.map(({ deployment }) => [deployment.inFlight, deployment.endpoint.gate.inside])

  it('gives every place back, whatever becomes of it [M35.places]', async () => {
    const behaviour = fc.constantFrom<Behaviour>(
      ...(['answers', 'fails', 'fails-late', 'limited', 'empty', 'no-finish', 'refuses'] as const),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour, { maxLength: 4 }),
        fc.boolean(),
        async (list, leaves) => {
          const made = call(list)
          try {
            for await (const _ of made.parts) if (leaves) break
          } catch {
            // What it failed with is told elsewhere.
          }
          expect(places(made)).toEqual(made.choice.order.map(() => [0, 0]))
        },
      ),
    )
    const stop = new AbortController()
    const cancelled = call(['hangs'], stop.signal)
    const reading = read(cancelled)
    stop.abort()
    expect((await reading).error?.code).toBe('CANCELLED')
    expect(places(cancelled)).toEqual([[0, 0]])
  })

  it('tries the only model again after a wait, and says at once when there is no place [M36.retries]', async () => {
    const again = await read(call(['fails'], undefined, { retry: { max: 2, baseMs: 1 } }))
    expect(again.record.attempts).toHaveLength(3)
    // The second try finds the deployment resting: what is told is why the first one failed.
    const limited = call(['limited', 'answers'], undefined, { concurrency: { max: 1, queue: 0 } })
    const taken = limited.choice.order[1]!.deployment.acquire()
    expect(taken).toMatchObject({ granted: true })
    const told = await read(limited)
    expect([told.error?.code, told.error?.message]).toEqual(['TOO_MANY_REQUESTS', 'wait'])
    const full = call(['answers'], undefined, { concurrency: { max: 1, queue: 0 } })
    const first = full.choice.order[0]!.deployment.acquire()
    expect(first).toMatchObject({ granted: true })
    const { error } = await read(full)
    expect([error?.code, error?.message]).toEqual([
      'UNAVAILABLE',
      'The provider p0 takes no further call now.',
    ])
  })
})

describe('the order of a route', () => {
  it('holds the usable models and says why it left others out [M6.route]', () => {
    const world = {
      providers: { small: {}, big: {}, keyed: { apiKey: { env: 'MY_KEY' } } },
      models: {
        small: { provider: 'small', contextTokens: 1_100, maxOutputTokens: 100 },
        big: { provider: 'big' },
        keyed: { provider: 'keyed' },
        orphan: { provider: 'orphan' },
      },
      routes: { r: { models: ['keyed', 'gone', 'orphan', 'small', 'big'] } },
    }
    const chosen = (secrets: Record<string, string>) => {
      const { router } = routerAt({ secrets })
      const route = router.routes(snapshotOf(world)).route('r')!
      return router.choose(route, factsOf({ inputTokens: 2_000 }))
    }
    const { order, rejected, reason } = chosen({})
    expect(order.map(({ name }) => name)).toEqual(['big'])
    expect(reason).toContain('first usable model of route r')
    expect(Object.fromEntries(rejected.map((one) => [one.model, one.reason]))).toEqual({
      keyed: expect.stringContaining('MY_KEY'),
      gone: expect.stringContaining('no model gone'),
      orphan: expect.stringContaining('provider orphan'),
      small: expect.stringContaining('does not fit'),
    })
    expect(chosen({ MY_KEY: 'k' }).order).toHaveLength(2)
  })
})

describe('the catalog', () => {
  it('opens a provider once per specification and secret [M15.catalog]', () => {
    let opened = 0
    let key = 'a'
    const catalog = createModelCatalog({
      factories: {
        openai: (_, secrets) => {
          opened++
          expect(secrets.apiKey).toBe(key)
          return fakeModel('answers')
        },
      },
    })
    const one = provider('p', { apiKey: { env: 'K' } })
    const keyed = () => ({ env: 'K', value: new Secret(key), weight: 1, refused: false })
    catalog.open(one, keyed())
    catalog.open({ ...one }, keyed())
    expect(opened).toBe(1)
    key = 'b'
    catalog.open(one, keyed())
    expect(opened).toBe(2)
    const other = {
      name: 'q',
      spec: providerSpec.parse({ protocol: 'anthropic', baseUrl: 'https://x.test' }),
    }
    expect(() => catalog.open(other)).toThrow(/anthropic/)
  })
})

describe('noticeProviders', () => {
  it('offers what the environment and the machine have, and keeps keys out of the resources [M15.notice]', async () => {
    const lists: Record<string, unknown> = {
      'https://api.openai.com/v1/models': {
        data: [{ id: 'whisper-1' }, { id: 'gpt-4o-mini' }, { id: 'gpt-5-mini' }],
      },
      'http://127.0.0.1:11434/api/tags': {
        models: [{ name: 'nomic-embed-text:latest' }, { name: 'llama3.2:3b' }],
      },
    }
    const env = { OPENAI_API_KEY: 'sk-1', ANTHROPIC_API_KEY: 'sk-2' }
    const found = await noticeProviders(env, async (url) => lists[url])
    expect(
      found.map((one) => [
        one.provider.name,
        one.model.name,
        one.model.spec.upstreamModel,
        one.allowPrivate,
      ]),
    ).toEqual([
      ['anthropic', 'claude-haiku-4-5', 'claude-haiku-4-5', undefined],
      ['openai', 'gpt-5-mini', 'gpt-5-mini', undefined],
      ['ollama', 'llama3.2-3b', 'llama3.2:3b', '127.0.0.1:11434'],
    ])
    expect(JSON.stringify(found)).not.toMatch(/sk-[12]/)
    const local = await noticeProviders(
      { OPENAI_BASE_URL: 'http://localhost:8000/v1', OPENAI_MODEL: 'qwen' },
      async () => undefined,
    )
    expect(local).toMatchObject([
      { allowPrivate: 'localhost:8000', model: { spec: { upstreamModel: 'qwen' } } },
    ])
    expect(await noticeProviders({}, async () => undefined)).toEqual([])
    await expect(
      noticeProviders({ OPENAI_BASE_URL: 'localhost' }, async () => undefined),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
