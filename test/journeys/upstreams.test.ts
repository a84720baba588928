import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse } from '../open-house.ts'
import {
  inputTokens,
  outputTokens,
  type Said,
  startUpstream,
  type Upstream,
  wires,
} from '../upstreams/index.ts'
import { type Door, type Talk, talk } from './talk.fixture.ts'

const doors: Door[] = ['openai', 'anthropic']
const patience = 'breaker: { failures: 10000 }, retry: { max: 0 }'
const price = 'price: { input: 1, output: 2 }'
const cost = (inputTokens * 1 + outputTokens * 2) * 1_000
/** A pause of the hub would last as long as this. */
const idleMs = 6_000

const usual: Said = {
  pieces: ['The ', 'notice ', 'period ', 'is ', 'drei ', 'Monate ', '（三个月）', '🙂.'],
}

const names = wires().map(({ name }) => name)

const resources = ({ wire, url }: Upstream) => `
kind: Provider
name: ${wire.name}
spec:
  { protocol: ${wire.protocol}, baseUrl: "${wire.baseUrl(url)}", apiKey: { env: KEY_${wire.name.toUpperCase()} },
    timeouts: { totalMs: 12000, firstTokenMs: ${idleMs}, idleMs: ${idleMs} }, ${patience} }
---
kind: Provider
name: ${wire.name}-hasty
spec:
  { protocol: ${wire.protocol}, baseUrl: "${wire.baseUrl(url)}", apiKey: { env: KEY_${wire.name.toUpperCase()} },
    timeouts: { totalMs: 1000, firstTokenMs: 250, idleMs: 250 }, ${patience} }
---
kind: Model
name: ${wire.name}
spec: { provider: ${wire.name}, upstreamModel: "${wire.upstreamModel}", ${price} }
---
kind: Model
name: ${wire.name}-hasty
spec: { provider: ${wire.name}-hasty, upstreamModel: "${wire.upstreamModel}", ${price} }
---
kind: Route
name: ${wire.name}-masked
spec: { models: [${wire.name}], guardrail: restoring }
---
kind: Route
name: ${wire.name}-hasty-masked
spec: { models: [${wire.name}-hasty], guardrail: restoring }
`

/** The same where nothing is waited for. */
const hasty = (name: string, asked: Talk): Talk => ({
  ...asked,
  model: asked.model.replace(name, `${name}-hasty`),
})

