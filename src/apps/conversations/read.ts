import { sql } from 'kysely'
import { readableVersions, type Sight, visibleVersions } from '#data'
import { PlinthError } from '#kernel'
import type { Tx } from '#store'
import type { Citation, Outcome, Unsupported } from '../answer/parts.ts'

export interface ConversationView {
  id: string
  title: string
  assistant: string
  messageCount: number
  createdAt: string
  updatedAt: string
}

export interface MessageView {
  id: string
  role: 'user' | 'assistant'
  content: string
  outcome: Outcome | null
  citations: Citation[]
  unsupported: Unsupported[]
  traceId: string | null
  rating: number | null
  createdAt: string
}

/** Whose conversations, and which documents that user may see now. */
export interface Viewer {
  userId: string
  sight: Sight
}

/**
 * A user's own conversations, newest first; `before` is the sort key of the last one shown. A search looks into what the
 * user may still read only.
 */
export async function listConversations(
  tx: Tx,
  viewer: Viewer,
  page: {
    search?: string | undefined
    before?: readonly [string, string] | undefined
    limit: number
  },
): Promise<ConversationView[]> {
  let query = conversationQuery(tx, viewer.userId)
    .orderBy('c.updated_at', 'desc')
    .orderBy('c.id', 'desc')
    .limit(page.limit)
  if (page.search) {
    const like = `%${page.search.replace(/[\\%_]/g, '\\$&')}%`
    query = query.where((eb) =>
      eb.or([
        eb('c.title', 'ilike', like),
        eb.exists(
          eb
            .selectFrom('message as m')
            .select('m.id')
            .whereRef('m.conversation_id', '=', 'c.id')
            .where('m.content', 'ilike', like)
            .where(({ exists, not }) => not(exists(unseenGrounds(tx, viewer.sight)))),
        ),
      ]),
    )
  }
  if (page.before) {
    const [time, id] = page.before
    query = query.where((eb) =>
      eb(eb.refTuple('c.updated_at', 'c.id'), '<', eb.tuple(new Date(time), id)),
    )
  }
  return (await query.execute()).map(toView)
}

/** Versions that the message `m` was made from and that may not be seen. */
function unseenGrounds(tx: Tx, sight: Sight) {
  return tx
    .selectFrom(sql<{ id: string }>`(select unnest(m.grounds) as id)`.as('g'))
    .select('g.id')
    .where(({ exists, not }) =>
      not(exists(visibleVersions(tx, sight).where('v.id', '=', sql<string>`g.id`))),
    )
}

/**
 * One conversation of the user with all its messages; an answer made from what the user may not read any more is
 * withheld. Throws NOT_FOUND for another's as for none.
 */
export async function readConversation(
  tx: Tx,
  { userId, sight }: Viewer,
  id: string,
): Promise<ConversationView & { messages: MessageView[] }> {
  const row = await conversationQuery(tx, userId).where('c.id', '=', id).executeTakeFirst()
  if (!row) throw absent(id)
  const messages = await tx
    .selectFrom('message as m')
    .leftJoin('feedback as f', (join) =>
      join.onRef('f.trace_id', '=', 'm.trace_id').on('f.user_id', '=', userId),
    )
    .select(['m.id', 'm.role', 'm.content', 'm.outcome', 'm.citations', 'm.trace_id'])
    .select(['m.unsupported', 'm.grounds', 'm.created_at', 'f.rating'])
    .where('m.conversation_id', '=', id)
    .orderBy('m.ordinal')
    .limit(10_000)
    .execute()
  const open = await withholdUnreadable(tx, sight, messages)
  return {
    ...toView(row),
    messages: open.map((m) => ({
      id: m.id,
      role: m.role,
      content: m.content,
      outcome: m.outcome as Outcome | null,
      citations: m.citations as Citation[],
      unsupported: m.unsupported as Unsupported[],
      traceId: m.trace_id,
      rating: m.role === 'assistant' ? m.rating : null,
      createdAt: m.created_at.toISOString(),
    })),
  }
}

/** Stands for an answer that was made from what its reader may not read any more. */
const withheld =
  '(This answer is withheld: you may no longer read a document that it was made from.)'

/** Messages with the content, citations and marks of those taken out that were made from what may not be seen now. */
export async function withholdUnreadable<
  M extends { content: string; outcome: string | null; grounds: readonly string[] },
>(tx: Tx, sight: Sight, messages: readonly M[]): Promise<M[]> {
  const readable = await readableVersions(
    tx,
    sight,
    messages.flatMap(({ grounds }) => grounds),
  )
  return messages.map((message) =>
    message.grounds.every((id) => readable.has(id))
      ? message
      : { ...message, content: withheld, outcome: 'withheld', citations: [], unsupported: [] },
  )
}

/** Gives one of the user's conversations another title. Throws NOT_FOUND as `readConversation` does. */
export async function renameConversation(
  tx: Tx,
  userId: string,
  change: { id: string; title: string },
): Promise<void> {
  const row = await tx
    .updateTable('conversation')
    .set({ title: change.title, updated_at: sql<Date>`now()` })
    .where('id', '=', change.id)
    .where('user_id', '=', userId)
    .returning('id')
    .executeTakeFirst()
  if (!row) throw absent(change.id)
}

/** Deletes a conversation with its messages; traces and audit events keep what the retention says. */
export async function deleteConversation(tx: Tx, userId: string, id: string): Promise<void> {
  const row = await tx
    .deleteFrom('conversation')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .returning('id')
    .executeTakeFirst()
  if (!row) throw absent(id)
}

/** A conversation as Markdown, each answer with its sources. */
export function conversationMarkdown(
  conversation: ConversationView & { messages: MessageView[] },
): string {
  const lines = [`# ${conversation.title}`, '', `Assistant: ${conversation.assistant}`, '']
  for (const message of conversation.messages) {
    lines.push(message.role === 'user' ? `**Question.** ${message.content}` : message.content, '')
    const seen = new Map(message.citations.map((c) => [c.number, c]))
    for (const [number, citation] of seen) {
      const page = citation.page ? `, page ${citation.page}` : ''
      lines.push(`[${number}] ${citation.title}${page}: “${citation.quote.trim()}”`)
    }
    for (const { start, end } of message.unsupported) {
      lines.push(`Not supported by a passage: “${message.content.slice(start, end).trim()}”`)
    }
    if (seen.size + message.unsupported.length > 0) lines.push('')
  }
  return lines.join('\n')
}

function conversationQuery(tx: Tx, userId: string) {
  return tx
    .selectFrom('conversation as c')
    .select(['c.id', 'c.title', 'c.assistant', 'c.created_at', 'c.updated_at'])
    .select((eb) =>
      eb
        .selectFrom('message as m')
        .select(eb.fn.countAll<number>().as('n'))
        .whereRef('m.conversation_id', '=', 'c.id')
        .as('messages'),
    )
    .where('c.user_id', '=', userId)
}

type Row = Awaited<ReturnType<ReturnType<typeof conversationQuery>['execute']>>[number]

function toView(row: Row): ConversationView {
  return {
    id: row.id,
    title: row.title,
    assistant: row.assistant,
    messageCount: Number(row.messages ?? 0),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

function absent(id: string): PlinthError {
  return new PlinthError('NOT_FOUND', `There is no conversation ${id} of yours.`)
}
