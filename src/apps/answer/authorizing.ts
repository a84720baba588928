import { sightOf } from '#data'
import type { Constraint, Decision } from '#governance'
import { type Release, readStanding, type Snapshot, type SnapshotResource } from '#store'
import { type ConversationHistory, readHistory } from '../conversations/history.ts'
import type { Run } from './run.ts'

/** What the asker may do, and the one immutable configuration this question is served from. */
export interface AnswerAccess {
  assistant: SnapshotResource<'Assistant'>
  bases: SnapshotResource<'KnowledgeBase'>[]
  prompt: SnapshotResource<'Prompt'>
  guardrail: SnapshotResource<'Guardrail'>
  snapshot: Snapshot
  release: Release
  constraint: Constraint
  /** Epochs of the organization's knowledge bases when the question came; undefined where there are very many. */
  epochs: ReadonlyMap<string, number> | undefined
  /** Documents were being read, or waited for it, when the question came. */
  underWay: boolean
  /** Earlier turns of the conversation this question continues. */
  history: ConversationHistory
  maxOutputTokens: number
}

export interface Denied {
  rule: string
  reason: string
  /** Where a permission is missing. */
  decision?: Extract<Decision, { denied: true }>
}

/** Denied with its rule, or the assistant with everything it refers to and the asker's document constraint. */
export async function authorize(run: Run): Promise<AnswerAccess | Denied> {
  const { context, house, question } = run
  const { organizationId, principal } = context
  // One statement tells what must be read again; everything else is answered from memory.
  const standing = await house.store.read(organizationId, readStanding)
  const action = { permission: 'answers.ask' } as const
  const newestSet = standing.permissionSets
  const decision = await house.authorizer.authorize(context, action, { newestSet })
  if (decision.denied) return { rule: decision.rule, reason: decision.detail, decision }
  const snapshot = await house.snapshots.get(organizationId, { epoch: standing.resources })
  const assistant = question.assistant
    ? snapshot.resolve('Assistant', question.assistant)
    : defaultAssistant(snapshot)
  if (!assistant) return noAssistant(question.assistant)
  const history = await readHistory(house.store, {
    organizationId,
    userId: principal.userId,
    sight: sightOf(snapshot, principal, decision.constraint),
    conversationId: question.conversationId,
    given: question.history,
  })
  if (history === 'absent') {
    return { rule: 'conversation', reason: 'There is no such conversation of yours.' }
  }
  return {
    assistant,
    bases: assistant.spec.knowledgeBases.map((name) => snapshot.require('KnowledgeBase', name)),
    prompt: snapshot.require('Prompt', assistant.spec.prompt),
    guardrail: snapshot.require('Guardrail', assistant.spec.guardrail),
    snapshot,
    release: snapshot.releaseOf(assistant.name),
    constraint: decision.constraint,
    epochs: standing.knowledge,
    underWay: standing.reading,
    history,
    maxOutputTokens: 1_024,
  }
}

/** The one that carries the label `default`, else the first by name. */
export function defaultAssistant(snapshot: Snapshot): SnapshotResource<'Assistant'> | undefined {
  const all = snapshot.list('Assistant')
  return all.find((one) => snapshot.resolve('Assistant', `${one.name}@default`)) ?? all[0]
}

function noAssistant(name: string | undefined): Denied {
  return name
    ? { rule: 'assistant', reason: `There is no assistant "${name}".` }
    : { rule: 'assistant', reason: 'No assistant exists yet; apply an Assistant resource first.' }
}
