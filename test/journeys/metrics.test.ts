import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { samplesOf } from '../metrics.fixture.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'
import { resources } from './gateway.fixture.ts'

const canary = 'canary-41c9-upstream-key'
const token = 'scrape-token-of-the-settings'
const messages = [{ role: 'user' as const, content: 'Tell nobody of the sapphire.' }]
const scripted = `
kind: Provider
name: scripted
spec: { protocol: scripted, script: { rules: [{ reply: Gladly. }] } }
---
kind: Model
name: told
spec: { provider: scripted, upstreamModel: told-1, maxOutputTokens: 300 }
---
kind: KnowledgeBase
name: notes
spec: { readers: [everyone] }
---
kind: Source
name: notes
spec: { knowledgeBase: notes, upload: {} }
---
kind: Prompt
name: plain
spec: { system: Answer briefly. }
---
kind: Route
name: told
spec: { models: [told] }
---
kind: Assistant
name: guide
spec: { knowledgeBases: [notes], route: told, prompt: plain, guardrail: default }
`

describe('metrics', () => {
  let house: OpenHouse
  let one: FakeUpstream
  let two: FakeUpstream
  beforeAll(async () => {
    one = await startFakeUpstream()
    two = await startFakeUpstream()
    house = await openHouse({
      env: {
        PLINTH_ALLOWED_PRIVATE_HOSTS: `${one.host},${two.host}`,
        PLINTH_METRICS_TOKEN: token,
      },
      secrets: { ONE_KEY: canary },
    })
    await house.apply(resources(one, two))
  })
  afterAll(async () => {
    await house?.close()
    await one?.close()
    await two?.close()
  })

  const ask = (model: string, body: object = {}) =>
    house.owner.call('POST', '/v1/chat/completions', { body: { model, messages, ...body } })
  const scraped = async (who: Person) => {
    const { status, text, headers } = await who.call('GET', '/metrics')
    expect([status, headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    const families = samplesOf(text)
    const sumOf = (name: string, labels: Record<string, string> = {}) => {
      const found = (families.get(name) ?? []).filter((metric) =>
        Object.entries(labels).every(([key, value]) => metric.labels?.[key] === value),
      )
      return found.reduce((sum, { value }) => sum + Number(value), 0)
    }
    return { text, families, sumOf }
  }

  it('count calls by door, model, outcome and whose fault, with times, tokens and cost [M9.metrics-calls]', async () => {
    for (let i = 0; i < 3; i++) expect((await ask('first')).status).toBe(200)
    expect((await ask('unpriced', { stream: true })).status).toBe(200)
    two.mode = { status: 500 }
    expect((await ask('unpriced')).status).toBe(502)
    two.mode = 'normal'
    const { text, sumOf, families } = await scraped(house.owner)
    const calls = (labels: Record<string, string>) => sumOf('plinth_calls_total', labels)
    expect(calls({ door: 'openai.chat', asked: 'first', provider: 'one' })).toBe(3)
    expect(calls({ outcome: 'answered' })).toBe(4)
    expect(calls({ outcome: 'failed', fault: 'provider', code: 'UPSTREAM_FAILED' })).toBe(1)
    expect(sumOf('plinth_call_duration_seconds_count', { model: 'first' })).toBe(3)
    expect(sumOf('plinth_call_first_token_seconds_count', { model: 'unpriced' })).toBe(1)
    expect(sumOf('plinth_call_tokens_total', { kind: 'output', model: 'first' })).toBeGreaterThan(0)
    expect(sumOf('plinth_call_cost_usd_total', { model: 'first' })).toBeGreaterThan(0)
    expect(sumOf('plinth_call_cost_usd_total', { model: 'unpriced' })).toBe(0)
    expect(sumOf('plinth_calls_unpriced_total', { model: 'unpriced' })).toBe(1)
    expect(sumOf('plinth_deployment_attempts_total', { fault: 'provider' })).toBe(1)
    expect(sumOf('plinth_deployment_breaker', { provider: 'one', state: 'closed' })).toBe(1)
    expect(sumOf('plinth_provider_up', { provider: 'two' })).toBe(1)
    for (const name of ['process_resident_memory_bytes', 'plinth_build_info']) {
      expect([name, sumOf(name) > 0]).toEqual([name, true])
    }
    expect([...families.keys()]).toEqual(
      expect.arrayContaining(['plinth_provider_queue_depth', 'plinth_calls_unbooked']),
    )
    for (const word of [canary, 'sapphire', house.owner.key, house.owner.id]) {
      expect(text).not.toContain(word)
    }
  })

  it('show how many jobs wait and run [M9.metrics-calls]', async () => {
    const { store } = house.house.foundation
    const { organizationId } = house
    const job = { id: 'job_wait', kind: 'ingest', input: '{}', created_by: 'test' }
    const run_at = new Date(Date.now() + 3_600_000)
    await store.within(organizationId, (tx) =>
      tx
        .insertInto('job')
        .values({ run_at, ...job } as never)
        .execute(),
    )
    const { sumOf } = await scraped(house.owner)
    expect(sumOf('plinth_jobs', { kind: 'ingest', state: 'queued' })).toBe(1)
  })

  it('show an organization its own calls only [M9.metrics-tenants]', async () => {
    expect((await ask('first')).status).toBe(200)
    const stranger = await house.stranger('Elsewhere')
    const { text, families } = await scraped(stranger)
    expect(families.has('process_cpu_seconds_total')).toBe(true)
    for (const name of ['plinth_calls_total', 'plinth_deployment_in_flight', 'plinth_jobs']) {
      expect([name, families.has(name)]).toEqual([name, false])
    }
    expect(text).not.toMatch(/first|unpriced|m-1/)
  })

  it('are read with metrics.read or the token of the settings, by nobody else [M9.metrics-access]', async () => {
    const member = await house.person('member', { roles: ['member'] })
    expect((await member.call('GET', '/metrics')).status).toBe(403)
    const bearing = (bearer?: string) =>
      fetch(
        `${house.url}/metrics`,
        bearer ? { headers: { authorization: `Bearer ${bearer}` } } : {},
      )
    expect((await bearing()).status).toBe(401)
    expect((await bearing(`${token}x`)).status).toBe(401)
    const { status } = await bearing(token)
    expect(status).toBe(200)
    const elsewhere = await fetch(`${house.url}/api/v1/calls`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(elsewhere.status).toBe(401)
    const withoutToken = await openHouse()
    const empty = await fetch(`${withoutToken.url}/metrics`, {
      headers: { authorization: 'Bearer ' },
    })
    expect(empty.status).toBe(401)
    await withoutToken.close()
  })

  it('have beside them spans with the names of OpenTelemetry [M9.gen-ai-spans]', async () => {
    await house.apply(scripted)
    await house.upload('notes', 'lift.md', 'The goods lift takes 1,200 kilograms.')
    const question = { question: 'How many kilograms does the goods lift take?', stream: false }
    const reply = await house.owner.call('POST', '/api/v1/ask', { body: question })
    expect([reply.status, reply.text]).toEqual([200, expect.any(String)])
    const { body } = await house.owner.call('GET', `/api/v1/traces/${reply.body.traceId}`)
    const span = body.spans.find(({ name }: { name: string }) => name === 'execute')
    expect(span.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'scripted',
      'gen_ai.request.model': 'told-1',
      'gen_ai.request.max_tokens': expect.any(Number),
      'gen_ai.response.model': 'told-1',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.output_tokens': expect.any(Number),
    })
  })
})
