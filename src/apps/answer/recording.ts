import { actorOf, appendAudit } from '#governance'
import { writeTrace } from '#ops'
import type { Tx } from '#store'
import { addTurn } from '../conversations/turns.ts'
import type { Answered } from './parts.ts'
import type { Conclusion } from './refusing.ts'
import type { Run } from './run.ts'

/** Stands for a question of which nothing may be kept, because it was refused before masking. */
const unread = '(not read)'

/**
 * Keeps what happened, in one transaction: the turn in its conversation, the audit event, the trace with every span.
 * Only masked text is stored. Passages are kept by reference; who opens the trace sees those that they may read.
 */
export async function record(run: Run, conclusion: Conclusion): Promise<Answered> {
  const { context, house, trace } = run
  const answered = answeredOf(run, conclusion)
  const span = trace.start('record')
  await house.store.within(context.organizationId, async (tx) => {
    await keepTurn(tx, run, { conclusion, answered })
    if (answered.outcome === 'withheld') await appendAudit(tx, blockedEvent(run, conclusion))
    answered.auditSeq = (await appendAudit(tx, auditEvent(run, conclusion, answered))).seq
    trace.end(span, { audit: answered.auditSeq })
    answered.tookMs = trace.elapsedMs()
    await writeTrace(tx, traceRecord(run, conclusion, answered))
  })
  return answered
}

function answeredOf(run: Run, conclusion: Conclusion): Answered {
  const { access, usage, modelPrice } = conclusion
  const price = modelPrice
  const costUsd = price
    ? (usage.inputTokens * price.input + usage.outputTokens * price.output) / 1_000_000
    : null
  return {
    outcome: conclusion.outcome,
    text: conclusion.text,
    reason: conclusion.reason,
    ...(conclusion.code ? { code: conclusion.code } : {}),
    citations: conclusion.citations,
    unsupported: conclusion.unsupported,
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

async function keepTurn(
  tx: Tx,
  run: Run,
  { conclusion, answered }: { conclusion: Conclusion; answered: Answered },
): Promise<void> {
  const { access, asked } = conclusion
  if (!run.question.save || !access || !asked) return
  const kept = await addTurn(tx, {
    conversationId: access.history.conversationId,
    userId: run.context.principal.userId,
    assistant: access.assistant.name,
    question: asked.text,
    answer: answered.text,
    outcome: answered.outcome,
    citations: answered.citations,
    traceId: run.trace.id,
  })
  answered.conversationId = kept?.conversationId ?? null
  answered.messageId = kept?.messageId ?? null
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

function traceRecord(run: Run, conclusion: Conclusion, answered: Answered) {
  const { context, trace } = run
  const { access, asked } = conclusion
  return {
    id: trace.id,
    kind: 'answer' as const,
    name: asked?.text ?? unread,
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
      question: asked?.text ?? unread,
      answer: { ...answered, citations: answered.citations.map(({ quote: _, ...rest }) => rest) },
      passages: conclusion.passages.map(({ text: _, ...rest }) => rest),
      terms: conclusion.terms,
      dense: conclusion.dense,
      route: conclusion.route,
      checks: conclusion.checks,
      release: access?.release.lock ?? {},
    },
  }
}
