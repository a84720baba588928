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
import { namesOfCalls, unsaid } from '../wire/calls.ts'
import { defined, Fields, isObject, parsed } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'

export const family = 'ollama'

/** `POST /api/chat` as a call. @throws INVALID_INPUT with the place. */
export function readOllamaRequest(body: unknown): ModelCall {
  const fields = Fields.asked(body)
  const options = fields.object('options')
  const probable = fields.boolean('logprobs')
  const top = fields.count('top_logprobs', { max: 100 })
  const messages = fields.objects('messages')
  if (!messages?.length) throw fields.refuse('messages', 'is required and must not be empty')
  const counted = new Map<string, number>()
  const call = {
    model: fields.needString('model'),
    messages: messages.map((message) => messageOf(message, counted)),
    tools: fields.objects('tools')?.map(toolOf),
    format: formatOf(fields),
    ...(options ? optionsOf(options) : {}),
    logprobs: probable === true ? { top: top ?? 0 } : undefined,
    reasoning: reasoningOf(fields),
    stream: fields.boolean('stream') ?? true,
  }
  if (options?.rest(family)) fields.keep('options')
  return defined({ ...call, extra: fields.rest(family) })
}

function optionsOf(options: Fields) {
  const stop = options.raw('stop')
  const limit = options.number('num_predict')
  if (limit !== undefined && limit < 1) options.keep('num_predict')
  return {
    maxOutputTokens: limit !== undefined && limit >= 1 ? limit : undefined,
    temperature: options.number('temperature', { min: 0, max: 2 }),
    topP: options.number('top_p', { min: 0, max: 1 }),
    topK: options.number('top_k'),
    minP: options.number('min_p', { min: 0, max: 1 }),
    frequencyPenalty: options.number('frequency_penalty', { min: -2, max: 2 }),
    presencePenalty: options.number('presence_penalty', { min: -2, max: 2 }),
    seed: options.number('seed'),
    stop: typeof stop === 'string' ? [stop] : options.strings('stop'),
  }
}

const roles = ['system', 'user', 'assistant', 'tool'] as const

function messageOf(message: Fields, counted: Map<string, number>): CallMessage {
  const said = message.needString('role')
  const role = roles.find((one) => one === said)
  if (!role) throw message.refuse('role', `is "${said}"; known: ${roles.join(', ')}`)
  const parts = partsOf(message, (name) => nthCall(counted, 'call', name))
  if (role !== 'tool') return defined({ role, content: parts, extra: message.rest(family) })
  const name = message.string('tool_name') ?? ''
  const callId = message.string('tool_call_id') ?? nthCall(counted, 'result', name)
  const content: CallPart[] = [{ type: 'tool-result', callId, content: parts }]
  return defined({ role, content, extra: message.rest(family) })
}

/** Calls and results without an id belong together by their order. */
function nthCall(counted: Map<string, number>, kind: string, name: string): string {
  const at = counted.get(`${kind} ${name}`) ?? 0
  counted.set(`${kind} ${name}`, at + 1)
  return `call_${name}_${at}`
}

/** Thoughts, text, images and calls of a message, in requests and in answers. */
export function partsOf(message: Fields, nameCall: (name: string) => string): CallPart[] {
  const parts: CallPart[] = []
  const thoughts = message.string('thinking')
  if (thoughts) parts.push({ type: 'reasoning', text: thoughts })
  const text = message.string('content')
  if (text) parts.push({ type: 'text', text })
  for (const data of message.strings('images') ?? [])
    parts.push({ type: 'image', source: { kind: 'bytes', mediaType: typeOf(data), data } })
  for (const call of message.objects('tool_calls') ?? []) {
    const given = call.needObject('function')
    const name = given.needString('name')
    const input = given.raw('arguments')
    const value = typeof input === 'string' ? input : JSON.stringify(input ?? {})
    parts.push({
      type: 'tool-call',
      id: call.string('id') ?? nameCall(name),
      name,
      arguments: value,
    })
  }
  return parts
}

