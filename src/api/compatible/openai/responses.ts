import { z } from 'zod'
import { deleteResponse, keptResponse } from '#apps'
import type { RequestContext } from '#kernel'
import type { JsonObject } from '#ports'
import type { ApiHouse } from '../../house.ts'
import { cacheOf } from '../../http/caching.ts'
import { requireStillReadable } from '../../http/replay.ts'
import { route } from '../../http/route.ts'
import { askedIn, dialectIn, streamedIn, wholeIn } from '../in-dialect.ts'
import { answeringOf } from './chat.ts'
import { aroundResponse, continued } from './continuing.ts'
import { CodedError } from './errors.ts'
import { type Door, forwardChat } from './forward.ts'
import { responseIn } from './keeping.ts'
import {
  deletedResponse,
  response,
  responseEvent,
  responseInput,
  responsesRequest,
} from './responses-contract.ts'

const tag = 'OpenAI-compatible'
const byId = z.object({ id: z.string().max(300) })
const door: Door = {
  door: 'openai.responses',
  protocol: 'openai-responses',
  says: 'input',
  around: aroundResponse,
}
/** What this door calls what it refuses for assistants. */
const names = { format: 'text', logprobs: 'top_logprobs' }

export const responseRoutes = [
  route({
    method: 'POST',
    path: '/v1/responses',
    permission: 'signed-in',
    summary: 'Ask an assistant (answers.ask) or call a model (models.use) by the Responses API',
    tag,
    body: responsesRequest,
    response,
    events: responseEvent,
    hot: (call, house) => forwardChat(call, house, door),
    async handler({ body, context, request, reply }, house) {
      const dialect = dialectIn(house, door.protocol)
      const { parsed, keep } = await continued(body, context, house)
      const call = dialect.readRequest(parsed)
      const answering = await answeringOf(askedIn(call, names), {
        context,
        house,
        cache: cacheOf({ request, reply }),
      })
      const options = {
        id: `resp_${request.id.replace(/^req_/, '')}`,
        model: call.model,
        created: Math.floor(house.clock.now().getTime() / 1_000),
      }
      const headers = { 'x-request-id': request.id }
      if (call.stream) {
        const ending = async (frames: string, plinth: JsonObject) => {
          const whole = responseIn(frames)
          if (whole) await keep?.({ ...whole, plinth })
        }
        const at = { dialect, options, reply, requestId: request.id, headers, ending }
        return streamedIn(at, answering)
      }
      const answer = await wholeIn({ dialect, options }, answering)
      await keep?.(answer)
      reply.headers(headers)
      return answer as never
    },
  }),
  route({
    method: 'GET',
    path: '/v1/responses/:id',
    permission: 'signed-in',
    summary: 'One’s own stored answer',
    tag,
    params: byId,
    query: z.strictObject({}),
    response,
    async handler({ context, params }, house) {
      const kept = await keptResponse(house.gateway, context, params.id)
      if (!kept) throw noResponse(params.id)
      await requireStillReadable(house, context, kept.response)
      return kept.response as never
    },
  }),
  route({
    method: 'GET',
    path: '/v1/responses/:id/input_items',
    permission: 'signed-in',
    summary: 'What was asked for it, beyond the answer that it continued',
    tag,
    params: byId,
    query: z.strictObject({ order: z.enum(['asc', 'desc']).default('desc') }),
    response: responseInput,
    async handler({ context, params, query }, house) {
      return inputItems(house, context, { id: params.id, order: query.order })
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/responses/:id',
    permission: 'signed-in',
    summary: 'Delete one’s own stored answer; what continues it cannot be continued any more',
    tag,
    params: byId,
    response: deletedResponse,
    async handler({ context, params }, house) {
      if (!(await deleteResponse(house.gateway, context, params.id))) throw noResponse(params.id)
      return { id: params.id, object: 'response' as const, deleted: true as const }
    },
  }),
]

async function inputItems(
  house: ApiHouse,
  context: RequestContext,
  { id, order }: { id: string; order: 'asc' | 'desc' },
) {
  const kept = await keptResponse(house.gateway, context, id)
  if (!kept) throw noResponse(id)
  await requireStillReadable(house, context, kept.response)
  const items = kept.input.map((item, i) => ({
    id: `msg_${id.replace(/^resp_/, '')}_in${i}`,
    ...item,
  }))
  const data = order === 'asc' ? items : items.reverse()
  const [first, last] = [data.at(0)?.id ?? null, data.at(-1)?.id ?? null]
  return { object: 'list' as const, data, first_id: first, last_id: last, has_more: false as const }
}

function noResponse(id: string) {
  return new CodedError('NOT_FOUND', 'response_not_found', {
    detail: `Response with id '${id}' not found.`,
    where: 'path/id',
    remedy: 'It was not stored, was deleted, is too old, or is somebody else’s.',
  })
}
