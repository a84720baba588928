import {
  denialOf,
  deniedEvent,
  forbidden,
  type Reservation,
  type Spender,
  subjectRules,
} from '#governance'
import { newId, PlinthError, type Principal } from '#kernel'
import { Forwarding, type ForwardRecord, type ForwardSink } from '#models'
import type { CallRow } from '#ops'
import type { Dialect } from '#ports'
import type { Snapshot } from '#store'
import { attemptOf } from './attempts.ts'
import { budgetsOf, type ReadyModel } from './compiled.ts'
import type { GatewayHouse } from './house.ts'
import { isOpen, type MaskedCall, maskCall } from './masking.ts'
import { costOfAnswer, estimateOf, requirePrices } from './prices.ts'

/** A call of a model as it came through a door, not yet checked. */
export interface GatewayCall {
  organizationId: string
  principal: Principal
  requestId: string
  door: string
  /** What the caller speaks. */
  dialect: Dialect
  body: Buffer
  /** What JSON.parse read of `body`. */
  parsed: Readonly<Record<string, unknown>>
  stream: boolean
  useCase?: string
}

/** A call that may be made: what it may cost is reserved. */
export interface Admitted {
  id: string
  /** Starts it. How it ended is recorded by itself; the promise never rejects. */
  forward(sink: ForwardSink): Forwarding
  /** The caller left before it was started. */
  release(): void
}

/**
 * One call of a model: authorize, mask, route, reserve, execute, settle, record. Nothing is read from the
 * database where rights, resources and leases at hand are fresh. @throws FORBIDDEN, UNAVAILABLE, BUDGET_EXCEEDED,
 * TOO_MANY_REQUESTS; each is recorded.
 */
export async function admit(
  call: GatewayCall,
  at: { model: ReadyModel; snapshot: Snapshot },
  house: GatewayHouse,
): Promise<Admitted> {
  const { model, snapshot } = at
  const id = newId('cal')
  await authorize(call, model, house)
  try {
    const masked = await maskedCall(call, model)
    if (model.choices.length === 0) throw noneUsable(model)
    const reservation = reserve(call, at, house)
    const reserved = reservation instanceof Promise ? await reservation : reservation
    const run: Run = { id, call, model, snapshot, reserved, house, ...(masked ? { masked } : {}) }
    return { id, forward: (sink) => execute(run, sink), release: () => reserved.release() }
  } catch (error) {
    noteRefused({ id, call, model, snapshot, house }, error)
    throw error
  }
}

async function authorize(call: GatewayCall, model: ReadyModel, house: GatewayHouse): Promise<void> {
  const { principal, organizationId, requestId } = call
  const resource = { kind: 'Model' as const, name: model.name, project: model.project }
  const denial = denialOf(principal, { permission: 'models.use', resource })
  if (!denial) return
  const target = { kind: 'model', id: model.name }
  await house.store.within(organizationId, (tx) =>
    house.appendAudit(tx, [deniedEvent(denial, { principal, requestId, target })]),
  )
  throw forbidden(denial)
}

/** @throws INVALID_INPUT for a body that is not of its dialect. */
async function maskedCall(call: GatewayCall, model: ReadyModel): Promise<MaskedCall | undefined> {
  if (isOpen(model.guardrail)) return undefined
  const read = call.dialect.readRequest(call.parsed)
  return maskCall(read, { rules: model.guardrail, principal: call.principal })
}

function reserve(
  call: GatewayCall,
  { model, snapshot }: { model: ReadyModel; snapshot: Snapshot },
  house: GatewayHouse,
): Reservation | Promise<Reservation> {
  house.usage.requireRoom()
  const spender = spenderOf(call, model)
  const rules = subjectRules(budgetsOf(snapshot), spender)
  const at = house.clock.now().getTime()
  requirePrices(model, rules, at)
  const { max_completion_tokens: most, max_tokens: older, n } = call.parsed
  const maxTokens = whole(most) ?? whole(older)
  const asked = { bytes: call.body.length, maxTokens, answers: whole(n) ?? 1 }
  const estimate = estimateOf(model, asked, at)
  return house.ledger.reserve(call.organizationId, { rules, spender, estimate })
}

function spenderOf({ principal, useCase }: GatewayCall, model: ReadyModel): Spender {
  return {
    project: model.project,
    userId: principal.userId,
    model: model.name,
    ...(principal.kind === 'service' ? { keyId: principal.id } : {}),
    ...(useCase === undefined ? {} : { useCase }),
  }
}

interface Run {
  id: string
  call: GatewayCall
  model: ReadyModel
  snapshot: Snapshot
  reserved: Reservation
  house: GatewayHouse
  masked?: MaskedCall
}

