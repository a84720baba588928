import type { Reservation } from '#governance'
import { PlinthError } from '#kernel'
import {
  type Choice,
  type Ended,
  type ForwardRecord,
  type KeptAnswer,
  meaningOf,
  placeReason,
} from '#models'
import type { CallRow } from '#ops'
import type { Snapshot } from '#store'
import type { ReadyModel } from './compiled.ts'
import type { GatewayCall } from './forward-call.ts'
import type { GatewayHouse } from './house.ts'
import { costOfAnswer, gpuTimeOf } from './prices.ts'

/** A call under way, as it is accounted for. */
export interface Account {
  id: string
  call: GatewayCall
  model: ReadyModel
  snapshot: Snapshot
  house: GatewayHouse
  /** `performance.now()` when it came. */
  began: number
  choice?: Choice
  findings?: number
  /** What the cache said; absent where the Route or Model has none. */
  cache?: CacheNote
}

export interface CacheNote {
  verdict: 'hit' | 'miss' | 'bypass'
  reason: string
  /** Why the answer is not given to others. */
  notKept?: string
}

/** Books what a call did cost, in the same tick in which its row is noted: both are stored together. */
export function settle(account: Account, reserved: Reservation, record: ForwardRecord): void {
  const { seen, answered } = record
  const { house, call } = account
  const at = house.clock.now().getTime()
  const gpuMs = gpuTimeOf(answered, record.totalMs, at)
  const cost = costOfAnswer(answered, { seen, gpuMs }, at)
  reserved.settle({
    nanousd: cost ?? 0,
    tokens: seen.inputTokens + seen.outputTokens,
    requests: 1,
  })
  house.usage.note(call.organizationId, {
    ...rowOf(account),
    model: answered?.name ?? null,
    provider: answered?.provider.name ?? null,
    upstreamModel: answered?.model.spec.upstreamModel ?? null,
    outcome: outcomeOf(record),
    errorCode: record.error?.code ?? null,
    fault: meaningOf(record.outcome).fault,
    inputTokens: seen.inputTokens,
    cachedTokens: seen.cachedTokens,
    outputTokens: seen.outputTokens,
    reasoningTokens: seen.reasoningTokens,
    estimated: !seen.counted,
    costNanousd: cost,
    firstTokenMs: record.firstTokenMs ?? null,
    totalMs: record.totalMs,
    attempts: record.attempts.length,
    detail: withGpuTime(detailOf(account, record), gpuMs),
  })
}

/** What a later price is computed from. */
function withGpuTime(detail: CallRow['detail'], gpuMs: number | undefined): CallRow['detail'] {
  return gpuMs === undefined ? detail : { ...detail, gpuMs }
}

/** An answer that cost nothing: it was kept, or another call's. `kept`: what it saved, where it was given whole. */
export function noteGiven(account: Account, ended: Ended, kept: KeptAnswer | undefined): void {
  const { error, begun } = ended
  const cancelled = error?.code === 'CANCELLED'
  const failed = cancelled ? ('cancelled' as const) : begun ? ('cut' as const) : ('failed' as const)
  const totalMs = performance.now() - account.began
  account.house.usage.note(account.call.organizationId, {
    ...rowOf(account),
    ...(kept
      ? { model: kept.name, provider: kept.provider, upstreamModel: kept.upstreamModel }
      : {}),
    outcome: error ? failed : 'answered',
    errorCode: error?.code ?? null,
    fault: error && !cancelled ? 'provider' : null,
    costNanousd: 0,
    firstTokenMs: begun ? totalMs : null,
    totalMs,
    detail: { cache: account.cache },
    ...(kept && !error ? { savedNanousd: kept.costNanousd, savedTokens: kept.tokens } : {}),
  })
}

/** A call that was not let through by a rule. */
export function noteRefused(account: Account, error: unknown): void {
  if (!(error instanceof PlinthError) || error.code === 'UNAVAILABLE') return
  account.house.usage.note(account.call.organizationId, {
    ...rowOf(account),
    errorCode: error.code,
    fault: error.code === 'INVALID_INPUT' ? 'caller' : 'policy',
    detail: { detail: error.message },
  })
}

function rowOf({ id, call, model, snapshot, house, cache }: Account): CallRow {
  return {
    id,
    at: house.clock.now(),
    door: call.door,
    principalId: call.principal.id,
    userId: call.principal.userId,
    project: model.project,
    useCase: call.labels.useCase ?? null,
    asked: model.name,
    model: null,
    provider: null,
    upstreamModel: null,
    streamed: call.stream,
    outcome: 'refused',
    errorCode: null,
    fault: null,
    cache: cache?.verdict ?? null,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    estimated: false,
    costNanousd: null,
    firstTokenMs: null,
    totalMs: 0,
    attempts: 0,
    snapshotDigest: snapshot.digest,
    detail: null,
  }
}

function outcomeOf({ outcome, begun }: ForwardRecord): CallRow['outcome'] {
  if (outcome === 'ok') return 'answered'
  if (outcome === 'cancelled') return 'cancelled'
  return begun ? 'cut' : 'failed'
}

/** Why this model, why not the others, and what was tried; nothing where there was nothing to decide. */
function detailOf({ choice, findings, cache }: Account, record: ForwardRecord): CallRow['detail'] {
  if (!choice) return null
  const plain = choice.order.length === 1 && choice.rejected.length === 0
  if (plain && record.attempts.length === 1 && record.outcome === 'ok' && !findings && !cache)
    return null
  return {
    ...(cache ? { cache } : {}),
    ...(findings === undefined ? {} : { findings }),
    choices: choice.order.map(({ name }, i) => ({ model: name, reason: placeReason(choice, i) })),
    skipped: choice.rejected.map(({ model, reason }) => ({ model, reason })),
    attempts: record.attempts.map(({ candidate, reason, ms, outcome, error }) => ({
      model: candidate.name,
      provider: candidate.provider.name,
      reason,
      ms: Math.round(ms),
      outcome,
      ...(error ? { code: error.code, detail: error.message } : {}),
    })),
  }
}
