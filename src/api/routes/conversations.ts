import { z } from 'zod'
import {
  conversationMarkdown,
  deleteConversation,
  listConversations,
  readConversation,
  renameConversation,
} from '#apps'
import { actorOf, appendAudit } from '#governance'
import type { RequestContext } from '#kernel'
import { giveFeedback } from '#ops'
import { conversationDetail, conversationPage, feedbackRequest } from '../contract/answers.ts'
import { acknowledged, paging } from '../contract/basics.ts'
import type { ApiHouse } from '../house.ts'
import { sightIn } from '../http/constraint.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { replied, route } from '../http/route.ts'

const byId = z.object({ id: z.string() })
const tag = 'Conversations'

export const conversationRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/conversations',
    permission: 'conversations.read',
    summary: 'One’s own conversations, newest first',
    tag,
    query: paging.extend({ search: z.string().max(200).optional() }),
    response: conversationPage,
    async handler({ context, query }, house) {
      const before = decodeCursor(query.cursor, 'time', 'string')
      const viewer = await viewerOf(house, context)
      const rows = await house.store.read(context.organizationId, (tx) =>
        listConversations(tx, viewer, {
          search: query.search,
          before,
          limit: query.limit + 1,
        }),
      )
      return pageOf(rows, query.limit, (row) => [row.updatedAt, row.id])
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/conversations/:id',
    permission: 'conversations.read',
    summary: 'A conversation with its messages',
    tag,
    params: byId,
    response: conversationDetail,
    async handler({ context, params }, house) {
      const viewer = await viewerOf(house, context)
      return house.store.read(context.organizationId, (tx) =>
        readConversation(tx, viewer, params.id),
      )
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/v1/conversations/:id',
    permission: 'conversations.write',
    summary: 'Rename a conversation',
    tag,
    params: byId,
    body: z.object({ title: z.string().min(1).max(200) }),
    response: conversationDetail,
    async handler({ context, params, body }, house) {
      const viewer = await viewerOf(house, context)
      return house.store.within(context.organizationId, async (tx) => {
        await renameConversation(tx, viewer.userId, { id: params.id, ...body })
        await appendAudit(tx, {
          kind: 'conversation.changed',
          actor: actorOf(context.principal),
          target: { kind: 'conversation', id: params.id },
          requestId: context.requestId,
        })
        return readConversation(tx, viewer, params.id)
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/conversations/:id',
    permission: 'conversations.write',
    summary: 'Delete a conversation',
    tag,
    params: byId,
    response: acknowledged,
    async handler({ context, params }, house) {
      return house.store.within(context.organizationId, async (tx) => {
        await deleteConversation(tx, context.principal.userId, params.id)
        const { seq } = await appendAudit(tx, {
          kind: 'conversation.deleted',
          actor: actorOf(context.principal),
          target: { kind: 'conversation', id: params.id },
          requestId: context.requestId,
        })
        return { ok: true as const, auditSeq: seq }
      })
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/conversations/:id/export',
    permission: 'conversations.write',
    summary: 'A conversation as JSON or Markdown',
    tag,
    params: byId,
    query: z.object({ format: z.enum(['json', 'markdown']).default('json') }),
    produces: 'application/json',
    async handler({ context, params, query, reply }, house) {
      const viewer = await viewerOf(house, context)
      const conversation = await house.store.within(context.organizationId, async (tx) => {
        const found = await readConversation(tx, viewer, params.id)
        await appendAudit(tx, {
          kind: 'conversation.exported',
          actor: actorOf(context.principal),
          target: { kind: 'conversation', id: params.id },
          outcome: 'intended',
          requestId: context.requestId,
        })
        return found
      })
      const markdown = query.format === 'markdown'
      const extension = markdown ? 'md' : 'json'
      await reply
        .header('content-disposition', `attachment; filename="${params.id}.${extension}"`)
        .header('content-type', markdown ? 'text/markdown; charset=utf-8' : 'application/json')
        .send(markdown ? conversationMarkdown(conversation) : JSON.stringify(conversation, null, 2))
      return replied
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/feedback',
    permission: 'conversations.write',
    summary: 'Rate an answer, with a comment',
    tag,
    body: feedbackRequest,
    response: acknowledged,
    async handler({ context, body }, house) {
      return house.store.within(context.organizationId, async (tx) => {
        const auditSeq = await giveFeedback(tx, body, context)
        return { ok: true as const, auditSeq }
      })
    },
  }),
]

/** Whose conversation it must be, and which documents its reader may see now. */
async function viewerOf(house: ApiHouse, context: RequestContext) {
  const sight = await sightIn(house, context, 'conversations.read')
  return { userId: context.principal.userId, sight }
}
