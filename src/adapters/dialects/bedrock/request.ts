import { PlinthError } from '#kernel'
import type {
  CallMessage,
  CallPart,
  CallTool,
  JsonObject,
  ModelCall,
  Reasoning,
  ToolChoice,
  WireRequest,
} from '#ports'
import { unsaid } from '../wire/calls.ts'
import { defined, Fields, isObject, parsed } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { blocksFor, cachePoint, family, partsOf } from './blocks.ts'

const address = /\/model\/([^/]+)\/(converse|converse-stream)$/
const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const

/** `POST /model/{id}/converse` as a call: model and streaming stand in the path. @throws INVALID_INPUT */
export function readConverse(body: unknown, path = ''): ModelCall {
  const [, model, operation] = address.exec(path.split('?')[0] ?? '') ?? []
  if (model === undefined) {
    const detail = 'The path names no model: /model/{modelId}/converse.'
    throw new PlinthError('INVALID_INPUT', { detail, where: 'path' })
  }
  const fields = Fields.asked(body)
  const config = fields.object('inferenceConfig')
  const system = partsOf(fields.objects('system') ?? [])
  const tier = fields.object('serviceTier')
  const tools = fields.object('toolConfig')
  const call = {
    model: decodeURIComponent(model),
    messages: [
      ...(system.length > 0 ? [{ role: 'system' as const, content: system }] : []),
      ...messagesOf(fields),
    ],
    tools: tools && toolsOf(tools),
    toolChoice: tools && choiceOf(tools),
    maxOutputTokens: config?.count('maxTokens', { min: 1 }),
    temperature: config?.number('temperature', { min: 0, max: 1 }),
    topP: config?.number('topP', { min: 0, max: 1 }),
    stop: config?.strings('stopSequences'),
    ...outputOf(fields),
    metadata: fields.table('requestMetadata', 'string'),
    serviceTier: tier?.string('type'),
    stream: operation === 'converse-stream',
  }
  if (config?.rest(family)) fields.keep('inferenceConfig')
  return defined({ ...call, extra: fields.rest(family) })
}

function messagesOf(fields: Fields): CallMessage[] {
  const messages = fields.objects('messages')
  if (!messages?.length) throw fields.refuse('messages', 'is required and must not be empty')
  return messages.flatMap((message) => {
    const role = message.needString('role')
    if (role !== 'user' && role !== 'assistant')
      throw message.refuse('role', `is "${role}"; known: user, assistant`)
    const turns: { role: 'user' | 'tool' | 'assistant'; content: CallPart[] }[] = []
    for (const part of partsOf(message.objects('content') ?? [])) {
      const own = role === 'user' && part.type === 'tool-result' ? 'tool' : role
      const last = turns.at(-1)
      if (last?.role === own) last.content.push(part)
      else turns.push({ role: own, content: [part] })
    }
    return turns
  })
}

function toolsOf(config: Fields): CallTool[] | undefined {
  const tools: CallTool[] = []
  for (const tool of config.objects('tools') ?? []) {
    const spec = tool.object('toolSpec')
    const point = tool.object('cachePoint')
    const last = tools.at(-1)
    if (spec)
      tools.push(
        defined({
          type: 'function' as const,
          name: spec.needString('name'),
          description: spec.string('description'),
          parameters: spec.object('inputSchema')?.plain('json'),
          strict: spec.boolean('strict'),
          extra: spec.rest(family),
        }),
      )
    else if (point && last?.type === 'function') last.cache = defined({ ttl: point.string('ttl') })
    else tools.push({ type: 'opaque', family, value: tool.whole() })
  }
  return tools.length > 0 ? tools : undefined
}

function choiceOf(config: Fields): ToolChoice | undefined {
  const choice = config.object('toolChoice')
  if (!choice) return undefined
  const named = choice.object('tool')
  if (named) return { name: named.needString('name') }
  return choice.object('any') ? 'required' : 'auto'
}

function outputOf(fields: Fields): Pick<ModelCall, 'format' | 'reasoning'> {
  const output = fields.object('outputConfig')
  const effort = output?.word('effort', efforts)
  const format = output?.object('textFormat')?.object('structure')?.object('jsonSchema')
  if (output?.rest(family) && !format) fields.keep('outputConfig')
  const schema = parsed(format?.string('schema') ?? '')
  return defined({
    reasoning: effort && { effort, adaptive: true },
    format: format && {
      type: 'json-schema' as const,
      name: format.string('name') ?? 'answer',
      schema: isObject(schema) ? schema : {},
      ...defined({ description: format.string('description') }),
    },
  }) as Pick<ModelCall, 'format' | 'reasoning'>
}

