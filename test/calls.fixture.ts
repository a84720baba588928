import type { CallRow } from '#ops'
import type { Person } from './open-house.ts'

const models = [
  ['large', 'cloud', 3_000_000],
  ['small', 'cloud', 200_000],
  ['local', 'own', null],
] as const
const useCases = ['letters', 'support', null]

/** Calls through the last 29 days as they could have been: three models, failures, streams, a model without a price. */
export function callsOfAMonth(by: Person, count: number, now = Date.now()): CallRow[] {
  return Array.from({ length: count }, (_, i) => {
    const [model, provider, price] = models[i % 7 < 3 ? 0 : i % 7 < 5 ? 1 : 2]
    const failed = i % 23 === 7
    const refused = i % 41 === 11
    const streamed = i % 2 === 0
    const totalMs = 300 + ((i * 7_919) % 2_400)
    return {
      id: `cal_${String(i).padStart(10, '0')}${String(i).padStart(16, '0')}`,
      at: new Date(now - (i * 29 * 86_400_000) / count - 60_000),
      door: 'openai.chat',
      principalId: i % 3 === 0 ? by.id : by.keyId,
      userId: by.id,
      project: 'default',
      useCase: useCases[i % 3] ?? null,
      asked: i % 5 === 0 ? 'chat' : model,
      model: failed || refused ? null : model,
      provider: failed || refused ? null : provider,
      upstreamModel: failed || refused ? null : `${model}-2026`,
      streamed,
      outcome: refused ? 'refused' : failed ? 'failed' : 'answered',
      errorCode: refused ? 'BUDGET_EXCEEDED' : failed ? 'UPSTREAM_FAILED' : null,
      fault: refused ? 'policy' : failed ? 'provider' : null,
      cache: null,
      inputTokens: refused ? 0 : 400 + ((i * 131) % 900),
      cachedTokens: 0,
      outputTokens: failed || refused ? 0 : 40 + ((i * 37) % 300),
      reasoningTokens: 0,
      estimated: false,
      costNanousd: failed || refused || price === null ? null : price + ((i * 7_001) % price),
      firstTokenMs: streamed && !failed && !refused ? totalMs / 4 : null,
      totalMs: refused ? 0 : totalMs,
      attempts: refused ? 0 : i % 5 === 0 ? 2 : 1,
      snapshotDigest: `sha256:${'5f'.repeat(32)}`,
      detail: refused
        ? { detail: 'The budget each-key of key ci has no money left for this call in this day.' }
        : failed || i % 5 === 0
          ? triesOf(model, provider, { failed, totalMs })
          : null,
    }
  })
}

function triesOf(model: string, provider: string, call: { failed: boolean; totalMs: number }) {
  const first = { model: 'reserve', provider: 'cloud', ms: Math.round(call.totalMs / 3) }
  const last = { model, provider, ms: Math.round((call.totalMs * 2) / 3) }
  const error = { code: 'UPSTREAM_FAILED', detail: 'The provider answered 500: overloaded.' }
  return {
    choices: [
      { model: 'reserve', reason: 'first of the route' },
      { model, reason: 'next of the route' },
    ],
    skipped: [{ model: 'closed', reason: 'its provider has no key' }],
    attempts: [{ ...first, ...error }, call.failed ? { ...last, ...error } : last],
  }
}