/** Images come without their type: it is seen from how they begin. */
function typeOf(base64: string): string {
  if (base64.startsWith('/9j/')) return 'image/jpeg'
  if (base64.startsWith('R0lGOD')) return 'image/gif'
  return base64.startsWith('UklGR') ? 'image/webp' : 'image/png'
}

function toolOf(tool: Fields): CallTool {
  if ((tool.string('type') ?? 'function') !== 'function')
    return { type: 'opaque', family, value: tool.whole() }
  const given = tool.needObject('function')
  return defined({
    type: 'function' as const,
    name: given.needString('name'),
    description: given.string('description'),
    parameters: given.plain('parameters'),
    extra: given.rest(family),
  })
}

function formatOf(fields: Fields): ResponseFormat | undefined {
  const format = fields.raw('format')
  if (format === undefined || format === '') return undefined
  if (format === 'json') return { type: 'json' }
  if (!isObject(format)) throw fields.refuse('format', 'must be "json" or a schema')
  return { type: 'json-schema', name: 'answer', schema: format }
}

const efforts = ['low', 'medium', 'high'] as const

function reasoningOf(fields: Fields): Reasoning | undefined {
  const think = fields.raw('think')
  if (think === undefined) return undefined
  if (think === false) return { effort: 'none' }
  if (think === true) return { adaptive: true }
  const effort = efforts.find((one) => one === think)
  if (!effort) throw fields.refuse('think', `must be a truth value or ${efforts.join(', ')}`)
  return { effort, adaptive: true }
}

/** A call as `POST /api/chat`. */
export function writeOllamaRequest(call: ModelCall): WireRequest {
  const losses = new Losses()
  unsaid(call, losses, {
    meaning: ['logitBias', 'parallelToolCalls'],
    hint: ['user', 'metadata', 'cacheKey', 'serviceTier'],
  })
  if (call.toolChoice !== undefined) {
    const effect = call.toolChoice === 'auto' ? 'hint' : 'meaning'
    losses.add('toolChoice', effect, 'The model decides which tools it calls.')
  }
  if (call.n !== undefined)
    losses.add('n', call.n > 1 ? 'meaning' : 'hint', 'One answer is given for a request.')
  const own = losses.own(call.extra, family)
  const options = { ...optionsFor(call), ...(own.options as object | undefined) }
  const names = namesOfCalls(call)
  const body = defined({
    model: call.model,
    messages: call.messages.flatMap((message, i) =>
      messagesFor(message, { losses, names, path: `messages/${i}` }),
    ),
    tools: call.tools && toolsFor(call.tools, losses),
    format: call.format && formatFor(call.format, losses),
    ...(call.logprobs ? { logprobs: true, top_logprobs: call.logprobs.top || undefined } : {}),
    think: call.reasoning && thinkFor(call.reasoning, losses),
    stream: call.stream,
    ...own,
    options: Object.keys(options).length > 0 ? options : undefined,
  })
  return { path: '/api/chat', headers: {}, body: body as JsonObject, losses: losses.list }
}

function optionsFor(call: ModelCall): JsonObject {
  return defined({
    num_predict: call.maxOutputTokens,
    temperature: call.temperature,
    top_p: call.topP,
    top_k: call.topK,
    min_p: call.minP,
    frequency_penalty: call.frequencyPenalty,
    presence_penalty: call.presencePenalty,
    seed: call.seed,
    stop: call.stop?.length ? call.stop : undefined,
  })
}

interface At {
  losses: Losses
  names: ReadonlyMap<string, string>
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
    const known = { tool_call_id: part.callId, tool_name: at.names.get(part.callId) }
    return [defined({ role, ...contentFor(part.content, { ...at, path }), ...known, ...own })]
  })
}

const order = ['reasoning', 'text', 'refusal', 'image', 'tool-call']

