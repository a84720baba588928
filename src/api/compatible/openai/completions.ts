import { cacheOf } from '../../http/caching.ts'
import { route } from '../../http/route.ts'
import { askedIn, dialectIn, streamedIn, wholeIn } from '../in-dialect.ts'
import { answeringOf } from './chat.ts'
import { type Door, forwardChat } from './forward.ts'
import { completion, completionRequest } from './responses-contract.ts'

const door: Door = {
  door: 'openai.completions',
  protocol: 'openai-completions',
  says: 'prompt',
}

export const completionRoutes = [
  route({
    method: 'POST',
    path: '/v1/completions',
    permission: 'signed-in',
    summary: 'Complete a prompt by an assistant (answers.ask) or a model (models.use)',
    tag: 'OpenAI-compatible',
    body: completionRequest,
    response: completion,
    events: completion,
    hot: (call, house) => forwardChat(call, house, door),
    async handler({ body, context, request, reply }, house) {
      const dialect = dialectIn(house, door.protocol)
      const call = dialect.readRequest(body)
      const answering = await answeringOf(askedIn(call), {
        context,
        house,
        cache: cacheOf({ request, reply }),
      })
      const options = {
        id: `cmpl-${request.id.replace(/^req_/, '')}`,
        model: call.model,
        created: Math.floor(house.clock.now().getTime() / 1_000),
        includeUsage: call.includeUsage === true,
      }
      const headers = { 'x-request-id': request.id }
      if (call.stream)
        return streamedIn({ dialect, options, reply, requestId: request.id, headers }, answering)
      reply.headers(headers)
      return (await wholeIn({ dialect, options }, answering)) as never
    },
  }),
]
