import type { CallMessage, CallTool, ModelCall, ResponseFormat, ToolChoice } from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { assistantParts, partsOf } from './parts-read.ts'
import { family } from './variant.ts'

export const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const

/** `POST /chat/completions` as a call. @throws INVALID_INPUT with the place. */
export function readChatRequest(body: unknown): ModelCall {
  const fields = Fields.asked(body)
  for (const old of ['functions', 'function_call']) {
    if (fields.raw(old) !== undefined)
      throw fields.refuse(old, 'is not offered any more: use "tools" and "tool_choice"')
  }
  const stream = fields.boolean('stream') ?? false
  const call = {
    model: fields.needString('model'),
    messages: messagesOf(fields),
    tools: toolsOf(fields),
    toolChoice: choiceOf(fields),
    parallelToolCalls: fields.boolean('parallel_tool_calls'),
    format: formatOf(fields),
    ...sampling(fields),
    user: fields.string('user'),
    metadata: fields.table('metadata', 'string'),
    cacheKey: fields.string('prompt_cache_key'),
    serviceTier: fields.string('service_tier'),
    stream,
    includeUsage: usageWanted(fields),
  }
  return defined({ ...call, extra: fields.rest(family) })
}

/** Parameters of sampling that chat completions and completions have in common. */
function sampling(fields: Fields) {
  const stop = fields.raw('stop')
  const effort = fields.word('reasoning_effort', efforts)
  const top = fields.count('top_logprobs', { max: 100 })
  const wanted = fields.boolean('logprobs')
  const long = fields.count('max_completion_tokens', { min: 1 })
  const short = fields.count('max_tokens', { min: 1 })
  return {
    maxOutputTokens: long ?? short,
    temperature: fields.number('temperature', { min: 0, max: 2 }),
    topP: fields.number('top_p', { min: 0, max: 1 }),
    topK: fields.number('top_k'),
    minP: fields.number('min_p', { min: 0, max: 1 }),
    frequencyPenalty: fields.number('frequency_penalty', { min: -2, max: 2 }),
    presencePenalty: fields.number('presence_penalty', { min: -2, max: 2 }),
    seed: fields.number('seed') ?? fields.number('random_seed'),
    stop: typeof stop === 'string' ? [stop] : fields.strings('stop'),
    n: fields.count('n', { min: 1, max: 128 }),
    logprobs: wanted === true ? { top: top ?? 0 } : undefined,
    logitBias: fields.table('logit_bias', 'number'),
    reasoning: effort && (effort === 'none' ? { effort } : { effort, adaptive: true }),
  }
}

function usageWanted(fields: Fields): boolean | undefined {
  const options = fields.object('stream_options')
  const wanted = options?.boolean('include_usage')
  if (options?.rest(family)) {
    // Others of its options are only for the same dialect: all of them go along, usage counts twice at no cost.
    fields.keep('stream_options')
  }
  return wanted
}

function messagesOf(fields: Fields): CallMessage[] {
  const messages = fields.objects('messages')
  if (!messages || messages.length === 0)
    throw fields.refuse('messages', 'is required and must not be empty')
  return messages.map(messageOf)
}

function messageOf(fields: Fields): CallMessage {
  const role = fields.needString('role')
  const name = fields.string('name')
  const read = (content: CallMessage['content']): CallMessage =>
    defined({ role: role as CallMessage['role'], content, name, extra: fields.rest(family) })
  if (role === 'system' || role === 'developer' || role === 'user') return read(partsOf(fields))
  if (role === 'assistant') return read(assistantParts(fields))
  if (role === 'tool') {
    const callId = fields.needString('tool_call_id')
    return read([{ type: 'tool-result', callId, content: partsOf(fields) }])
  }
  throw fields.refuse('role', `is "${role}"; known: system, developer, user, assistant, tool`)
}

function toolsOf(fields: Fields): CallTool[] | undefined {
  return fields.objects('tools')?.map((tool): CallTool => {
    if (tool.needString('type') !== 'function')
      return { type: 'opaque', family, value: tool.whole() }
    const given = tool.needObject('function')
    return defined({
      type: 'function' as const,
      name: given.needString('name'),
      description: given.string('description'),
      parameters: given.plain('parameters'),
      strict: given.boolean('strict'),
      extra: given.rest(family),
    })
  })
}

function choiceOf(fields: Fields): ToolChoice | undefined {
  const value = fields.raw('tool_choice')
  if (value === undefined || value === 'auto' || value === 'none') return value
  if (value === 'required' || value === 'any') return 'required'
  if (typeof value === 'string')
    throw fields.refuse('tool_choice', `is "${value}"; known: auto, none, required`)
  const chosen = fields.object('tool_choice')!
  if (chosen.string('type') === 'function')
    return { name: chosen.needObject('function').needString('name') }
  fields.keep('tool_choice')
  return undefined
}

function formatOf(fields: Fields): ResponseFormat | undefined {
  const format = fields.object('response_format')
  const type = format?.string('type')
  if (!format || type === undefined) return undefined
  if (type === 'text') return { type: 'text' }
  if (type === 'json_object') return { type: 'json' }
  if (type !== 'json_schema') {
    fields.keep('response_format')
    return undefined
  }
  const schema = format.needObject('json_schema')
  return defined({
    type: 'json-schema' as const,
    name: schema.string('name') ?? 'answer',
    schema: schema.plain('schema') ?? {},
    description: schema.string('description'),
    strict: schema.boolean('strict'),
  })
}