/** Content as it stands in a message here: one text, beside it images, thoughts and calls. */
export function contentFor(
  content: readonly CallPart[],
  at: { losses: Losses; path: string },
): JsonObject {
  const said = { text: [] as string[], thoughts: '', images: [] as string[] }
  const calls: unknown[] = []
  for (const [i, part] of content.entries()) {
    const path = `${at.path}/content/${i}`
    if (part.type !== 'opaque' && part.cache)
      at.losses.add(`${path}/cache`, 'hint', 'Prompts are cached without being asked.')
    if (part.type !== 'opaque') at.losses.own(part.extra, family, path)
    if (part.type === 'text') said.text.push(part.text)
    else if (part.type === 'refusal') {
      at.losses.add(path, 'changed', 'A refusal is told as text.')
      said.text.push(part.text)
    } else if (part.type === 'reasoning') {
      if (part.signedBy === undefined) said.thoughts += part.text
      else at.losses.add(path, 'changed', `Only ${part.signedBy} can read its own thoughts.`)
    } else if (part.type === 'image' && part.source.kind === 'bytes') {
      if (part.detail !== undefined || typeOf(part.source.data) !== part.source.mediaType)
        at.losses.add(path, 'changed', 'An image is told by its bytes alone.')
      said.images.push(part.source.data)
    } else if (part.type === 'tool-call') {
      const { id, name, arguments: text } = part
      calls.push({ id, function: { name, arguments: argsFor(text, { ...at, path }) } })
    } else at.losses.add(path, 'meaning', `There is no content of type "${part.type}" like this.`)
  }
  const ranks = content.map(({ type }) => order.indexOf(type))
  if (ranks.some((rank, i) => rank < (ranks[i - 1] ?? 0)))
    at.losses.add(`${at.path}/content`, 'hint', 'In which order its parts came is not told.')
  if (said.text.length > 1)
    at.losses.add(`${at.path}/content`, 'changed', 'Several texts become one.')
  return defined({
    content: said.text.join('\n'),
    thinking: said.thoughts || undefined,
    images: said.images.length > 0 ? said.images : undefined,
    tool_calls: calls.length > 0 ? calls : undefined,
  })
}

function argsFor(text: string, at: { losses: Losses; path: string }): unknown {
  const value = text.trim() === '' ? {} : parsed(text)
  if (isObject(value)) return value
  at.losses.add(`${at.path}/arguments`, 'changed', 'Arguments that are no JSON object are wrapped.')
  return { arguments: value ?? text }
}

function toolsFor(tools: readonly CallTool[], losses: Losses): unknown[] {
  return tools.flatMap((tool, i): unknown[] => {
    const path = `tools/${i}`
    if (tool.type === 'opaque') {
      if (tool.family === family) return [tool.value]
      losses.add(path, 'meaning', `Only ${tool.family} offers this tool.`)
      return []
    }
    if (tool.strict !== undefined)
      losses.add(`${path}/strict`, 'changed', 'How strictly a schema is kept cannot be said.')
    if (tool.cache) losses.add(`${path}/cache`, 'hint', 'Tools are cached without being asked.')
    const { name, description, parameters } = tool
    const own = losses.own(tool.extra, family, path)
    return [{ type: 'function', function: defined({ name, description, parameters, ...own }) }]
  })
}

function formatFor(format: ResponseFormat, losses: Losses): unknown {
  if (format.type === 'json') return 'json'
  if (format.type === 'text') {
    losses.add('format', 'hint', 'Text is what is given anyway.')
    return undefined
  }
  const { name, description, strict } = format
  if (name !== 'answer' || description !== undefined || strict !== undefined)
    losses.add('format', 'hint', 'A schema has no name of its own and always holds.')
  return format.schema
}

function thinkFor(reasoning: Reasoning, losses: Losses): unknown {
  const { effort, budgetTokens, summary } = reasoning
  if (summary !== undefined)
    losses.add('reasoning/summary', 'changed', 'Thoughts are shown as they are.')
  if (budgetTokens !== undefined)
    losses.add('reasoning/budgetTokens', 'changed', 'How many tokens are thought is not limited.')
  if (effort === 'none') return false
  if (effort === undefined) return true
  const known = efforts.find((one) => one === effort)
  if (known) return known
  losses.add('reasoning/effort', 'changed', `The nearest effort to "${effort}" is sent.`)
  return effort === 'minimal' ? 'low' : 'high'
}
