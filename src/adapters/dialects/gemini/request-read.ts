import { PlinthError } from '#kernel'
import type { CallMessage, CallPart, CallTool, ModelCall, Reasoning, ToolChoice } from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { family, partsOf } from './parts.ts'

const address = /\/models\/([^/:]+):(generateContent|streamGenerateContent)/

/** `POST /models/{model}:generateContent` as a call: model and streaming stand in the path. @throws INVALID_INPUT */
export function readGeminiRequest(body: unknown, path = ''): ModelCall {
  const [, model, operation] = address.exec(path) ?? []
  if (model === undefined) {
    const detail = 'The path names no model: /models/{model}:generateContent.'
    throw new PlinthError('INVALID_INPUT', { detail, where: 'path' })
  }
  const fields = Fields.asked(body)
  fields.raw('model')
  const config = fields.object('generationConfig')
  const call = {
    model: decodeURIComponent(model),
    messages: messagesOf(fields),
    tools: toolsOf(fields),
    toolChoice: choiceOf(fields),
    ...(config ? configOf(config) : {}),
    stream: operation === 'streamGenerateContent',
  }
  if (config?.rest(family)) fields.keep('generationConfig')
  return defined({ ...call, extra: fields.rest(family) })
}

function configOf(config: Fields) {
  const probable = config.boolean('responseLogprobs')
  const top = config.count('logprobs', { max: 100 })
  return {
    format: formatOf(config),
    maxOutputTokens: config.count('maxOutputTokens', { min: 1 }),
    temperature: config.number('temperature', { min: 0, max: 2 }),
    topP: config.number('topP', { min: 0, max: 1 }),
    topK: config.number('topK'),
    frequencyPenalty: config.number('frequencyPenalty', { min: -2, max: 2 }),
    presencePenalty: config.number('presencePenalty', { min: -2, max: 2 }),
    seed: config.number('seed'),
    stop: config.strings('stopSequences'),
    n: config.count('candidateCount', { min: 1, max: 128 }),
    logprobs: probable === true ? { top: top ?? 0 } : undefined,
    reasoning: reasoningOf(config),
  }
}

function formatOf(config: Fields): ModelCall['format'] {
  const type = config.string('responseMimeType')
  const schema = config.plain('responseJsonSchema')
  if (type === 'application/json')
    return schema ? { type: 'json-schema', name: 'answer', schema } : { type: 'json' }
  if (schema) config.keep('responseJsonSchema')
  if (type === 'text/plain') return { type: 'text' }
  if (type !== undefined) config.keep('responseMimeType')
  return undefined
}

const levels = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const

function reasoningOf(config: Fields): Reasoning | undefined {
  const thinking = config.object('thinkingConfig')
  if (!thinking) return undefined
  const budget = thinking.number('thinkingBudget', { min: -1 })
  const level = thinking.string('thinkingLevel')?.toUpperCase()
  const effort = level === undefined ? undefined : levels[level as keyof typeof levels]
  if (level !== undefined && effort === undefined)
    throw thinking.refuse(
      'thinkingLevel',
      `is "${level}"; known: ${Object.keys(levels).join(', ')}`,
    )
  const summary = thinking.boolean('includeThoughts') ? 'auto' : undefined
  if (thinking.rest(family)) config.keep('thinkingConfig')
  if (budget === 0) return defined({ effort: 'none' as const, summary })
  const free = budget === -1 || (budget === undefined && effort !== undefined) ? true : undefined
  const budgetTokens = budget === -1 ? undefined : budget
  const read = defined({ effort, adaptive: free, budgetTokens, summary })
  return Object.keys(read).length > 0 ? read : undefined
}

type Turn = { role: 'user' | 'tool' | 'assistant'; content: CallPart[] }

function messagesOf(fields: Fields): CallMessage[] {
  const counted = new Map<string, number>()
  const nameCall = (kind: 'call' | 'result', name: string): string => {
    const at = counted.get(`${kind} ${name}`) ?? 0
    counted.set(`${kind} ${name}`, at + 1)
    return `call_${name}_${at}`
  }
  const told = fields.object('systemInstruction') ?? fields.object('system_instruction')
  const system = told ? partsOf(told.objects('parts') ?? [], nameCall) : []
  const contents = fields.objects('contents')
  if (!contents || contents.length === 0)
    throw fields.refuse('contents', 'is required and must not be empty')
  const turns: Turn[] = []
  for (const content of contents) {
    const role = content.string('role') ?? 'user'
    if (role !== 'user' && role !== 'model' && role !== 'function')
      throw content.refuse('role', `is "${role}"; known: user, model`)
    for (const part of partsOf(content.objects('parts') ?? [], nameCall)) {
      const asked = part.type === 'tool-result' ? 'tool' : 'user'
      const own = role === 'model' ? 'assistant' : asked
      const last = turns.at(-1)
      if (last?.role === own) last.content.push(part)
      else turns.push({ role: own, content: [part] })
    }
  }
  return system.length > 0 ? [{ role: 'system', content: system }, ...turns] : turns
}

function toolsOf(fields: Fields): CallTool[] | undefined {
  return fields.objects('tools')?.flatMap((tool): CallTool[] => {
    const declared = tool.objects('functionDeclarations')
    const others = tool.rest(family)
    const functions = (declared ?? []).map(
      (one): CallTool =>
        defined({
          type: 'function' as const,
          name: one.needString('name'),
          description: one.string('description'),
          parameters: one.plain('parametersJsonSchema') ?? one.plain('parameters'),
          extra: one.rest(family),
        }),
    )
    return others ? [...functions, { type: 'opaque', family, value: others.fields }] : functions
  })
}

function choiceOf(fields: Fields): ToolChoice | undefined {
  const config = fields.object('toolConfig')
  const calling = config?.object('functionCallingConfig')
  const mode = calling?.string('mode')?.toUpperCase()
  const names = calling?.strings('allowedFunctionNames') ?? []
  const more = calling?.rest(family) ?? config?.rest(family)
  if (more || names.length > 1 || mode === 'VALIDATED') {
    fields.keep('toolConfig')
    return undefined
  }
  if (mode === 'NONE') return 'none'
  if (mode === 'ANY') return names[0] === undefined ? 'required' : { name: names[0] }
  return mode === 'AUTO' ? 'auto' : undefined
}
