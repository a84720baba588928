import { actorOf, appendAudit, detect, mask, PlaceholderScope } from '#governance'
import { newId, PlinthError, type RequestContext } from '#kernel'
import type { Tx } from '#store'

/**
 * Rates one's own answer; a second rating replaces the first. The comment is masked before it is stored.
 * Throws NOT_FOUND where the trace is another's or none. Returns the audit event's number.
 */
export async function giveFeedback(
  tx: Tx,
  feedback: { traceId: string; rating: 1 | -1; comment: string },
  context: RequestContext,
): Promise<number> {
  const userId = context.principal.userId
  const trace = await tx
    .selectFrom('trace')
    .select('id')
    .where('id', '=', feedback.traceId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (!trace) throw new PlinthError('NOT_FOUND', `There is no answer ${feedback.traceId} of yours.`)
  const message = await tx
    .selectFrom('message')
    .select('id')
    .where('trace_id', '=', feedback.traceId)
    .where('role', '=', 'assistant')
    .executeTakeFirst()
  const comment = await maskComment(feedback.comment)
  await tx
    .insertInto('feedback')
    .values({
      id: newId('fbk'),
      trace_id: feedback.traceId,
      message_id: message?.id ?? null,
      user_id: userId,
      rating: feedback.rating,
      comment,
    })
    .onConflict((oc) =>
      oc.columns(['trace_id', 'user_id']).doUpdateSet({ rating: feedback.rating, comment }),
    )
    .execute()
  const { seq } = await appendAudit(tx, {
    kind: 'feedback.given',
    actor: actorOf(context.principal),
    target: { kind: 'trace', id: feedback.traceId },
    requestId: context.requestId,
    details: { rating: feedback.rating, commented: comment !== '' },
  })
  return seq
}

async function maskComment(comment: string): Promise<string> {
  if (comment === '') return ''
  const findings = await detect(comment)
  return mask(comment, findings, new PlaceholderScope().mint).text
}
