import { actorOf, appendAudit, deniedEvent, forbidden } from '#governance'
import { type RequestContext, Trace, toPlinthError } from '#kernel'
import { type CallRecord, callModel } from '#models'
import { writeTrace } from '#ops'
import type { ChatMessage, ChatPart } from '#ports'
import type { AnswerHouse } from '../answer/house.ts'
import { maskFault } from '../answer/masking.ts'
import { type ChosenModel, chooseModel } from './choosing.ts'
import { type Curtain, drawCurtain } from './curtain.ts'

/** A direct call of a model, without documents. */
export interface CompletionRequest {
  /** A Model resource: `name`, `name@label`, `name@sha256:…`. */
  model: string
  messages: readonly ChatMessage[]
  temperature?: number
  maxOutputTokens?: number
  stop?: readonly string[]
}

/** What became of a direct call. */
export interface Completed {
  model: string
  finish: Extract<ChatPart, { type: 'finish' }>['reason']
  usage: { inputTokens: number; outputTokens: number; costUsd: number | null }
  traceId: string
  auditSeq: number
}

interface Run {
  request: CompletionRequest
  context: RequestContext
  house: AnswerHouse
  trace: Trace
}

/**
 * Calls one model under the same rules as a question: the permission `models.use`, personal data replaced on the way
 * out and put back (or masked) on the way in, the audit event before text leaves, a trace afterwards. Yields text.
 * @throws FORBIDDEN, NOT_FOUND, INVALID_INPUT (a prompt that does not fit), UNSUPPORTED (a model that only quotes
 * documents), UPSTREAM_…, CANCELLED; each is recorded.
 */
export async function* complete(
  request: CompletionRequest,
  context: RequestContext,
  house: AnswerHouse,
): AsyncGenerator<string, Completed> {
  const run: Run = { request, context, house, trace: new Trace(house.clock.now()) }
  await authorize(run)
  const snapshot = await house.snapshots.get(context.organizationId)
  const chosen = chooseModel(request, {
    snapshot,
    router: house.models.router,
    context,
    now: house.clock.now().getTime(),
  })
  const curtain = await run.trace.step('mask', (span) =>
    drawCurtain(request.messages, { snapshot, principal: context.principal, span }),
  )
  const auditSeq = await announce(run, chosen, curtain)
  const call = callModel(
    chosen.choice,
    {
      messages: curtain.messages,
      ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
      ...(request.maxOutputTokens === undefined
        ? {}
        : { maxOutputTokens: request.maxOutputTokens }),
      ...(request.stop ? { stop: request.stop } : {}),
    },
    { ...house.models, signal: context.signal },
  )
  const ending: Ending = {
    chosen,
    curtain,
    auditSeq,
    record: call.record,
    snapshotDigest: snapshot.digest,
  }
  const span = run.trace.start('execute')
  let outcome: Outcome = 'cancelled'
  try {
    for await (const part of call.parts) {
      if (part.type !== 'text') continue
      const text = await curtain.push(part.text)
      if (text !== '') yield text
    }
    const rest = await curtain.flush()
    if (rest !== '') yield rest
    outcome = 'answered'
  } catch (thrown) {
    const error = toPlinthError(thrown)
    if (error.code !== 'CANCELLED') outcome = 'failed'
    span.attributes.error = error.code
    throw error
  } finally {
    run.trace.end(span, {
      model: chosen.name,
      firstTokenMs: Math.round(call.record.firstTokenMs ?? 0),
    })
    await record(run, { ...ending, outcome })
  }
  const { inputTokens, outputTokens, costUsd = null, finish = 'other' } = call.record
  const usage = { inputTokens, outputTokens, costUsd }
  return { model: chosen.name, finish, usage, traceId: run.trace.id, auditSeq }
}

async function authorize({ context, house }: Run): Promise<void> {
  const decision = await house.authorizer.authorize(context, { permission: 'models.use' })
  if (!decision.denied) return
  const { principal, requestId } = context
  await house.store.within(context.organizationId, (tx) =>
    appendAudit(tx, deniedEvent(decision, { principal, requestId })),
  )
  throw forbidden(decision)
}

/** Audit before effect: where the text goes and how much of it, never the text itself. */
async function announce(run: Run, chosen: ChosenModel, curtain: Curtain): Promise<number> {
  const { context, house, trace } = run
  const { seq } = await house.store.within(context.organizationId, (tx) =>
    appendAudit(tx, {
      kind: 'model.called',
      actor: actorOf(context.principal),
      target: { kind: 'model', id: chosen.name },
      outcome: 'intended',
      requestId: context.requestId,
      traceId: trace.id,
      details: {
        models: chosen.choice.order.map(({ provider, name }) => `${provider.name}/${name}`),
        digest: chosen.digest,
        messages: curtain.messages.length,
        chars: curtain.messages.reduce((sum, { content }) => sum + content.length, 0),
        findings: curtain.findings,
      },
    }),
  )
  return seq
}

type Outcome = 'answered' | 'failed' | 'cancelled'

interface Ending {
  chosen: ChosenModel
  curtain: Curtain
  auditSeq: number
  record: CallRecord
  snapshotDigest: string
}

async function record(run: Run, ending: Ending & { outcome: Outcome }): Promise<void> {
  const { context, house, trace } = run
  const { chosen, record: call } = ending
  const { inputTokens, outputTokens, costUsd = null } = call
  const checks: { check: string; result: string; detail: string }[] = []
  for (const { code, detail = '' } of call.attempts) {
    if (code) checks.push({ check: 'execute', result: code, detail: await maskFault(detail) })
  }
  await house.store.within(context.organizationId, (tx) =>
    writeTrace(tx, {
      id: trace.id,
      kind: 'completion',
      name: ending.curtain.name,
      principalId: context.principal.id,
      userId: context.principal.userId,
      assistant: null,
      outcome: ending.outcome,
      releaseDigest: null,
      snapshotDigest: ending.snapshotDigest,
      auditSeq: ending.auditSeq,
      startedAt: trace.startedAt,
      durationMs: trace.elapsedMs(),
      inputTokens,
      outputTokens,
      costUsd,
      spans: trace.spans,
      detail: {
        route: [
          { model: chosen.name, reason: 'named by the caller', used: call.model !== undefined },
        ],
        checks,
      },
    }),
  )
}
