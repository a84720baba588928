import type {
  CallMessage,
  CallPart,
  CallTool,
  JsonObject,
  ModelCall,
  Reasoning,
  ResponseFormat,
  WireRequest,
} from '#ports'
import { unsaid } from '../wire/calls.ts'
import { defined, Fields } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { sourceOfUrl, urlOfSource } from '../wire/media.ts'

export const family = 'cohere'

/** `POST /v2/chat` as a call. @throws INVALID_INPUT with the place. */
export function readCohereRequest(body: unknown): ModelCall {
  const fields = Fields.asked(body)
  const messages = fields.objects('messages')
  if (!messages?.length) throw fields.refuse('messages', 'is required and must not be empty')
  const choice = fields.string('tool_choice')
  if (choice !== undefined && choice !== 'REQUIRED' && choice !== 'NONE')
    throw fields.refuse('tool_choice', `is "${choice}"; known: REQUIRED, NONE`)
  const strict = fields.boolean('strict_tools')
  const call = {
    model: fields.needString('model'),
    messages: messages.map(messageOf),
    tools: fields.objects('tools')?.map((tool) => toolOf(tool, strict)),
    toolChoice: choice && (choice === 'REQUIRED' ? ('required' as const) : ('none' as const)),
    format: formatOf(fields),
    maxOutputTokens: fields.count('max_tokens', { min: 1 }),
    temperature: fields.number('temperature', { min: 0, max: 2 }),
    topP: fields.number('p', { min: 0, max: 1 }),
    topK: fields.number('k', { min: 0 }),
    frequencyPenalty: fields.number('frequency_penalty', { min: -2, max: 2 }),
    presencePenalty: fields.number('presence_penalty', { min: -2, max: 2 }),
    seed: fields.number('seed'),
    stop: fields.strings('stop_sequences'),
    reasoning: reasoningOf(fields),
    stream: fields.boolean('stream') ?? false,
  }
  return defined({ ...call, extra: fields.rest(family) })
}

const roles = ['system', 'user', 'assistant', 'tool'] as const

function messageOf(message: Fields): CallMessage {
  const said = message.needString('role')
  const role = roles.find((one) => one === said)
  if (!role) throw message.refuse('role', `is "${said}"; known: ${roles.join(', ')}`)
  const callId = role === 'tool' ? message.needString('tool_call_id') : ''
  const parts = partsOf(message)
  const content: CallPart[] =
    role === 'tool' ? [{ type: 'tool-result', callId, content: parts }] : parts
  return defined({ role, content, extra: message.rest(family) })
}

/** Thoughts, text, images and calls of a message, in requests and in answers. */
export function partsOf(message: Fields): CallPart[] {
  const parts: CallPart[] = []
  const plan = message.string('tool_plan')
  if (plan) parts.push({ type: 'reasoning', text: plan })
  const content = message.raw('content')
  if (typeof content === 'string') {
    if (content !== '') parts.push({ type: 'text', text: content })
  } else if (content !== undefined) parts.push(...message.objects('content')!.map(partOf))
  for (const call of message.objects('tool_calls') ?? []) {
    call.raw('type')
    const given = call.needObject('function')
    const name = given.needString('name')
    const text = given.string('arguments') ?? ''
    parts.push({ type: 'tool-call', id: call.needString('id'), name, arguments: text })
  }
  return parts
}

function partOf(part: Fields): CallPart {
  const type = part.needString('type')
  if (type === 'text') return { type, text: part.needString('text') }
  if (type === 'thinking') return { type: 'reasoning', text: part.needString('thinking') }
  if (type === 'image_url') {
    const image = part.needObject('image_url')
    const source = sourceOfUrl(image.needString('url'))
    return defined({ type: 'image' as const, source, detail: image.string('detail') })
  }
  return { type: 'opaque', family, value: part.whole() }
}

function toolOf(tool: Fields, strict: boolean | undefined): CallTool {
  const given = tool.needObject('function')
  return defined({
    type: 'function' as const,
    name: given.needString('name'),
    description: given.string('description'),
    parameters: given.plain('parameters'),
    strict,
    extra: given.rest(family),
  })
}

