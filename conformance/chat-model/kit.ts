import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatModel, ChatPart, ChatRequest } from '../../src/ports/index.ts'
import { type FakeUpstream, startFakeUpstream, type UpstreamMode } from './fake-upstream.ts'

export interface KitOptions {
  /** Opens the adapter on the upstream with a secret key; time-outs in milliseconds. */
  open(upstream: FakeUpstream, options: { apiKey: string; timeouts: KitTimeouts }): ChatModel
  /** Modes that the protocol does not have. */
  without?: readonly UpstreamMode[]
}

export interface KitTimeouts {
  totalMs: number
  firstTokenMs: number
  idleMs: number
}

const apiKey = 'sk-very-secret-0123456789'
const request: ChatRequest = {
  model: 'm-1',
  temperature: 0,
  maxOutputTokens: 99,
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'How long is the notice period?' },
  ],
}

/** What every chat model that speaks to an endpoint must do, proven on a local server that misbehaves on demand. */
export function chatModelKit(name: string, kit: KitOptions): void {
  describe(`chat-model kit: ${name}`, () => {
    let upstream: FakeUpstream
    beforeAll(async () => {
      upstream = await startFakeUpstream()
    })
    afterAll(() => upstream.close())

    const run = async (mode: UpstreamMode, signal = new AbortController().signal) => {
      upstream.mode = mode
      const model = kit.open(upstream, { apiKey, timeouts: timeoutsFor(mode) })
      const parts: ChatPart[] = []
      let error: (Error & { code?: string; remedy?: string }) | undefined
      try {
        for await (const part of model.stream(request, signal)) parts.push(part)
      } catch (thrown) {
        error = thrown as Error
      }
      const told = JSON.stringify([error?.message, error?.remedy, error?.stack])
      expect(told, 'no secret in an error').not.toContain(apiKey)
      return { parts, error, text: textOf(parts) }
    }

    it('streams text, usage and one finish [M15.chat-stream]', async () => {
      const { parts, text, error } = await run('normal')
      expect(error).toBeUndefined()
      expect(text).toBe(upstream.words.join(''))
      expect(parts.filter((part) => part.type === 'finish')).toEqual([
        { type: 'finish', reason: 'stop' },
      ])
      expect(parts.at(-1)!.type).toBe('finish')
      expect(parts).toContainEqual({
        type: 'usage',
        inputTokens: 11,
        outputTokens: upstream.words.length,
      })
    })

    it('waits for a slow answer that keeps coming [M36.timeouts]', async () => {
      upstream.words = Array.from({ length: 50 }, (_, i) => `word${i} `)
      const { text, error } = await run('slow')
      expect([error, text]).toEqual([undefined, upstream.words.join('')])
    })

    const faults: [UpstreamMode, string, RegExp][] = [
      ['hang-before-first', 'UPSTREAM_TIMEOUT', /within 150 ms|no token/],
      ['hang-with-comments', 'UPSTREAM_TIMEOUT', /no token within 150 ms/],
      ['hang-mid', 'UPSTREAM_TIMEOUT', /fell silent/],
      ['cut', 'UPSTREAM_FAILED', /./],
      ['no-end-marker', 'UPSTREAM_FAILED', /broke off in the middle/],
      ['garbage', 'UPSTREAM_FAILED', /./],
      ['garbage-json', 'UPSTREAM_FAILED', /./],
      ['flood', 'UPSTREAM_FAILED', /more than 200000 characters/],
      ['error-mid', 'UPSTREAM_FAILED', /overloaded/],
      [{ status: 401, message: `Incorrect API key provided: ${apiKey}` }, 'UPSTREAM_FAILED', /401/],
      [{ status: 403 }, 'UPSTREAM_FAILED', /403/],
      [{ status: 404, message: 'model not found' }, 'UPSTREAM_FAILED', /model not found/],
      [{ status: 429, headers: { 'retry-after': '7' } }, 'TOO_MANY_REQUESTS', /429/],
      [{ status: 500 }, 'UPSTREAM_FAILED', /500/],
      [{ status: 302, headers: { location: 'http://169.254.169.254/' } }, 'UPSTREAM_FAILED', /302/],
    ]
    for (const [mode, code, message] of faults) {
      const label = typeof mode === 'object' ? `status ${mode.status}` : mode
      it(`reports "${label}" as ${code} and never as a whole answer [M15.chat-faults]`, async () => {
        const before = upstream.cancelled
        const { error, parts } = await run(mode)
        expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
        expect(parts.some((part) => part.type === 'finish')).toBe(false)
        if (typeof mode === 'object' && mode.status === 429) expect(error!.remedy).toContain('7 s')
        if (typeof mode === 'object' && mode.status === 401) expect(error!.remedy).toMatch(/key/)
        const hangs = ['hang-before-first', 'hang-with-comments', 'hang-mid', 'flood'].includes(
          label,
        )
        if (hangs) await until(() => upstream.cancelled > before)
      })
    }

    it('cancels the upstream when its caller stops or leaves [M15.chat-cancel]', async () => {
      const before = upstream.cancelled
      const stop = new AbortController()
      setTimeout(() => stop.abort(), 40)
      expect((await run('slow', stop.signal)).error).toMatchObject({ code: 'CANCELLED' })
      await until(() => upstream.cancelled === before + 1)
      upstream.mode = 'slow'
      const model = kit.open(upstream, {
        apiKey,
        timeouts: timeoutsFor('slow'),
      })
      for await (const part of model.stream(request, new AbortController().signal))
        if (part.type === 'text') break
      await until(() => upstream.cancelled === before + 2)
      expect((await run('normal', AbortSignal.abort())).error).toMatchObject({ code: 'CANCELLED' })
    })
  })
}

/** Short only where the upstream hangs; "slow" takes longer than its longest pause, all in all. */
function timeoutsFor(mode: UpstreamMode): KitTimeouts {
  if (mode === 'slow') return { totalMs: 60_000, firstTokenMs: 60_000, idleMs: 1_000 }
  const ms = typeof mode === 'string' && mode.startsWith('hang') ? 150 : 60_000
  return { totalMs: 60_000, firstTokenMs: mode === 'hang-mid' ? 60_000 : ms, idleMs: ms }
}

function textOf(parts: readonly ChatPart[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 6_000 && !met(); i++) await new Promise((done) => setTimeout(done, 10))
  expect(met()).toBe(true)
}
