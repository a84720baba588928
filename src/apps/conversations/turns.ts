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
  /** Sentences without sufficient support, as offsets into the answer. */
  unsupported: readonly unknown[]
  /** Document versions that the answer was made from. */
  grounds: readonly string[]
  traceId: string
}

/** Where a turn was kept. */
export interface KeptTurn {
  conversationId: string
  /** Of the answer. */
  messageId: string
}

/**
 * Adds a question and its answer to a conversation of the user, which is made when there is none. Undefined where the
 * user deleted it meanwhile: what was said last goes with it.
 */
export async function addTurn(tx: Tx, turn: Turn): Promise<KeptTurn | undefined> {
  const [kept] = await addTurns(tx, [turn])
  return kept
}

/** Adds several turns, in order, with as many statements as one takes. */
export async function addTurns(tx: Tx, turns: readonly Turn[]): Promise<(KeptTurn | undefined)[]> {
  if (turns.length === 0) return []
  const next = await lockConversations(tx, turns)
  const started: { id: string; turn: Turn }[] = []
  const messages: ReturnType<typeof messagesOf> = []
  const kept = turns.map((turn): KeptTurn | undefined => {
    const conversationId = turn.conversationId ?? newId('cnv')
    if (!turn.conversationId) started.push({ id: conversationId, turn })
    const ordinal = turn.conversationId ? next.get(conversationId) : 0
    if (ordinal === undefined) return undefined
    next.set(conversationId, ordinal + 2)
    const messageId = newId('msg')
    messages.push(...messagesOf(turn, { conversationId, messageId, ordinal }))
    return { conversationId, messageId }
  })
  await startConversations(tx, started)
  if (messages.length > 0) await tx.insertInto('message').values(messages).execute()
  return kept
}

/** The next free place in each conversation that is there; its row's lock keeps two answers from taking the same one. */
async function lockConversations(tx: Tx, turns: readonly Turn[]): Promise<Map<string, number>> {
  const ids = [...new Set(turns.flatMap((turn) => turn.conversationId ?? []))].sort()
  if (ids.length === 0) return new Map()
  const live = await tx
    .updateTable('conversation')
    .set({ updated_at: sql<Date>`now()` })
    .where('id', 'in', ids)
    .returning('id')
    .execute()
  const rows = await tx
    .selectFrom('message')
    .select(['conversation_id', (eb) => eb.fn.max('ordinal').as('ordinal')])
    .where('conversation_id', 'in', ids)
    .groupBy('conversation_id')
    .execute()
  const last = new Map(rows.map((row) => [row.conversation_id, row.ordinal]))
  return new Map(live.map(({ id }) => [id, (last.get(id) ?? -1) + 1]))
}

async function startConversations(
  tx: Tx,
  started: readonly { id: string; turn: Turn }[],
): Promise<void> {
  if (started.length === 0) return
  const rows = started.map(({ id, turn }) => ({
    id,
    user_id: turn.userId,
    assistant: turn.assistant,
    title: turn.question.replace(/\s+/g, ' ').trim().slice(0, titleChars),
  }))
  await tx.insertInto('conversation').values(rows).execute()
}

function messagesOf(
  turn: Turn,
  at: { conversationId: string; messageId: string; ordinal: number },
) {
  const both = { conversation_id: at.conversationId, trace_id: turn.traceId }
  return [
    {
      ...both,
      id: newId('msg'),
      ordinal: at.ordinal,
      role: 'user' as const,
      content: turn.question,
    },
    {
      ...both,
      id: at.messageId,
      ordinal: at.ordinal + 1,
      role: 'assistant' as const,
      content: turn.answer,
      outcome: turn.outcome,
      citations: JSON.stringify(turn.citations),
      unsupported: JSON.stringify(turn.unsupported),
      grounds: [...turn.grounds],
    },
  ]
}