function formatOf(fields: Fields): ResponseFormat | undefined {
  const format = fields.object('response_format')
  const type = format?.string('type')
  if (!format || type === undefined) return undefined
  if (type === 'text') return { type }
  if (type !== 'json_object') throw format.refuse('type', `is "${type}"; known: text, json_object`)
  const schema = format.plain('json_schema') ?? format.plain('schema')
  return schema ? { type: 'json-schema', name: 'answer', schema } : { type: 'json' }
}

function reasoningOf(fields: Fields): Reasoning | undefined {
  const thinking = fields.object('thinking')
  if (!thinking) return undefined
  if (thinking.string('type') === 'disabled') return { effort: 'none' }
  const budgetTokens = thinking.count('token_budget')
  return budgetTokens === undefined ? { adaptive: true } : { budgetTokens }
}

/** A call as `POST /v2/chat`. */
export function writeCohereRequest(call: ModelCall): WireRequest {
  const losses = new Losses()
  unsaid(call, losses, {
    meaning: ['minP', 'logprobs', 'logitBias', 'parallelToolCalls'],
    hint: ['user', 'metadata', 'cacheKey', 'serviceTier'],
  })
  if (call.n !== undefined)
    losses.add('n', call.n > 1 ? 'meaning' : 'hint', 'One answer is given for a request.')
  const strict = strictOf(call, losses)
  const body = defined({
    model: call.model,
    messages: call.messages.flatMap((message, i) =>
      messagesFor(message, { losses, path: `messages/${i}` }),
    ),
    tools: call.tools && toolsFor(call.tools, losses),
    strict_tools: strict,
    tool_choice: choiceFor(call, losses),
    response_format: call.format && formatFor(call.format, losses),
    max_tokens: call.maxOutputTokens,
    temperature: call.temperature,
    p: call.topP,
    k: call.topK,
    frequency_penalty: call.frequencyPenalty,
    presence_penalty: call.presencePenalty,
    seed: call.seed,
    stop_sequences: call.stop?.length ? call.stop : undefined,
    thinking: call.reasoning && thinkingFor(call.reasoning, losses),
    stream: call.stream || undefined,
    ...losses.own(call.extra, family),
  })
  return { path: '/chat', headers: {}, body: body as JsonObject, losses: losses.list }
}

/** All tools are strict here, or none. */
function strictOf({ tools }: ModelCall, losses: Losses): boolean | undefined {
  const told = (tools ?? []).map((tool) => (tool.type === 'function' ? tool.strict : undefined))
  if (new Set(told).size > 1)
    losses.add('tools', 'changed', 'All tools are kept to strictly, or none.')
  return told.includes(true) ? true : told.find((one) => one !== undefined)
}

interface At {
  losses: Losses
  path: string
}

function messagesFor(message: CallMessage, at: At): JsonObject[] {
  if (message.name !== undefined)
    at.losses.add(`${at.path}/name`, 'hint', 'Participants of one role have no names.')
  const own = at.losses.own(message.extra, family, at.path)
  const role = message.role === 'developer' ? 'system' : message.role
  if (role !== 'tool') return [{ role, ...contentFor(message.content, at), ...own }]
  return message.content.flatMap((part, i) => {
    const path = `${at.path}/content/${i}`
    if (part.type !== 'tool-result') return []
    if (part.isError) at.losses.add(path, 'changed', 'That a tool failed is told in its text only.')
    const texts = part.content.filter((one, j) => {
      const fits = one.type === 'text' || (one.type === 'opaque' && one.family === family)
      if (!fits) at.losses.add(`${path}/content/${j}`, 'meaning', 'Results of tools are text.')
      return fits
    })
    const told = contentFor(texts, { ...at, path })
    return [{ role, tool_call_id: part.callId, content: told.content ?? '', ...own }]
  })
}

