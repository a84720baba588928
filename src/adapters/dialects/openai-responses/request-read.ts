import type {
  CallMessage,
  CallTool,
  ModelCall,
  Reasoning,
  ResponseFormat,
  ToolChoice,
} from '#ports'
import { efforts } from '../openai-chat/request-read.ts'
import { defined, Fields } from '../wire/fields.ts'
import { family } from './family.ts'
import { turnsOf } from './items-read.ts'

export const logprobsIncluded = 'message.output_text.logprobs'

/** `POST /responses` as a call. @throws INVALID_INPUT with the place. */
export function readResponsesRequest(body: unknown): ModelCall {
  const fields = Fields.asked(body)
  const call = {
    model: fields.needString('model'),
    messages: messagesOf(fields),
    tools: fields.objects('tools')?.map(toolOf),
    toolChoice: choiceOf(fields),
    parallelToolCalls: fields.boolean('parallel_tool_calls'),
    format: formatOf(fields),
    maxOutputTokens: fields.count('max_output_tokens', { min: 1 }),
    temperature: fields.number('temperature', { min: 0, max: 2 }),
    topP: fields.number('top_p', { min: 0, max: 1 }),
    logprobs: logprobsOf(fields),
    reasoning: reasoningOf(fields),
    user: fields.string('user'),
    metadata: fields.table('metadata', 'string'),
    cacheKey: fields.string('prompt_cache_key'),
    serviceTier: fields.string('service_tier'),
    stream: fields.boolean('stream') ?? false,
  }
  return defined({ ...call, extra: fields.rest(family) })
}

function messagesOf(fields: Fields): CallMessage[] {
  const told = fields.string('instructions')
  const first: CallMessage[] = told
    ? [{ role: 'system', content: [{ type: 'text', text: told }] }]
    : []
  const input = fields.raw('input')
  if (input === undefined) throw fields.refuse('input', 'is required')
  if (typeof input === 'string')
    return [...first, { role: 'user', content: [{ type: 'text', text: input }] }]
  const items = fields.objects('input')!
  if (items.length === 0) throw fields.refuse('input', 'must not be empty')
  return [...first, ...turnsOf(items)]
}

function toolOf(tool: Fields): CallTool {
  if (tool.needString('type') !== 'function') return { type: 'opaque', family, value: tool.whole() }
  return defined({
    type: 'function' as const,
    name: tool.needString('name'),
    description: tool.string('description'),
    parameters: tool.plain('parameters'),
    strict: tool.boolean('strict'),
    extra: tool.rest(family),
  })
}

function choiceOf(fields: Fields): ToolChoice | undefined {
  const value = fields.raw('tool_choice')
  if (value === undefined || value === 'auto' || value === 'none' || value === 'required')
    return value
  if (typeof value === 'string')
    throw fields.refuse('tool_choice', `is "${value}"; known: auto, none, required`)
  const chosen = fields.object('tool_choice')!
  if (chosen.string('type') === 'function') return { name: chosen.needString('name') }
  fields.keep('tool_choice')
  return undefined
}

function formatOf(fields: Fields): ResponseFormat | undefined {
  const config = fields.object('text')
  const format = config?.object('format')
  if (config?.rest(family)) fields.keep('text')
  const type = format?.string('type')
  if (!format || type === undefined) return undefined
  if (type === 'text') return { type: 'text' }
  if (type === 'json_object') return { type: 'json' }
  if (type !== 'json_schema')
    throw format.refuse('type', `is "${type}"; known: text, json_object, json_schema`)
  return defined({
    type: 'json-schema' as const,
    name: format.string('name') ?? 'answer',
    schema: format.plain('schema') ?? {},
    description: format.string('description'),
    strict: format.boolean('strict'),
  })
}

/** Probabilities are asked for by including them, or by how many. */
function logprobsOf(fields: Fields): { top: number } | undefined {
  const include = fields.strings('include')
  const top = fields.count('top_logprobs', { max: 100 })
  if (include?.some((one) => one !== logprobsIncluded)) fields.keep('include')
  if (top === undefined && !include?.includes(logprobsIncluded)) return undefined
  return { top: top ?? 0 }
}

function reasoningOf(fields: Fields): Reasoning | undefined {
  const given = fields.object('reasoning')
  if (!given) return undefined
  const effort = given.word('effort', efforts)
  const summary = given.string('summary') ?? given.string('generate_summary')
  if (given.rest(family)) fields.keep('reasoning')
  if (effort === undefined && summary === undefined) return undefined
  const adaptive = effort === 'none' ? undefined : true
  return defined({ effort, adaptive, summary })
}
