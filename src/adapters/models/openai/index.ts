import { z } from 'zod'
import { PlinthError } from '#kernel'
import type { ChatModel, ChatPart, ChatRequest } from '#ports'
import { type HttpModelOptions, ModelExchange } from '../exchange.ts'

type FinishReason = Extract<ChatPart, { type: 'finish' }>['reason']

const usage = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })
const chunk = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: z.string().nullish(),
            refusal: z.string().nullish(),
            reasoning_content: z.string().nullish(),
            reasoning: z.string().nullish(),
          })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: usage.nullish(),
  error: z.union([z.object({ message: z.string().nullish() }), z.string()]).nullish(),
})
const completion = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: usage.nullish(),
})

/** Parameters that endpoints of this protocol refuse, and what is sent instead. Learned per model from a 400. */
interface Tolerances {
  usage: boolean
  temperature: boolean
  maxTokens: 'max_tokens' | 'max_completion_tokens'
}

/** More refusals than parameters would be a quarrel. */
const maxAdjustments = 3
/** Models whose refusals are remembered. */
const maxRemembered = 256

/**
 * Chat completions of OpenAI and everything that speaks its protocol (vLLM, Ollama under `/v1`, llama.cpp, LiteLLM …).
 * Streams; an endpoint that answers with one JSON object instead is understood too.
 */
export function createOpenAiModel(options: HttpModelOptions): ChatModel {
  const learned = new Map<string, Tolerances>()
  return {
    version: 'chat-model/1',
    id: options.id,
    async *stream(request, signal) {
      const exchange = new ModelExchange(options, signal)
      try {
        const response = await open(exchange, { request, options, learned })
        const json = /\bjson\b/i.test(response.headers['content-type'] ?? '')
        if (json) yield* whole(exchange, await exchange.json(response))
        else yield* streamed(exchange, exchange.events(response))
      } catch (error) {
        throw signal.aborted ? new PlinthError('CANCELLED', 'The call was cancelled.') : error
      } finally {
        exchange.close()
      }
    },
  }
}

async function open(
  exchange: ModelExchange,
  at: { request: ChatRequest; options: HttpModelOptions; learned: Map<string, Tolerances> },
) {
  const { request, options, learned } = at
  const url = `${options.baseUrl.replace(/\/+$/, '')}/chat/completions`
  const headers = authorization(options)
  let tolerances = learned.get(request.model) ?? {
    usage: true,
    temperature: true,
    maxTokens: 'max_tokens',
  }
  for (let adjusted = 0; ; adjusted++) {
    const response = await exchange.post(url, headers, bodyOf(request, tolerances))
    if (response.status === 200) return response
    const error = await exchange.error(response)
    const next =
      response.status === 400 || response.status === 422
        ? adjust(tolerances, error.message)
        : undefined
    if (!next || adjusted >= maxAdjustments) throw error
    tolerances = next
    if (learned.size >= maxRemembered) learned.clear()
    learned.set(request.model, next)
  }
}

/** What to leave out after a refusal that names a parameter; undefined where none of ours was the reason. */
function adjust(now: Tolerances, message: string): Tolerances | undefined {
  if (now.usage && /stream_options|include_usage/.test(message)) return { ...now, usage: false }
  if (now.maxTokens === 'max_tokens' && /max_completion_tokens/.test(message)) {
    return { ...now, maxTokens: 'max_completion_tokens' }
  }
  if (now.temperature && /temperature/.test(message)) return { ...now, temperature: false }
  return undefined
}

function bodyOf(request: ChatRequest, tolerances: Tolerances): Record<string, unknown> {
  const body: Record<string, unknown> = {
    model: request.model,
    messages: request.messages.map(({ role, content }) => ({ role, content })),
    stream: true,
  }
  if (tolerances.usage) body.stream_options = { include_usage: true }
  if (tolerances.temperature && request.temperature !== undefined)
    body.temperature = request.temperature
  if (request.maxOutputTokens !== undefined) body[tolerances.maxTokens] = request.maxOutputTokens
  if (request.stop?.length) body.stop = request.stop
  return body
}

export function authorization(options: Pick<HttpModelOptions, 'apiKey'>): Record<string, string> {
  return options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }
}

async function* streamed(
  exchange: ModelExchange,
  events: AsyncIterable<{ data: string }>,
): AsyncGenerator<ChatPart> {
  let finish: FinishReason | undefined
  let done = false
  try {
    for await (const { data } of events) {
      if (data === '[DONE]') {
        done = true
        break
      }
      const part = read(exchange, data)
      const choice = part.choices?.[0]
      if (choice?.delta?.reasoning_content || choice?.delta?.reasoning) exchange.sawToken()
      const text = `${choice?.delta?.content ?? ''}${choice?.delta?.refusal ?? ''}`
      if (text !== '') {
        exchange.count(text)
        yield { type: 'text', text }
      }
      if (choice?.finish_reason) {
        finish = finishOf(choice.finish_reason)
        exchange.sawToken()
      }
      if (part.usage) yield usageOf(part.usage)
    }
  } catch (error) {
    // The answer is complete once its reason to finish came; what would follow is bookkeeping.
    const late = error instanceof PlinthError && error.code.startsWith('UPSTREAM_')
    if (finish === undefined || !late) throw error
  }
  if (!done && finish === undefined) throw exchange.broken('broke off in the middle of the answer')
  yield { type: 'finish', reason: finish ?? 'other' }
}

function read(exchange: ModelExchange, data: string): z.output<typeof chunk> {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    throw exchange.broken(`sent an event that is no JSON: ${data.slice(0, 120)}`)
  }
  const parsed = chunk.safeParse(value)
  if (!parsed.success)
    throw exchange.broken(`sent an event of another shape: ${data.slice(0, 120)}`)
  const { error } = parsed.data
  if (error) {
    const message = typeof error === 'string' ? error : (error.message ?? 'no message')
    throw exchange.broken(`reported an error within the answer: ${message}`)
  }
  return parsed.data
}

function* whole(exchange: ModelExchange, value: unknown): Generator<ChatPart> {
  const parsed = completion.safeParse(value)
  if (!parsed.success) throw exchange.broken('sent an answer of another shape')
  const [choice] = parsed.data.choices
  const text = choice!.message.content ?? choice!.message.refusal ?? ''
  exchange.count(text)
  if (text !== '') yield { type: 'text', text }
  if (parsed.data.usage) yield usageOf(parsed.data.usage)
  yield { type: 'finish', reason: finishOf(choice!.finish_reason ?? 'stop') }
}

function usageOf(counted: z.output<typeof usage>): ChatPart {
  return {
    type: 'usage',
    inputTokens: counted.prompt_tokens,
    outputTokens: counted.completion_tokens,
  }
}

function finishOf(reason: string): FinishReason {
  if (reason === 'stop' || reason === 'length') return reason
  if (reason === 'content_filter') return 'content-filter'
  return reason === 'tool_calls' || reason === 'function_call' ? 'tool-calls' : 'other'
}