/** Content of a message: thoughts before calls of tools are the plan for these. */
export function contentFor(content: readonly CallPart[], at: At): JsonObject {
  const parts: JsonObject[] = []
  const calls: unknown[] = []
  const planned = content.some(({ type }) => type === 'tool-call')
  let plan = ''
  at.losses.unordered(content, at.path)
  for (const [i, part] of content.entries()) {
    const path = `${at.path}/content/${i}`
    if (part.type === 'tool-call') {
      const { id, name, arguments: text } = part
      calls.push({ id, type: 'function', function: { name, arguments: text } })
    } else if (part.type === 'reasoning' && part.signedBy !== undefined)
      at.losses.add(path, 'changed', `Only ${part.signedBy} can read its own thoughts.`)
    else if (part.type === 'reasoning' && planned) plan += part.text
    else parts.push(...partFor(part, { ...at, path }))
  }
  const [only] = parts
  const plain = parts.length === 1 && only!.type === 'text'
  return defined({
    content: parts.length === 0 ? (planned ? undefined : '') : plain ? only!.text : parts,
    tool_plan: plan || undefined,
    tool_calls: calls.length > 0 ? calls : undefined,
  })
}

function partFor(part: CallPart, { losses, path }: At): JsonObject[] {
  if (part.type === 'opaque') {
    if (part.family === family) return [{ ...part.value }]
    losses.add(path, 'meaning', `Only ${part.family} knows this content.`)
    return []
  }
  if (part.cache) losses.add(`${path}/cache`, 'hint', 'Prompts are cached without being asked.')
  losses.own(part.extra, family, path)
  if (part.type === 'text') return [{ type: 'text', text: part.text }]
  if (part.type === 'refusal') {
    losses.add(path, 'changed', 'A refusal is told as text.')
    return [{ type: 'text', text: part.text }]
  }
  if (part.type === 'reasoning') return [{ type: 'thinking', thinking: part.text }]
  const url = part.type === 'image' ? urlOfSource(part.source) : undefined
  if (part.type === 'image' && url !== undefined)
    return [{ type: 'image_url', image_url: defined({ url, detail: part.detail }) }]
  losses.add(path, 'meaning', `There is no content of type "${part.type}" like this.`)
  return []
}

function toolsFor(tools: readonly CallTool[], losses: Losses): unknown[] {
  return tools.flatMap((tool, i): unknown[] => {
    const path = `tools/${i}`
    if (tool.type === 'opaque') {
      losses.add(path, 'meaning', `Only ${tool.family} offers this tool.`)
      return []
    }
    if (tool.cache) losses.add(`${path}/cache`, 'hint', 'Tools are cached without being asked.')
    const { name, description, parameters } = tool
    const own = losses.own(tool.extra, family, path)
    return [{ type: 'function', function: defined({ name, description, parameters, ...own }) }]
  })
}

function choiceFor({ toolChoice }: ModelCall, losses: Losses): string | undefined {
  if (toolChoice === 'required') return 'REQUIRED'
  if (toolChoice === 'none') return 'NONE'
  if (toolChoice === 'auto') losses.add('toolChoice', 'hint', 'The model decides anyway.')
  else if (toolChoice !== undefined)
    losses.add('toolChoice', 'meaning', 'A tool cannot be demanded by its name.')
  return undefined
}

function formatFor(format: ResponseFormat, losses: Losses): JsonObject {
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json') return { type: 'json_object' }
  const { name, description, strict, schema } = format
  if (name !== 'answer' || description !== undefined || strict !== undefined)
    losses.add('format', 'hint', 'A schema has no name of its own and always holds.')
  return { type: 'json_object', json_schema: schema }
}

function thinkingFor(reasoning: Reasoning, losses: Losses): JsonObject {
  const { effort, budgetTokens, summary } = reasoning
  if (summary !== undefined)
    losses.add('reasoning/summary', 'changed', 'Thoughts are shown as they are.')
  if (effort === 'none') return { type: 'disabled' }
  if (effort !== undefined)
    losses.add('reasoning/effort', 'changed', 'Thinking is on or off, with a budget at most.')
  return defined({ type: 'enabled', token_budget: budgetTokens })
}
