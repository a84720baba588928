import { z } from 'zod'
import { PlinthError } from '#kernel'
import type { ChatMessage, ChatModel, ChatPart, ChatRequest } from '#ports'
import { type HttpModelOptions, ModelExchange } from '../exchange.ts'

type FinishReason = Extract<ChatPart, { type: 'finish' }>['reason']

const inputUsage = z.object({
  input_tokens: z.number().nullish(),
  cache_creation_input_tokens: z.number().nullish(),
  cache_read_input_tokens: z.number().nullish(),
  output_tokens: z.number().nullish(),
})
const event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message_start'),
    message: z.object({ usage: inputUsage.nullish() }),
  }),
  z.object({
    type: z.literal('content_block_delta'),
    delta: z.object({ type: z.string(), text: z.string().optional() }),
  }),
  z.object({
    type: z.literal('message_delta'),
    delta: z.object({ stop_reason: z.string().nullish() }).nullish(),
    usage: inputUsage.nullish(),
  }),
  z.object({ type: z.literal('message_stop') }),
  z.object({
    type: z.literal('error'),
    error: z.object({ type: z.string().nullish(), message: z.string().nullish() }),
  }),
])

/** Needed by the protocol; asked for where the request names none. */
const defaultMaxTokens = 1_024
const apiVersion = '2023-06-01'

/** The Messages API of Anthropic and of gateways that speak it. `baseUrl` with or without `/v1`. */
export function createAnthropicModel(options: HttpModelOptions): ChatModel {
  const base = options.baseUrl.replace(/\/+$/, '')
  const url = base.endsWith('/v1') ? `${base}/messages` : `${base}/v1/messages`
  const headers: Record<string, string> = { 'anthropic-version': apiVersion }
  if (options.apiKey !== undefined) headers['x-api-key'] = options.apiKey
  return {
    version: 'chat-model/1',
    id: options.id,
    async *stream(request, signal) {
      const exchange = new ModelExchange(options, signal)
      try {
        const response = await exchange.post(url, headers, bodyOf(request))
        if (response.status !== 200) throw await exchange.error(response)
        yield* streamed(exchange, exchange.events(response))
      } catch (error) {
        throw signal.aborted ? new PlinthError('CANCELLED', 'The call was cancelled.') : error
      } finally {
        exchange.close()
      }
    },
  }
}

function bodyOf(request: ChatRequest): Record<string, unknown> {
  const system = request.messages.filter((message) => message.role === 'system')
  const body: Record<string, unknown> = {
    model: request.model,
    max_tokens: request.maxOutputTokens ?? defaultMaxTokens,
    messages: alternating(request.messages.filter((message) => message.role !== 'system')),
    stream: true,
  }
  if (system.length > 0) body.system = system.map((message) => message.content).join('\n\n')
  // The protocol's scale ends at 1.
  if (request.temperature !== undefined) body.temperature = Math.min(1, request.temperature)
  if (request.stop?.length) body.stop_sequences = request.stop
  return body
}

/** The protocol wants turns that alternate and begin with the user: neighbours of one role become one message. */
function alternating(messages: readonly ChatMessage[]): { role: string; content: string }[] {
  const turns: { role: string; content: string }[] = []
  for (const { role, content } of messages) {
    const last = turns.at(-1)
    if (last?.role === role) last.content += `\n\n${content}`
    else if (last || role === 'user') turns.push({ role, content })
  }
  return turns
}

async function* streamed(
  exchange: ModelExchange,
  events: AsyncIterable<{ event: string; data: string }>,
): AsyncGenerator<ChatPart> {
  let inputTokens = 0
  let outputTokens = 0
  let finish: FinishReason = 'other'
  for await (const { event: name, data } of events) {
    const part = read(exchange, name, data)
    if (!part) continue
    if (part.type === 'message_start') {
      inputTokens = inputOf(part.message.usage)
    } else if (part.type === 'content_block_delta') {
      exchange.sawToken()
      if (part.delta.type === 'text_delta' && part.delta.text) {
        exchange.count(part.delta.text)
        yield { type: 'text', text: part.delta.text }
      }
    } else if (part.type === 'message_delta') {
      exchange.sawToken()
      if (part.delta?.stop_reason) finish = finishOf(part.delta.stop_reason)
      if (part.usage?.output_tokens) outputTokens = part.usage.output_tokens
      inputTokens = inputOf(part.usage) || inputTokens
    } else if (part.type === 'error') {
      throw exchange.broken(
        `reported an error within the answer: ${part.error.message ?? part.error.type ?? ''}`,
      )
    } else {
      yield { type: 'usage', inputTokens, outputTokens }
      yield { type: 'finish', reason: finish }
      return
    }
  }
  throw exchange.broken('broke off in the middle of the answer')
}

/** Known events only: the protocol says that clients must skip others. */
const knownEvents = new Set([
  'message_start',
  'content_block_delta',
  'message_delta',
  'message_stop',
  'error',
])

function read(
  exchange: ModelExchange,
  name: string,
  data: string,
): z.output<typeof event> | undefined {
  let value: { type?: unknown }
  try {
    value = JSON.parse(data)
  } catch {
    throw exchange.broken(`sent an event that is no JSON: ${data.slice(0, 120)}`)
  }
  const type = typeof value?.type === 'string' ? value.type : name
  if (!knownEvents.has(type)) return undefined
  const parsed = event.safeParse(value)
  if (!parsed.success)
    throw exchange.broken(`sent an event of another shape: ${data.slice(0, 120)}`)
  return parsed.data
}

/** Tokens read, cached ones included. */
function inputOf(usage: z.output<typeof inputUsage> | null | undefined): number {
  if (!usage) return 0
  return (
    (usage.input_tokens ?? 0) +
    (usage.cache_creation_input_tokens ?? 0) +
    (usage.cache_read_input_tokens ?? 0)
  )
}

function finishOf(reason: string): FinishReason {
  if (reason === 'end_turn' || reason === 'stop_sequence') return 'stop'
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded') return 'length'
  if (reason === 'refusal') return 'content-filter'
  return reason === 'tool_use' ? 'tool-calls' : 'other'
}
