import type {
  CallMessage,
  CallPart,
  CallTool,
  ModelCall,
  Reasoning,
  ResponseFormat,
  ToolChoice,
} from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { blocksOf, cacheOf } from './blocks-read.ts'
import { family } from './family.ts'

const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const

/** `POST /v1/messages` (and `count_tokens`, which has no limit of tokens) as a call. @throws INVALID_INPUT */
export function readMessagesRequest(body: unknown): ModelCall {
  const fields = Fields.asked(body)
  const format = formatOf(fields)
  const reasoning = reasoningOf(fields)
  const choice = choiceOf(fields)
  const call = {
    model: fields.needString('model'),
    messages: [...systemOf(fields), ...messagesOf(fields)],
    tools: fields.objects('tools')?.map(toolOf),
    ...choice,
    format,
    maxOutputTokens: fields.count('max_tokens', { min: 0 }),
    temperature: fields.number('temperature', { min: 0, max: 1 }),
    topP: fields.number('top_p', { min: 0, max: 1 }),
    topK: fields.count('top_k'),
    stop: fields.strings('stop_sequences'),
    reasoning,
    user: userOf(fields),
    serviceTier: fields.string('service_tier'),
    stream: fields.boolean('stream') ?? false,
  }
  return defined({ ...call, extra: fields.rest(family) })
}

function systemOf(fields: Fields): CallMessage[] {
  const system = fields.raw('system')
  if (system === undefined || system === '') return []
  if (typeof system === 'string')
    return [{ role: 'system', content: [{ type: 'text', text: system }] }]
  const blocks = fields.objects('system')!
  return blocks.length === 0 ? [] : [{ role: 'system', content: blocksOf(blocks) }]
}

function messagesOf(fields: Fields): CallMessage[] {
  const messages = fields.objects('messages')
  if (!messages || messages.length === 0)
    throw fields.refuse('messages', 'is required and must not be empty')
  return messages.flatMap((message) => {
    const role = message.needString('role')
    if (role !== 'user' && role !== 'assistant' && role !== 'system')
      throw message.refuse('role', `is "${role}"; known: user, assistant, system`)
    return turnsOf(role, contentOf(message))
  })
}

function contentOf(message: Fields): CallPart[] {
  const content = message.raw('content')
  if (content === undefined) throw message.refuse('content', 'is required')
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  return blocksOf(message.objects('content')!)
}

/** Results of tools stand in the user's message here, in one of their own there: it is taken apart in order. */
function turnsOf(role: 'user' | 'assistant' | 'system', content: CallPart[]): CallMessage[] {
  if (role !== 'user') return [{ role, content }]
  const turns: { role: 'user' | 'tool'; content: CallPart[] }[] = []
  for (const part of content) {
    const own = part.type === 'tool-result' ? 'tool' : 'user'
    const last = turns.at(-1)
    if (last?.role === own) last.content.push(part)
    else turns.push({ role: own, content: [part] })
  }
  return turns.length > 0 ? turns : [{ role, content }]
}

function toolOf(tool: Fields): CallTool {
  const type = tool.string('type')
  if (type !== undefined && type !== 'custom')
    return { type: 'opaque', family, value: tool.whole() }
  return defined({
    type: 'function' as const,
    name: tool.needString('name'),
    description: tool.string('description'),
    parameters: tool.plain('input_schema'),
    strict: tool.boolean('strict'),
    cache: cacheOf(tool),
    extra: tool.rest(family),
  })
}

function choiceOf(fields: Fields): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  const choice = fields.object('tool_choice')
  if (!choice) return {}
  const type = choice.needString('type')
  const single = choice.boolean('disable_parallel_tool_use')
  const parallel = single === undefined ? {} : { parallelToolCalls: !single }
  if (type === 'auto' || type === 'none') return { toolChoice: type, ...parallel }
  if (type === 'any') return { toolChoice: 'required', ...parallel }
  if (type === 'tool') return { toolChoice: { name: choice.needString('name') }, ...parallel }
  throw choice.refuse('type', `is "${type}"; known: auto, any, tool, none`)
}

function formatOf(fields: Fields): ResponseFormat | undefined {
  const config = fields.object('output_config')
  const format = config?.object('format')
  if (!format) return undefined
  if (format.needString('type') !== 'json_schema')
    throw format.refuse('type', 'is unknown; known: json_schema')
  return { type: 'json-schema', name: 'answer', schema: format.plain('schema') ?? {} }
}

function reasoningOf(fields: Fields): Reasoning | undefined {
  const config = fields.object('output_config')
  const effort = config?.word('effort', efforts)
  config?.raw('format')
  const thinking = fields.object('thinking')
  const type = thinking?.needString('type')
  const summary = thinking?.string('display')
  const more = defined({ effort, summary })
  if (config?.rest(family)) fields.keep('output_config')
  if (type === 'disabled') {
    if (effort !== undefined) fields.keep('output_config')
    return { effort: 'none' }
  }
  if (type === 'enabled')
    return { budgetTokens: thinking!.count('budget_tokens', { min: 1 }) ?? 1_024, ...more }
  if (type === 'adaptive') return { adaptive: true, ...more }
  if (type !== undefined) fields.keep('thinking')
  return effort === undefined ? undefined : { effort }
}

function userOf(fields: Fields): string | undefined {
  const metadata = fields.object('metadata')
  const user = metadata?.string('user_id')
  if (metadata?.rest(family)) fields.keep('metadata')
  return user
}
