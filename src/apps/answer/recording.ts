import { type AuditEventInput, actorOf, appendAuditAll, deniedEvent } from '#governance'
import type { Span } from '#kernel'
import { costOf } from '#models'
import { writeTraces } from '#ops'
import type { Store, Tx } from '#store'
import { addTurns, type Turn } from '../conversations/turns.ts'
import { GroupCommit } from './group-commit.ts'
import { type KeptText, keptText } from './keeping.ts'
import type { Answered } from './parts.ts'
import type { AccessDenied, Conclusion } from './refusing.ts'
import type { Run } from './run.ts'

/** What became of one question, on its way to the database. */
interface Ended {
  run: Run
  conclusion: Conclusion
  answered: Answered
  kept: KeptText
  span: Span
}

const commits = new WeakMap<Store, GroupCommit<Ended>>()

/**
 * Keeps what happened, in one transaction: the turn in its conversation, the audit event, the trace with every span.
 * The trace holds masked text only, the conversation what its asker said and saw. Passages are kept by reference; who
 * opens the trace sees those that they may read.
 * Answers that end together share a transaction; none is given before it is committed.
 */
export async function record(run: Run, conclusion: Conclusion): Promise<Answered> {
  const { context, house, trace } = run
  const answered = answeredOf(run, conclusion)
  const kept = await keptText(conclusion, answered)
  const span = trace.start('record')
  const commit = commits.get(house.store) ?? new GroupCommit(house.store, writeAll)
  commits.set(house.store, commit)
  await commit.add(context.organizationId, { run, conclusion, answered, kept, span })
  return answered
}

async function writeAll(tx: Tx, ended: readonly Ended[]): Promise<void> {
  await keepTurns(tx, ended)
  const events = ended.map(eventsOf)
  const { first } = await appendAuditAll(tx, events.flat())
  let seq = first
  for (const [i, { run, answered, span }] of ended.entries()) {
    seq += events[i]?.length ?? 0
    // The question's own event is the last one of its question.
    answered.auditSeq = seq - 1
    run.trace.end(span, { audit: answered.auditSeq, together: ended.length })
    answered.tookMs = run.trace.elapsedMs()
  }
  await writeTraces(tx, ended.map(traceRecord))
}

function answeredOf(run: Run, conclusion: Conclusion): Answered {
  const { access, usage, modelPrice } = conclusion
  const { reading, cache } = run.reached
  const costUsd = costOf(modelPrice, usage) ?? null
  return {
    outcome: conclusion.outcome,
    text: conclusion.text,
    reason: conclusion.reason,
    ...(conclusion.code ? { code: conclusion.code } : {}),
    citations: conclusion.citations,
    unsupported: conclusion.unsupported,
    ...(reading ? { reading } : {}),
    ...(cache ? { cache } : {}),
    assistant: access?.assistant.name ?? run.question.assistant ?? '',
    model: conclusion.model,
    conversationId: null,
    messageId: null,
    traceId: run.trace.id,
    auditSeq: null,
    releaseDigest: access?.release.digest ?? null,
    usage: { ...usage, costUsd },
    tookMs: 0,
  }
}

async function keepTurns(tx: Tx, ended: readonly Ended[]): Promise<void> {
  const saved = ended.flatMap((one) => {
    const turn = turnOf(one)
    return turn ? [{ turn, answered: one.answered }] : []
  })
  const kept = await addTurns(
    tx,
    saved.map(({ turn }) => turn),
  )
  for (const [i, { answered }] of saved.entries()) {
    answered.conversationId = kept[i]?.conversationId ?? null
    answered.messageId = kept[i]?.messageId ?? null
  }
}

function turnOf({ run, conclusion, answered }: Ended): Turn | undefined {
  const { access, asked } = conclusion
  if (!run.question.save || !access || !asked) return undefined
  return {
    conversationId: access.history.conversationId,
    userId: run.context.principal.userId,
    assistant: access.assistant.name,
    question: asked.text,
    answer: answered.text,
    outcome: answered.outcome,
    citations: answered.citations,
    unsupported: answered.unsupported,
    grounds: groundsOf(conclusion),
    traceId: run.trace.id,
  }
}

/** Versions whose text the model was given: passages, and what earlier turns were made from. */
function groundsOf({ access, passages }: Conclusion): string[] {
  if (passages.length === 0) return []
  return [...new Set([...passages.map((p) => p.versionId), ...(access?.history.grounds ?? [])])]
}

function eventsOf({ run, conclusion, answered }: Ended): AuditEventInput[] {
  const own = auditEvent(run, conclusion, answered)
  if (conclusion.denial) return [accessDenied(run, conclusion.denial), own]
  return answered.outcome === 'withheld' ? [blockedEvent(run, conclusion), own] : [own]
}

function auditEvent(run: Run, conclusion: Conclusion, answered: Answered) {
  const { context, trace } = run
  const { access } = conclusion
  const kind =
    answered.outcome === 'answered'
      ? ('question.answered' as const)
      : ('question.declined' as const)
  const outcome = { denied: 'denied', failed: 'failed' }[answered.outcome as string] ?? 'done'
  return {
    kind,
    actor: actorOf(context.principal),
    outcome: outcome as 'denied' | 'failed' | 'done',
    requestId: context.requestId,
    traceId: trace.id,
    ...(access ? { target: { kind: 'assistant', id: access.assistant.name } } : {}),
    details: {
      outcome: answered.outcome,
      model: answered.model,
      release: answered.releaseDigest,
      snapshot: access?.snapshot.digest ?? null,
      passages: conclusion.passages.map((p) => `${p.versionId}:${p.start}-${p.end}`),
      citations: answered.citations.length,
      unsupported: answered.unsupported.length,
      checks: conclusion.checks.map((c) => `${c.check}: ${c.result}`),
    },
  }
}

/** A missing permission is recorded as at every other door. */
function accessDenied({ context, trace }: Run, denial: AccessDenied): AuditEventInput {
  const { principal, requestId } = context
  return { ...deniedEvent(denial, { principal, requestId }), traceId: trace.id }
}

/** Which guardrail held an answer back, beside the question's own event. */
function blockedEvent(run: Run, { access, checks }: Conclusion) {
  const { context, trace } = run
  return {
    kind: 'guardrail.blocked' as const,
    actor: actorOf(context.principal),
    target: { kind: 'guardrail', id: access?.guardrail.name ?? '' },
    requestId: context.requestId,
    traceId: trace.id,
    details: { checks: checks.map((c) => `${c.check}: ${c.result}`) },
  }
}

function traceRecord({ run, conclusion, answered, kept }: Ended) {
  const { context, trace } = run
  const { access } = conclusion
  const { question, checks, ...said } = kept
  return {
    id: trace.id,
    kind: 'answer' as const,
    name: question,
    principalId: context.principal.id,
    userId: context.principal.userId,
    assistant: answered.assistant || null,
    outcome: answered.outcome,
    releaseDigest: answered.releaseDigest,
    snapshotDigest: access?.snapshot.digest ?? null,
    auditSeq: answered.auditSeq,
    startedAt: trace.startedAt,
    durationMs: answered.tookMs,
    inputTokens: answered.usage.inputTokens,
    outputTokens: answered.usage.outputTokens,
    costUsd: answered.usage.costUsd,
    spans: trace.spans,
    detail: {
      question,
      answer: { ...answered, ...said },
      passages: conclusion.passages.map(({ text: _, ...rest }) => rest),
      grounds: groundsOf(conclusion),
      dense: conclusion.dense,
      route: conclusion.route,
      checks,
      release: access?.release.lock ?? {},
    },
  }
}
