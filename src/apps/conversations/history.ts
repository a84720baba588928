import type { Sight } from '#data'
import { limits } from '#kernel'
import type { ChatMessage } from '#ports'
import type { Store } from '#store'
import { withholdUnreadable } from './read.ts'

export interface ConversationHistory {
  /** The conversation being continued, if any. */
  conversationId: string | undefined
  /** Earlier (masked) questions, oldest first. */
  questions: string[]
  /** Earlier turns as messages for a model. */
  messages: ChatMessage[]
  /** Document versions that those messages were made from. */
  grounds: string[]
}

/**
 * Earlier turns: those of the user's own conversation (without what the user may not read any more), or those that a
 * compatible API's caller keeps.
 */
export async function readHistory(
  store: Store,
  what: {
    organizationId: string
    userId: string
    sight: Sight
    conversationId: string | undefined
    given: readonly { role: 'user' | 'assistant'; content: string }[] | undefined
  },
): Promise<ConversationHistory | 'absent'> {
  if (!what.conversationId) return fromTurns(undefined, what.given ?? [])
  const id = what.conversationId
  const turns = await store.read(what.organizationId, async (tx) => {
    const own = await tx
      .selectFrom('conversation')
      .select('id')
      .where('id', '=', id)
      .where('user_id', '=', what.userId)
      .executeTakeFirst()
    if (!own) return undefined
    const latest = await tx
      .selectFrom('message')
      .select(['role', 'content', 'outcome', 'grounds'])
      .where('conversation_id', '=', id)
      .orderBy('ordinal', 'desc')
      .limit(limits.historyMessages)
      .execute()
    return withholdUnreadable(tx, what.sight, latest)
  })
  return turns ? fromTurns(id, turns.reverse()) : 'absent'
}

interface Turn {
  role: 'user' | 'assistant'
  content: string
  outcome?: string | null
  grounds?: readonly string[]
}

function fromTurns(
  conversationId: string | undefined,
  turns: readonly Turn[],
): ConversationHistory {
  const recent = turns.slice(-limits.historyMessages)
  const whole = withinGrounds(
    recent.filter((turn, i) => !isBroken(turn) && !isBroken(recent[i + 1])),
  )
  return {
    conversationId,
    questions: recent.filter((turn) => turn.role === 'user').map((turn) => turn.content),
    messages: whole.map(({ role, content }) => ({ role, content })),
    grounds: groundsOf(whole),
  }
}

/** An answer that never came, or is withheld, is no turn for a model: its question goes with it. */
function isBroken(turn: Turn | undefined): boolean {
  return ['failed', 'cancelled', 'withheld'].includes(turn?.outcome ?? '')
}

/** The newest turns that were made from so few documents that an answer's record stays small. */
function withinGrounds(turns: readonly Turn[]): readonly Turn[] {
  let from = 0
  while (groundsOf(turns.slice(from)).length > limits.historyVersions) from += 2
  return turns.slice(from)
}

function groundsOf(turns: readonly Turn[]): string[] {
  return [...new Set(turns.flatMap((turn) => turn.grounds ?? []))]
}
