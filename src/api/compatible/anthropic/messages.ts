import type { FastifyReply } from 'fastify'
import { estimateTokens } from '#data'
import { PlinthError } from '#kernel'
import type { CallPart, ChatMessage, Dialect, ModelCall, StreamWriterOptions } from '#ports'
import type { ApiHouse } from '../../house.ts'
import { EventStream } from '../../http/events.ts'
import { replied, route } from '../../http/route.ts'
import { type Answering, type Asked, answeringOf } from '../openai/chat.ts'
import { forwardChat } from '../openai/forward.ts'
import type { Ending } from '../openai/reply.ts'
import { message, messageEvent, messagesRequest, tokenCount } from './contract.ts'
import { tellable } from './errors.ts'

const tag = 'Anthropic-compatible'
const from = { door: 'anthropic.messages', protocol: 'anthropic' }

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
      const dialect = dialectIn(house)
      const call = dialect.readRequest(body)
      const answering = await answeringOf(askedIn(call), { context, house })
      const options = {
        id: `msg_${request.id.replace(/^req_/, '')}`,
        model: call.model,
        created: Math.floor(house.clock.now().getTime() / 1_000),
      }
      reply.header('request-id', request.id)
      if (call.stream)
        return streamed(answering, { reply, dialect, options, requestId: request.id })
      return whole(answering, dialect, options)
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
      return { input_tokens: tokensOf(dialectIn(house).readRequest(body)) }
    },
  }),
]

function dialectIn(house: ApiHouse): Dialect {
  const dialect = house.gateway.dialect('anthropic')
  if (!dialect) throw new PlinthError('UNAVAILABLE', 'The dialect of Anthropic is not there.')
  return dialect
}

/** What assistants and models within this process can be asked: text. Models of providers go the hot way. */
function askedIn(call: ModelCall): Asked {
  if (call.tools?.length)
    throw new PlinthError('INVALID_INPUT', {
      detail: 'Tools are not offered here.',
      where: 'body/tools',
      remedy: 'Leave "tools" out, or name a model of a provider.',
    })
  const { model, temperature, maxOutputTokens, stop } = call
  return {
    model,
    messages: call.messages.map(({ role, content }, i): ChatMessage => {
      const known = role === 'developer' || role === 'tool' ? 'system' : role
      return { role: known, content: content.map((part) => textIn(part, i)).join('') }
    }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stop === undefined ? {} : { stop }),
  }
}

function textIn(part: CallPart, at: number): string {
  if (part.type === 'text') return part.text
  throw new PlinthError('INVALID_INPUT', {
    detail: `Content of type "${part.type}" is not offered here.`,
    where: `body/messages/${at}/content`,
    remedy: 'Send text only, or name a model of a provider.',
  })
}

const finishes = { stop: 'stop', length: 'length', content_filter: 'content-filter' } as const

async function whole(answering: Answering, dialect: Dialect, options: StreamWriterOptions) {
  let text = ''
  for (;;) {
    const next = await answering.next()
    if (!next.done) {
      text += next.value
      continue
    }
    const { finish, usage } = next.value
    const choice = { content: [{ type: 'text' as const, text }], finish: finishes[finish] }
    const { body } = dialect.writeReply({ choices: [choice], usage }, options)
    return { ...body, plinth: provenanceOf(next.value) } as never
  }
}

function provenanceOf({ plinth, citations }: Ending): Record<string, unknown> {
  return citations ? { ...plinth, citations } : plinth
}

/** Nothing is sent before the first text, so that a failure before it is an ordinary error with its status. */
async function streamed(
  answering: Answering,
  at: { reply: FastifyReply; dialect: Dialect; options: StreamWriterOptions; requestId: string },
): Promise<typeof replied> {
  const { dialect, options, reply, requestId } = at
  const writer = dialect.writeStream(options)
  let events: EventStream | undefined
  const send = async (frame: string | Uint8Array) => {
    events ??= new EventStream(reply, { 'request-id': requestId })
    if (frame.length > 0) await events.write(String(frame))
  }
  try {
    for (;;) {
      const next = await answering.next()
      if (next.done) {
        const { finish, usage } = next.value
        await send(writer.write({ type: 'usage', usage }))
        await send(writer.write({ type: 'finish', reason: finishes[finish] }))
        await send(writer.end())
        break
      }
      await send(writer.write({ type: 'text', text: next.value }))
    }
  } catch (error) {
    if (!events) throw error
    await send(writer.fail(tellable(error, requestId), { requestId }))
  }
  events?.end()
  return replied
}

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
