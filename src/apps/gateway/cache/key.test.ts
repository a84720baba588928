import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Permission, Principal } from '#kernel'
import type { Dialect } from '#ports'
import type { GatewayCall } from '../forward-call.ts'
import { askedOf } from './key.ts'

const principal = (over: Partial<Principal> = {}): Principal => ({
  kind: 'service',
  id: 'key_1',
  userId: 'usr_1',
  name: 'CI',
  readerTokens: ['everyone', 'user:usr_1'],
  permissions: new Set<Permission>(['models.use', 'answers.ask']),
  ...over,
})

const request = {
  model: 'm',
  messages: [{ role: 'user', content: 'Hello' }],
  temperature: 0.2,
  seed: 3,
  stop: ['x'],
  metadata: { a: '1', b: '2' },
}

const callOf = (parsed: object, over: Partial<GatewayCall> = {}): GatewayCall => ({
  organizationId: 'org_1',
  principal: principal(),
  requestId: 'req_1',
  door: 'openai.chat',
  dialect: { id: 'openai-chat' } as Dialect,
  body: Buffer.from(JSON.stringify(parsed)),
  parsed: JSON.parse(JSON.stringify(parsed)),
  stream: false,
  labels: {},
  headers: {},
  generation: 0,
  ...over,
})

const at = {
  version: 'sha256:1',
  personal: false,
  project: 'default',
  name: 'm',
  masked: undefined,
}
const keyOf = (call: GatewayCall, over: Partial<typeof at> = {}) => {
  const asked = askedOf(call, { ...at, ...over })
  return 'bypass' in asked ? `bypass: ${asked.bypass}` : asked.key
}
const usual = keyOf(callOf(request))

describe('the key of an answer that is kept', () => {
  it('does not depend on the order of members, and differs with every value [M15.cache-key]', () => {
    const shuffled = (value: unknown, seed: number): unknown => {
      if (Array.isArray(value)) return value.map((one) => shuffled(one, seed))
      if (typeof value !== 'object' || value === null) return value
      const members = Object.entries(value).map(([name, one]) => [name, shuffled(one, seed)])
      const turn = seed % Math.max(1, members.length)
      return Object.fromEntries([...members.slice(turn), ...members.slice(0, turn)].reverse())
    }
    const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)))
    const fields = fc.dictionary(fc.constantFrom('temperature', 'seed', 'stop', 'user', 'x'), json)
    fc.assert(
      fc.property(fields, fields, fc.nat(9), (one, other, turn) => {
        const [a, b] = [
          { ...request, ...one },
          { ...request, ...other },
        ]
        const key = keyOf(callOf(a))
        expect(keyOf(callOf(shuffled(a, turn) as object))).toBe(key)
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        if (!key.startsWith('bypass') && !same) expect(keyOf(callOf(b))).not.toBe(key)
      }),
      { seed: 11, numRuns: 500 },
    )
  })

  it('differs with organization, project, version, rights, dialect, labels and headers [M27.cache-key]', () => {
    const others: GatewayCall[] = [
      callOf(request, { organizationId: 'org_2' }),
      callOf(request, { dialect: { id: 'anthropic' } as Dialect }),
      callOf(request, { labels: { dataClasses: ['confidential'] } }),
      callOf(request, { labels: { regions: ['eu'] } }),
      callOf(request, { labels: { useCase: 'claims' } }),
      callOf(request, { headers: { 'openai-beta': 'x' } }),
      callOf(request, { principal: principal({ permissions: new Set(['models.use']) }) }),
      callOf(request, { principal: principal({ scopes: new Set(['models.use']) }) }),
      callOf(request, {
        principal: principal({
          projectPermissions: new Map([['p', new Set(['models.use'] as const)]]),
        }),
      }),
      callOf(request, { principal: principal({ readerTokens: ['everyone', 'group:hr'] }) }),
    ]
    const keys = [
      usual,
      ...others.map((call) => keyOf(call)),
      keyOf(callOf(request), { version: 'sha256:2' }),
      keyOf(callOf(request), { project: 'other' }),
      keyOf(callOf(request), { name: 'other' }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    const sameRights = principal({ id: 'key_2', userId: 'usr_2', readerTokens: ['user:usr_2'] })
    expect(keyOf(callOf(request, { principal: sameRights }))).toBe(usual)
    expect(keyOf(callOf(request, { labels: { conversation: 'c' } }))).toBe(usual)
    // Where the Route decides by who asks, nobody else is given what it gave.
    const one = keyOf(callOf(request), { personal: true })
    expect(keyOf(callOf(request, { principal: sameRights }), { personal: true })).not.toBe(one)
    expect(keyOf(callOf({ ...request }), { personal: true })).toBe(one)
  })

  it('is none for what acts, or cannot be told apart [M15.cache-bypass]', () => {
    const reason = (extra: object, over: Partial<GatewayCall> = {}) =>
      keyOf(callOf({ ...request, ...extra }, over))
    expect(reason({ tools: [{ type: 'function', function: { name: 'f' } }] })).toBe('bypass: tools')
    expect(reason({ functions: [{ name: 'f' }] })).toBe('bypass: tools')
    expect(reason({ tools: [] })).not.toContain('bypass')
    expect(reason({ web_search_options: {} })).toBe('bypass: tools')
    expect(reason({ store: true })).toBe('bypass: stored-upstream')
    expect(reason({ n: 2 })).toBe('bypass: several-answers')
    expect(reason({}, { cacheControl: 'max-age=3, No-Store' })).toBe('bypass: no-store')
    expect(reason({}, { headers: { 'idempotency-key': 'k' } })).toBe('bypass: idempotency-key')
    expect(reason({}, { dialect: { id: 'openai-responses' } as Dialect })).toBe('bypass: protocol')
    expect(reason({ x: 'y'.repeat(1_100_000) })).toBe('bypass: too-large')
    const body = Buffer.from('{"seed":9007199254740993}')
    expect(reason({}, { body })).toBe('bypass: long-number')
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .map(([name, one]) => [name, sorted(one)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}
