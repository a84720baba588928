import type { FakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'

/** Every failure here is meant: no breaker opens, and nothing is tried twice. */
export const patience = 'breaker: { failures: 10000 }, retry: { max: 0 }'

/** Two endpoints of one protocol, one of another, and routes over them. `ONE_KEY` is the first one's key. */
export const resources = (one: FakeUpstream, two: FakeUpstream) => `
kind: Provider
name: one
spec:
  { protocol: openai, baseUrl: "${one.url}/v1", apiKey: { env: ONE_KEY },
    timeouts: { totalMs: 4000, firstTokenMs: 1500, idleMs: 300 }, ${patience} }
---
kind: Provider
name: two
spec: { protocol: openai, baseUrl: "${two.url}/v1", timeouts: { totalMs: 4000, firstTokenMs: 300, idleMs: 300 }, ${patience} }
---
kind: Model
name: first
spec: { provider: one, upstreamModel: m-1, maxOutputTokens: 100, price: { input: 1, output: 2 } }
---
kind: Model
name: second
spec: { provider: two, upstreamModel: m-2, maxOutputTokens: 100, price: { input: 3, output: 4 } }
---
kind: Provider
name: other
spec: { protocol: anthropic, baseUrl: "${two.url}", timeouts: { totalMs: 4000, firstTokenMs: 1500, idleMs: 300 }, ${patience} }
---
kind: Model
name: foreign
spec: { provider: other, upstreamModel: c-1, maxOutputTokens: 100, price: { input: 1, output: 2 } }
---
kind: Route
name: mixed
spec: { models: [first, foreign] }
---
kind: Provider
name: patient
spec: { protocol: openai, baseUrl: "${one.url}/v1", ${patience} }
---
kind: Model
name: patient
spec: { provider: patient, upstreamModel: m-4, price: { input: 1, output: 2 } }
---
kind: Model
name: unpriced
spec: { provider: two, upstreamModel: m-3 }
---
kind: Route
name: both
spec: { models: [first, second] }
---
kind: Guardrail
name: default
spec: { personalData: { input: allow, output: allow } }
`
