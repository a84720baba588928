import { estimateTokens } from '#data'
import type { CallPart, ModelCall } from '#ports'
import { cacheOf } from '../../http/caching.ts'
import { route } from '../../http/route.ts'
import { askedIn, dialectIn, streamedIn, wholeIn } from '../in-dialect.ts'
import { answeringOf } from '../openai/chat.ts'
import { forwardChat } from '../openai/forward.ts'
import { message, messageEvent, messagesRequest, tokenCount } from './contract.ts'

const tag = 'Anthropic-compatible'
const from = { door: 'anthropic.messages', protocol: 'anthropic', says: 'messages' }

export const messageRoutes = [
  route({
    method: 'POST',
    path: '/v1/messages',
    permission: 'signed-in',
    summary: 'Ask an assistant (answers.ask) or call a model (models.use), as with Anthropic',
    tag,
    body: messagesRequest,
    response: message,
    events: messageEvent,
    hot: (call, house) => forwardChat(call, house, from),
    async handler({ body, context, request, reply }, house) {
      const dialect = dialectIn(house, from.protocol)
      const call = dialect.readRequest(body)
      const answering = await answeringOf(askedIn(call), {
        context,
        house,
        cache: cacheOf({ request, reply }),
      })
      const options = {
        id: `msg_${request.id.replace(/^req_/, '')}`,
        model: call.model,
        created: Math.floor(house.clock.now().getTime() / 1_000),
      }
      reply.header('request-id', request.id)
      if (!call.stream) return (await wholeIn({ dialect, options }, answering)) as never
      const headers = { 'request-id': request.id }
      return streamedIn({ dialect, options, reply, requestId: request.id, headers }, answering)
    },
  }),
  route({
    method: 'POST',
    path: '/v1/messages/count_tokens',
    permission: 'signed-in',
    summary: 'About how many tokens a request has, counted here without asking a provider',
    tag,
    body: messagesRequest,
    response: tokenCount,
    async handler({ body }, house) {
      return { input_tokens: tokensOf(dialectIn(house, from.protocol).readRequest(body)) }
    },
  }),
]

/** Tokens of texts, calls and tools by the estimate that budgets and prompts are held to; images count as none. */
function tokensOf(call: ModelCall): number {
  const ofParts = (parts: readonly CallPart[]): number =>
    parts.reduce((sum, part) => {
      if (part.type === 'text' || part.type === 'reasoning') return sum + estimateTokens(part.text)
      if (part.type === 'tool-call') return sum + estimateTokens(part.name + part.arguments)
      return part.type === 'tool-result' ? sum + ofParts(part.content) : sum
    }, 0)
  const messages = call.messages.reduce((sum, { content }) => sum + ofParts(content) + 4, 0)
  const tools = call.tools?.length ? estimateTokens(JSON.stringify(call.tools)) : 0
  return messages + tools
}