/** A call as `Converse`, or `ConverseStream`. */
export function writeConverse(call: ModelCall): WireRequest {
  const losses = new Losses()
  unsaid(call, losses, {
    meaning: [
      ...(['topK', 'minP', 'frequencyPenalty', 'presencePenalty', 'seed', 'logprobs'] as const),
      ...(['logitBias', 'parallelToolCalls'] as const),
    ],
    hint: ['user', 'cacheKey'],
  })
  if (call.n !== undefined)
    losses.add('n', call.n > 1 ? 'meaning' : 'hint', 'One answer is given for a request.')
  const from = call.messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  const leading = from < 0 ? call.messages.length : from
  const turns = call.messages.map((message, i) =>
    turnFor(message, { i, losses, leading: i < leading }),
  )
  const system = turns.slice(0, leading).flatMap(({ content }) => content)
  const own = losses.own(call.extra, family)
  const config = { ...configFor(call, losses), ...(own.inferenceConfig as object | undefined) }
  const output = { ...(own.outputConfig as object | undefined), ...outputFor(call, losses) }
  const body = defined({
    system: system.length > 0 ? system : undefined,
    messages: joined(turns.slice(leading)),
    toolConfig: toolConfigFor(call, losses),
    requestMetadata: call.metadata,
    serviceTier: call.serviceTier === undefined ? undefined : { type: call.serviceTier },
    ...own,
    inferenceConfig: Object.keys(config).length > 0 ? config : undefined,
    outputConfig: Object.keys(output).length > 0 ? output : undefined,
  })
  const operation = call.stream ? 'converse-stream' : 'converse'
  const path = `/model/${encodeURIComponent(call.model)}/${operation}`
  return { path, headers: {}, body: body as JsonObject, losses: losses.list }
}

interface Turn {
  role: 'user' | 'assistant'
  content: JsonObject[]
}

function turnFor(
  message: CallMessage,
  { i: at, losses, leading }: { i: number; losses: Losses; leading: boolean },
): Turn {
  const path = `messages/${at}`
  losses.own(message.extra, family, path)
  if (message.name !== undefined)
    losses.add(`${path}/name`, 'hint', 'Participants of one role have no names.')
  if ((message.role === 'system' || message.role === 'developer') && !leading)
    losses.add(path, 'changed', 'A system message within the conversation is the user’s.')
  const content = message.content.flatMap((part, i) =>
    blocksFor(part, { losses, path: `${path}/content/${i}`, shown: false }),
  )
  return { role: message.role === 'assistant' ? 'assistant' : 'user', content }
}

/** Neighbours of one role become one message: results of parallel calls must stand together. */
function joined(turns: readonly Turn[]): Turn[] {
  const result: Turn[] = []
  for (const { role, content } of turns) {
    const last = result.at(-1)
    if (content.length === 0) continue
    if (last?.role === role) last.content.push(...content)
    else result.push({ role, content: [...content] })
  }
  return result
}

function configFor(call: ModelCall, losses: Losses): JsonObject {
  const { temperature } = call
  if (temperature !== undefined && temperature > 1)
    losses.add('temperature', 'changed', 'The scale ends at 1.')
  return defined({
    maxTokens: call.maxOutputTokens,
    temperature: temperature === undefined ? undefined : Math.min(1, temperature),
    topP: call.topP,
    stopSequences: call.stop?.length ? call.stop : undefined,
  })
}

function toolConfigFor({ tools, toolChoice }: ModelCall, losses: Losses): JsonObject | undefined {
  const written = (tools ?? []).flatMap((tool, i): JsonObject[] => {
    const path = `tools/${i}`
    if (tool.type === 'opaque') {
      if (tool.family === family) return [{ ...tool.value }]
      losses.add(path, 'meaning', `Only ${tool.family} offers this tool.`)
      return []
    }
    const { name, description, parameters, strict, cache } = tool
    const inputSchema = parameters && { json: parameters }
    const own = losses.own(tool.extra, family, path)
    const spec = { toolSpec: defined({ name, description, inputSchema, strict, ...own }) }
    return cache ? [spec, cachePoint(cache)] : [spec]
  })
  if (toolChoice === 'none')
    losses.add('toolChoice', 'meaning', 'That no tool is called cannot be said.')
  if (written.length === 0) return undefined
  return defined({ tools: written, toolChoice: choiceFor(toolChoice) })
}

function choiceFor(choice: ToolChoice | undefined): JsonObject | undefined {
  if (choice === undefined || choice === 'none') return undefined
  if (choice === 'auto') return { auto: {} }
  return choice === 'required' ? { any: {} } : { tool: { name: choice.name } }
}

function outputFor({ format, reasoning }: ModelCall, losses: Losses): JsonObject {
  const effort = reasoning && effortFor(reasoning, losses)
  if (format?.type === 'json') losses.add('format', 'meaning', 'JSON is promised by a schema only.')
  if (format?.type === 'text') losses.add('format', 'hint', 'Text is what is given anyway.')
  if (format?.type !== 'json-schema') return defined({ effort })
  if (format.strict !== undefined) losses.add('format', 'hint', 'A schema always holds.')
  const { name, description } = format
  const jsonSchema = defined({ schema: JSON.stringify(format.schema), name, description })
  return defined({ effort, textFormat: { type: 'json_schema', structure: { jsonSchema } } })
}

function effortFor(reasoning: Reasoning, losses: Losses): string | undefined {
  const { effort, budgetTokens, summary } = reasoning
  if (summary !== undefined)
    losses.add('reasoning/summary', 'changed', 'Thoughts are shown as the model shows them.')
  if (effort === undefined || budgetTokens !== undefined)
    losses.add('reasoning', 'changed', 'How much is thought is told as an effort only.')
  if (effort === 'none' || effort === 'minimal') {
    losses.add('reasoning/effort', 'changed', 'The least effort is "low".')
    return 'low'
  }
  return effort
}
