import type { CallOptions, Http } from './http.ts'
import { compatibleProblem, cut, PlinthProblem } from './problem.ts'
import { serverEvents } from './server-events.ts'

/** A call of a model or route, in the words of OpenAI's chat completions. */
export interface ChatCall {
  model: string
  messages: { role: 'system' | 'user' | 'assistant'; content: string }[]
  temperature?: number
  max_tokens?: number
  response_format?: unknown
  tools?: unknown
}

/** What a model is, by the compatible API. */
export interface ModelList {
  data: { id: string; owned_by: string; created: number }[]
}

/** A piece of a call's answer: who answers, text, reasoning, a part of a tool's call, or how it ended. */
export type ChatEvent =
  | { type: 'begun'; callId: string | null; model: string | null }
  | { type: 'text' | 'reasoning'; text: string }
  | { type: 'tool'; index: number; name: string; arguments: string }
  | { type: 'finish'; reason: string }
  | { type: 'usage'; inputTokens: number; outputTokens: number }

interface Chunk {
  choices?: {
    delta?: {
      content?: string | null
      reasoning_content?: string | null
      tool_calls?: { index?: number; function?: { name?: string; arguments?: string } }[]
    }
    finish_reason?: string | null
  }[]
  usage?: { prompt_tokens: number; completion_tokens: number } | null
}

/**
 * Streams one call through the OpenAI-compatible door: the same rights, routes, masking, budgets and accounts as any
 * client's. Throws PlinthProblem for a refusal, an error within the stream, and a stream cut before its end.
 */
export async function* chatStream(
  http: Http,
  request: ChatCall,
  options: CallOptions,
): AsyncGenerator<ChatEvent, void> {
  const json = { ...request, stream: true, stream_options: { include_usage: true } }
  const response = await http.send('POST', '/v1/chat/completions', {
    ...options,
    json,
    accept: 'text/event-stream',
  })
  const { headers, body } = response
  yield {
    type: 'begun',
    callId: headers.get('x-plinth-call'),
    model: headers.get('x-plinth-model'),
  }
  if (!body) throw cut('the answer')
  try {
    for await (const { data } of serverEvents(body)) {
      if (data === '[DONE]') return
      const chunk: unknown = JSON.parse(data)
      const problem = compatibleProblem(chunk)
      if (problem) throw new PlinthProblem(problem)
      yield* eventsOf(chunk as Chunk)
    }
  } catch (cause) {
    if (cause instanceof PlinthProblem || options.signal?.aborted) throw cause
    throw cut('the answer', cause)
  }
  throw cut('the answer')
}

function* eventsOf({ choices = [], usage }: Chunk): Generator<ChatEvent> {
  const [choice] = choices
  const { content, reasoning_content: reasoning, tool_calls: tools = [] } = choice?.delta ?? {}
  if (reasoning) yield { type: 'reasoning', text: reasoning }
  if (content) yield { type: 'text', text: content }
  for (const { index = 0, function: called = {} } of tools) {
    const { name = '', arguments: given = '' } = called
    yield { type: 'tool', index, name, arguments: given }
  }
  if (choice?.finish_reason) yield { type: 'finish', reason: choice.finish_reason }
  if (usage) {
    const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = usage
    yield { type: 'usage', inputTokens, outputTokens }
  }
}