describe('endpoints of other protocols', () => {
  let house: OpenHouse
  const upstreams = new Map<string, Upstream>()
  beforeAll(async () => {
    for (const wire of wires()) upstreams.set(wire.name, await startUpstream(wire))
    const all = [...upstreams.values()]
    house = await openHouse({
      env: { PLINTH_ALLOWED_PRIVATE_HOSTS: all.map(({ host }) => host).join(',') },
      secrets: Object.fromEntries(
        all.map(({ wire, secret }) => [`KEY_${wire.name.toUpperCase()}`, secret]),
      ),
    })
    await house.apply(
      [
        'kind: Guardrail\nname: default\nspec: { personalData: { input: allow, output: allow } }\n',
        'kind: Guardrail\nname: restoring\nspec: { personalData: { input: mask, output: allow } }\n',
        ...all.map(resources),
      ].join('---\n'),
    )
  })
  afterAll(async () => {
    await house?.close()
    for (const upstream of upstreams.values()) await upstream.close()
  })
  afterEach(() => {
    for (const upstream of upstreams.values()) {
      upstream.mode = 'normal'
      upstream.said = usual
      upstream.requests.length = 0
      upstream.cancelled = 0
    }
  })

  const at = () => ({ url: house.url, key: house.owner.key })
  const callOf = async (id: string | null) => {
    await house.house.api.gateway.usage.flush()
    const { store } = house.house.foundation
    return store.within(house.organizationId, (tx) =>
      tx.selectFrom('model_call').selectAll().where('id', '=', id!).executeTakeFirst(),
    )
  }
  const lastCall = async () => {
    await house.house.api.gateway.usage.flush()
    const { store } = house.house.foundation
    return store.within(house.organizationId, (tx) =>
      tx.selectFrom('model_call').selectAll().orderBy('id', 'desc').executeTakeFirst(),
    )
  }
  /** Every way to ask: both doors, whole and streamed, masked and not. */
  const ways = (name: string): { door: Door; talk: Talk; masked: boolean }[] =>
    doors.flatMap((door) =>
      [false, true].flatMap((stream) =>
        [false, true].map((masked) => ({
          door,
          masked,
          talk: { model: masked ? `${name}-masked` : name, stream },
        })),
      ),
    )

  it.each(names)(
    '%s answers through both doors, whole and streamed, masked or not, at any split, without a pause [M15.upstream-answers]',
    async (name) => {
      const upstream = upstreams.get(name)!
      for (const mode of ['normal', 'split', 'slow'] as const) {
        upstream.mode = mode
        for (const { door, talk: asked, masked } of ways(name)) {
          const what = `${mode} ${door} ${JSON.stringify(asked)}`
          const text = masked ? 'Write to ada@example.com.' : 'How long?'
          upstream.said = masked
            ? { pieces: ['I wr', 'ote to <EM', 'AIL_', '1', '> – ', 'drei ', 'Mo', 'nate 🙂.'] }
            : usual
          const said = masked
            ? 'I wrote to ada@example.com – drei Monate 🙂.'
            : usual.pieces.join('')
          const heard = await talk(at(), door, { ...asked, text })
          expect([what, heard.status, heard.error]).toEqual([what, 200, undefined])
          expect([what, heard.text]).toEqual([what, said])
          expect([what, heard.ended, heard.finish]).toEqual([
            what,
            true,
            door === 'openai' ? 'stop' : 'end_turn',
          ])
          const usage = { input: inputTokens, output: outputTokens }
          expect([what, heard.usage]).toEqual([what, usage])
          const sent = upstream.requests.at(-1)!
          expect(sent.raw.toString('utf8').includes('ada@')).toBe(false)
          // A pause of the hub is as long as the time-out.
          expect([what, heard.ms - (sent.tookMs ?? 0) < idleMs / 2]).toEqual([what, true])
          expect([what, await callOf(heard.headers.get('x-plinth-call'))]).toMatchObject([
            what,
            {
              ...{ outcome: 'answered', provider: name, streamed: asked.stream, estimated: false },
              ...{ input_tokens: inputTokens, output_tokens: outputTokens, cost_nanousd: cost },
            },
          ])
        }
      }
    },
  )

  it.each(names)('%s calls tools [M15.upstream-tools]', async (name) => {
    const upstream = upstreams.get(name)!
    for (const mode of ['normal', 'split'] as const) {
      upstream.mode = mode
      for (const { door, talk: asked, masked } of ways(name)) {
        const what = `${mode} ${door} ${JSON.stringify(asked)}`
        const word = masked ? '<EMAIL_1>' : 'Notice 三'
        upstream.said = { pieces: [], call: { name: 'lookup', arguments: `{"word":"${word}"}` } }
        const text = masked ? 'Look up ada@example.com.' : 'Look it up.'
        const heard = await talk(at(), door, { ...asked, tools: true, text })
        expect([what, heard.status, heard.error]).toEqual([what, 200, undefined])
        expect([what, heard.calls.length, heard.finish, heard.ended]).toEqual([
          what,
          1,
          door === 'openai' ? 'tool_calls' : 'tool_use',
          true,
        ])
        const [call] = heard.calls
        expect([what, call!.name, JSON.parse(call!.arguments)]).toEqual([
          what,
          'lookup',
          { word: masked ? 'ada@example.com' : 'Notice 三' },
        ])
      }
    }
  })

  it.each(names)(
    '%s ends its answer, and the caller is not kept waiting for its connection [M15.upstream-lingers]',
    async (name) => {
      const upstream = upstreams.get(name)!
      upstream.mode = 'lingers'
      // Nothing tells the end of Gemini's answers but the end of the connection.
      if (upstream.wire.protocol === 'gemini') return
      for (const { door, talk: asked } of ways(name).filter(({ talk: { stream } }) => stream)) {
        const heard = await talk(at(), door, asked)
        expect([heard.ended, heard.error, heard.ms < idleMs / 2]).toEqual([true, undefined, true])
      }
    },
  )

  it.each(names)(
    '%s is cut, and the caller is told so, whole, streamed, masked [M15.upstream-cut]',
    async (name) => {
      const upstream = upstreams.get(name)!
      const check = async (mode: Upstream['mode'], door: Door, asked: Talk) => {
        const what = `${mode} ${door} ${JSON.stringify(asked)}`
        const heard = await talk(at(), door, asked)
        expect([what, heard.ended, heard.error]).toEqual([what, false, expect.any(String)])
        if (asked.stream) {
          const said = usual.pieces.join('').startsWith(heard.text)
          expect([what, heard.status, said]).toEqual([what, 200, true])
        } else expect([what, heard.status >= 502]).toEqual([what, true])
      }
      for (const mode of ['cut', 'ends-early', 'error-mid'] as const) {
        upstream.mode = mode
        for (const { door, talk: asked } of ways(name)) {
          await check(mode, door, asked)
          expect([mode, await lastCall()]).toMatchObject([
            mode,
            { outcome: asked.stream ? 'cut' : 'failed', fault: 'provider' },
          ])
        }
      }
      upstream.mode = 'hang-mid'
      await Promise.all(
        ways(name).map(({ door, talk: asked }) => check('hang-mid', door, hasty(name, asked))),
      )
    },
  )

  it.each(names)(
    '%s fails or hangs before its answer, and the caller is told so in his words [M15.upstream-errors]',
    async (name) => {
      const upstream = upstreams.get(name)!
      for (const { door, talk: asked } of ways(name)) {
        const canary = upstream.wire.canaries(upstream.secret)[0]!
        upstream.mode = { status: 500, message: `broken by ${canary}` }
        const failed = await talk(at(), door, asked)
        expect([failed.status, failed.error]).toEqual([502, expect.stringContaining('broken by')])
        expect(failed.raw).not.toContain(canary)
        upstream.mode = { redirect: 'http://127.0.0.1:9/elsewhere' }
        expect((await talk(at(), door, asked)).status).toBe(502)
      }
      upstream.mode = 'hang-before'
      await Promise.all(
        ways(name).map(async ({ door, talk: asked }) => {
          expect((await talk(at(), door, hasty(name, asked))).status).toBe(504)
        }),
      )
      // It is left alone for a while after this.
      upstream.mode = { status: 429, message: 'slow down' }
      for (const status of [429, 503]) {
        const limited = await talk(at(), 'openai', { model: `${name}-hasty` })
        expect([limited.status, limited.error]).toEqual([status, expect.any(String)])
      }
    },
  )

  it.each(names)('%s is cancelled when the caller leaves [M15.upstream-abort]', async (name) => {
    const upstream = upstreams.get(name)!
    const all = ways(name)
    for (const mode of ['hang-before', 'hang-mid'] as const) {
      upstream.mode = mode
      const before = upstream.requests.length
      const left = new AbortController()
      const asked = all.map(({ door, talk: one }) =>
        talk(at(), door, { ...one, signal: left.signal }).catch(() => undefined),
      )
      for (let i = 0; i < 500 && upstream.requests.length < before + all.length; i++)
        await delay(10)
      expect(upstream.requests).toHaveLength(before + all.length)
      left.abort()
      await Promise.all(asked)
      for (let i = 0; i < 500 && upstream.cancelled < before + all.length; i++) await delay(10)
      expect(upstream.cancelled).toBe(before + all.length)
    }
  })
})
