import type { Constraint } from '#governance'
import { limits } from '#kernel'
import type { ChatMessage } from '#ports'
import type { Store } from '#store'
import { closeUnreadable } from './read.ts'

export interface ConversationHistory {
  /** The conversation being continued, if any. */
  conversationId: string | undefined
  /** Earlier (masked) questions, oldest first. */
  questions: string[]
  /** Earlier turns as messages for a model. */
  messages: ChatMessage[]
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
    constraint: Constraint
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
      .select(['role', 'content', 'citations', 'outcome'])
      .where('conversation_id', '=', id)
      .orderBy('ordinal', 'desc')
      .limit(limits.historyMessages)
      .execute()
    return closeUnreadable(tx, what.constraint, latest)
  })
  return turns ? fromTurns(id, turns.reverse()) : 'absent'
}

interface Turn {
  role: 'user' | 'assistant'
  content: string
  outcome?: string | null
}

function fromTurns(
  conversationId: string | undefined,
  turns: readonly Turn[],
): ConversationHistory {
  const recent = turns.slice(-limits.historyMessages)
  return {
    conversationId,
    questions: recent.filter((turn) => turn.role === 'user').map((turn) => turn.content),
    messages: recent
      .filter((turn, i) => !isBroken(turn) && !isBroken(recent[i + 1]))
      .map(({ role, content }) => ({ role, content })),
  }
}

/** An answer that never came is no turn for a model: its question goes with it. */
function isBroken(turn: Turn | undefined): boolean {
  return turn?.outcome === 'failed' || turn?.outcome === 'cancelled'
}
