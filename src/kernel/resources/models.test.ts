import { describe, expect, it } from 'vitest'
import { digestOf, modelSpec, providerSpec, routeSpec } from '../index.ts'

const refused = (
  schema: { safeParse(value: unknown): { success: boolean; error?: { message: string } } },
  value: unknown,
) => {
  const { success, error } = schema.safeParse(value)
  return success ? '' : (error?.message ?? '')
}

describe('Provider, Model and Route', () => {
  it('keep the digest of what was stored before, and its defaults [M6.route-resources]', () => {
    const provider = providerSpec.parse({ protocol: 'openai', baseUrl: 'https://x.test/v1' })
    const model = modelSpec.parse({
      provider: 'p',
      upstreamModel: 'm',
      price: { input: 1, output: 2 },
    })
    const route = routeSpec.parse({ models: ['a', 'b@production'] })
    // Written down when these were the only keys: what is stored and pinned by digest must not move.
    expect(provider).toEqual({
      protocol: 'openai',
      baseUrl: 'https://x.test/v1',
      headers: {},
      timeouts: { totalMs: 120_000, firstTokenMs: 30_000, idleMs: 20_000 },
    })
    expect(model).toEqual({
      provider: 'p',
      upstreamModel: 'm',
      contextTokens: 8_192,
      maxOutputTokens: 1_024,
      price: { input: 1, output: 2 },
    })
    expect(digestOf(route)).toBe(digestOf({ description: '', models: ['a', 'b@production'] }))
  })

  it('refuse what makes no sense [M6.route-resources]', () => {
    const openai = { protocol: 'openai', baseUrl: 'https://x.test/v1' }
    for (const origin of ['http://10.0.0.5:8000', 'https://llm.internal', 'http://[fd00::1]:80']) {
      const ok = origin !== 'http://[fd00::1]:80'
      expect(refused(providerSpec, { ...openai, allowPrivate: [origin] }) === '').toBe(ok)
    }
    for (const origin of ['http://10.0.0.5:8000/', 'http://10.0.0.5/v1', '10.0.0.5', 'ftp://a']) {
      expect(refused(providerSpec, { ...openai, allowPrivate: [origin] })).not.toBe('')
    }
    expect(refused(providerSpec, { protocol: 'openai' })).toContain('baseUrl')
    expect(refused(routeSpec, {})).toContain('exactly one of')
    expect(refused(routeSpec, { models: ['a'], candidates: [{ model: 'a' }] })).toContain('exactly')
    expect(refused(routeSpec, { models: ['a'], strategy: 'objective' })).toContain('go together')
    expect(refused(routeSpec, { models: ['a'], objective: { ttftMs: 1 } })).toContain('go together')
    expect(refused(routeSpec, { models: ['a'], strategy: 'objective', objective: {} })).not.toBe('')
    const hours = { from: '08:00', to: '18:00' }
    const timed = (more: object) => ({
      candidates: [{ model: 'a', when: { hours: { ...hours, ...more } } }],
    })
    expect(refused(routeSpec, timed({ zone: 'Europe/Berlin', days: ['mon'] }))).toBe('')
    expect(refused(routeSpec, timed({ zone: 'Atlantis/Capital' }))).toContain('time zone')
    expect(refused(routeSpec, timed({ from: '25:00' }))).toContain('time of day')
    expect(refused(modelSpec, { provider: 'p', upstreamModel: 'm', regions: ['EU'] })).toContain(
      'region',
    )
    expect(
      refused(modelSpec, { provider: 'p', upstreamModel: 'm', prices: [{ input: 1 }] }),
    ).not.toBe('')
  })
})
