import { sql } from 'kysely'
import { newId } from '#kernel'
import type { Tx } from '#store'

const titleChars = 80

export interface Turn {
  /** Absent: a new conversation begins. */
  conversationId: string | undefined
  userId: string
  assistant: string
  /** Masked. */
  question: string
  answer: string
  outcome: string
  citations: readonly unknown[]
  traceId: string
}

/**
 * Adds a question and its answer to a conversation of the user, which is made when there is none. Undefined where the
 * user deleted it meanwhile: what was said last goes with it.
 */
export async function addTurn(
  tx: Tx,
  turn: Turn,
): Promise<{ conversationId: string; messageId: string } | undefined> {
  const conversationId = turn.conversationId ?? (await startConversation(tx, turn))
  // The row's lock keeps two answers to one conversation from taking the same place.
  const live = await tx
    .updateTable('conversation')
    .set({ updated_at: sql<Date>`now()` })
    .where('id', '=', conversationId)
    .returning('id')
    .executeTakeFirst()
  if (!live) return undefined
  const last = await tx
    .selectFrom('message')
    .select((eb) => eb.fn.max('ordinal').as('ordinal'))
    .where('conversation_id', '=', conversationId)
    .executeTakeFirst()
  const ordinal = (last?.ordinal ?? -1) + 1
  const messageId = newId('msg')
  await tx
    .insertInto('message')
    .values([
      {
        id: newId('msg'),
        conversation_id: conversationId,
        ordinal,
        role: 'user',
        content: turn.question,
        trace_id: turn.traceId,
      },
      {
        id: messageId,
        conversation_id: conversationId,
        ordinal: ordinal + 1,
        role: 'assistant',
        content: turn.answer,
        outcome: turn.outcome,
        citations: JSON.stringify(turn.citations),
        trace_id: turn.traceId,
      },
    ])
    .execute()
  return { conversationId, messageId }
}

async function startConversation(tx: Tx, turn: Turn): Promise<string> {
  const id = newId('cnv')
  const title = turn.question.replace(/\s+/g, ' ').trim().slice(0, titleChars)
  await tx
    .insertInto('conversation')
    .values({ id, user_id: turn.userId, assistant: turn.assistant, title })
    .execute()
  return id
}