function execute(run: Run, sink: ForwardSink): Forwarding {
  const { id, call, model, house, masked } = run
  const usageWanted = asksForUsage(call.parsed)
  const asked = { ...call, id, usageWanted, model, ...(masked ? { masked } : {}) }
  const forwarding = new Forwarding(
    {
      choices: model.choices,
      stream: call.stream,
      usageWanted,
      outbound: house.outbound,
      protocol: house.passThrough[call.dialect.id]!,
      prepare: (choice) => attemptOf(asked, choice),
      errorOf: (choice, answer) => {
        const { dialect, endpoint } = model.ready.get(choice)!
        return house.errorOf(dialect, choice, { ...answer, secrets: endpoint.secrets })
      },
    },
    sink,
  )
  forwarding.done.then((record) => settle(run, record))
  return forwarding
}

function asksForUsage({ stream_options: options }: GatewayCall['parsed']): boolean {
  return (options as { include_usage?: unknown } | null | undefined)?.include_usage === true
}

/** Books what the call did cost, in the same tick in which its row is noted: both are stored together. */
function settle(run: Run, record: ForwardRecord): void {
  const { seen, answered } = record
  const cost = costOfAnswer(answered, seen, run.house.clock.now().getTime())
  run.reserved.settle({
    nanousd: cost ?? 0,
    tokens: seen.inputTokens + seen.outputTokens,
    requests: 1,
  })
  run.house.usage.note(run.call.organizationId, {
    ...rowOf(run),
    model: answered?.model.name ?? null,
    provider: answered?.provider.name ?? null,
    upstreamModel: answered?.model.spec.upstreamModel ?? null,
    outcome: outcomeOf(record),
    errorCode: record.error?.code ?? null,
    fault: faultOf(record.error),
    inputTokens: seen.inputTokens,
    cachedTokens: seen.cachedTokens,
    outputTokens: seen.outputTokens,
    reasoningTokens: seen.reasoningTokens,
    estimated: !seen.counted,
    costNanousd: cost,
    firstTokenMs: record.firstTokenMs ?? null,
    totalMs: record.totalMs,
    attempts: record.attempts.length,
    detail: detailOf(run, record),
  })
}

function rowOf({ id, call, model, snapshot, house }: Omit<Run, 'reserved'>): CallRow {
  return {
    id,
    at: house.clock.now(),
    door: call.door,
    principalId: call.principal.id,
    userId: call.principal.userId,
    project: model.project,
    useCase: call.useCase ?? null,
    asked: model.name,
    model: null,
    provider: null,
    upstreamModel: null,
    streamed: call.stream,
    outcome: 'refused',
    errorCode: null,
    fault: null,
    cache: null,
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

function noteRefused(run: Omit<Run, 'reserved'>, error: unknown): void {
  if (!(error instanceof PlinthError) || error.code === 'UNAVAILABLE') return
  run.house.usage.note(run.call.organizationId, {
    ...rowOf(run),
    errorCode: error.code,
    fault: 'policy',
    detail: { detail: error.message },
  })
}

function outcomeOf({ error, begun }: ForwardRecord): CallRow['outcome'] {
  if (!error) return 'answered'
  if (error.code === 'CANCELLED') return 'cancelled'
  return begun ? 'cut' : 'failed'
}

const callers: ReadonlySet<string> = new Set(['CANCELLED', 'INVALID_INPUT', 'UNSUPPORTED'])

function faultOf(error: PlinthError | undefined): CallRow['fault'] {
  if (!error) return null
  if (callers.has(error.code)) return 'caller'
  return error.code.startsWith('UPSTREAM_') || error.code === 'TOO_MANY_REQUESTS'
    ? 'provider'
    : 'plinth'
}

/** Tries that failed, and who was there to choose from; nothing where the only one answered. */
function detailOf({ model, masked }: Run, { attempts }: ForwardRecord): CallRow['detail'] {
  const failed = attempts.filter(({ error }) => error)
  const findings = masked?.findings ?? 0
  if (failed.length === 0 && model.choices.length === 1 && findings === 0) return null
  return {
    ...(masked ? { findings } : {}),
    choices: model.choices.map(({ model: { name }, reason }) => ({ model: name, reason })),
    skipped: model.skipped,
    attempts: attempts.map(({ choice, ms, error }) => ({
      model: choice.model.name,
      provider: choice.provider.name,
      ms: Math.round(ms),
      ...(error ? { code: error.code, detail: error.message } : {}),
    })),
  }
}

function noneUsable(model: ReadyModel): PlinthError {
  const why = model.skipped[0]?.reason
  return new PlinthError('UNAVAILABLE', {
    detail: `${model.name} cannot be called${why ? `: ${why}` : ''}.`,
    where: 'model',
    remedy: 'Mend that, or name another model.',
  })
}

function whole(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined
}
