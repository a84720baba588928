import type { Plan } from '#agents'
import { type Ground, promptMessages } from '#data'
import { actorOf, appendAudit } from '#governance'
import { callModel, genAiAttributes } from '#models'
import type { ChatPart } from '#ports'
import type { AnswerAccess } from './authorizing.ts'
import type { AskedText } from './masking.ts'
import type { Choices } from './routing.ts'
import type { Run } from './run.ts'
import { nextTurn } from './turns.ts'

/** A model's part, or which model it is that answers. */
export type ExecutedPart = ChatPart | { type: 'model'; model: string }

interface Execution {
  access: AnswerAccess
  asked: AskedText
  ground: Ground
  plan: Plan
  choices: Choices
}

/**
 * Runs the plan's step: calls the route's models in order until one begins to answer. Before text leaves the server,
 * that it will is written to the audit log.
 */
export async function* execute(run: Run, what: Execution): AsyncGenerator<ExecutedPart> {
  const { access, asked, ground, plan, choices } = what
  await nextTurn()
  const span = run.trace.start('execute')
  const messages = promptMessages({
    question: asked.text,
    passages: ground.passages,
    systemPrompt: fillIn(access.prompt.spec.system, access, run),
    history: access.history.messages,
  })
  if (choices.choice.order.some(({ provider }) => provider.spec.protocol !== 'extractive')) {
    await announce(run, what)
  }
  const { abstainBelow } = access.assistant.spec
  const call = callModel(
    choices.choice,
    {
      messages,
      passages: ground.passages,
      question: asked.text,
      maxOutputTokens: plan.maxOutputTokens,
      ...(abstainBelow === undefined ? {} : { abstainBelow }),
    },
    { ...run.house.models, signal: run.context.signal },
  )
  try {
    for await (const part of call.parts) yield part
    if (call.record.model) yield { type: 'model', model: call.record.model }
  } finally {
    run.trace.end(span, {
      model: call.record.model ?? '',
      firstTokenMs: Math.round(call.record.firstTokenMs ?? 0),
      ...genAiAttributes(call.record, { maxOutputTokens: plan.maxOutputTokens }),
      attempts: call.record.attempts.map((a) => `${a.model}: ${a.outcome} ${a.code ?? ''}`.trim()),
    })
  }
}

/** Audit before effect: where the text goes, which passages, never the text itself. */
async function announce(run: Run, { access, ground, choices }: Execution): Promise<void> {
  const { context, trace } = run
  await run.house.store.within(context.organizationId, (tx) =>
    appendAudit(tx, {
      kind: 'model.called',
      actor: actorOf(context.principal),
      target: { kind: 'assistant', id: access.assistant.name },
      outcome: 'intended',
      requestId: context.requestId,
      traceId: trace.id,
      details: {
        models: choices.choice.order.map(({ provider, name }) => `${provider.name}/${name}`),
        passages: ground.passages.map((p) => `${p.documentVersionId}:${p.start}-${p.end}`),
      },
    }),
  )
}

/** A template may name these three; anything else in braces stays as it is. Data never enters a prompt this way. */
function fillIn(template: string, access: AnswerAccess, run: Run): string {
  const values: Record<string, string> = {
    assistant: access.assistant.name,
    date: run.house.clock.now().toISOString().slice(0, 10),
    language: 'the language of the question',
  }
  return template.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole)
}
