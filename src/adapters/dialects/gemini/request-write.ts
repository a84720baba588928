import type { CallMessage, CallTool, JsonObject, ModelCall, Reasoning, WireRequest } from '#ports'
import { namesOfCalls, unsaid } from '../wire/calls.ts'
import { defined } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { family, partsFor } from './parts.ts'

/** A call as `POST /models/{model}:generateContent`, or its streaming neighbour. */
export function writeGeminiRequest(call: ModelCall): WireRequest {
  const losses = new Losses()
  unsaid(call, losses, {
    meaning: ['minP', 'logitBias', 'parallelToolCalls'],
    hint: ['user', 'metadata', 'cacheKey', 'serviceTier'],
  })
  const from = call.messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  const leading = from < 0 ? call.messages.length : from
  const own = losses.own(call.extra, family)
  const config = { ...configFor(call, losses), ...(own.generationConfig as object | undefined) }
  const system = turnsFor(call, { from: 0, to: leading, told: true }, losses).flatMap(
    ({ parts }) => parts,
  )
  const body = defined({
    systemInstruction: system.length > 0 ? { parts: system } : undefined,
    contents: turnsFor(call, { from: leading, to: call.messages.length, told: false }, losses),
    tools: call.tools?.length ? toolsFor(call.tools, losses) : undefined,
    toolConfig: choiceFor(call),
    ...own,
    generationConfig: Object.keys(config).length > 0 ? config : undefined,
  })
  const operation = call.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
  const path = `/models/${encodeURIComponent(call.model)}:${operation}`
  return { path, headers: {}, body: body as JsonObject, losses: losses.list }
}

interface Turn {
  role: string
  parts: JsonObject[]
}

/** Neighbours of one role become one turn: results of parallel calls must stand together. */
function turnsFor(
  call: ModelCall,
  range: { from: number; to: number; told: boolean },
  losses: Losses,
): Turn[] {
  const names = namesOfCalls(call)
  const turns: Turn[] = []
  for (let i = range.from; i < range.to; i++) {
    const message = call.messages[i]!
    const path = `messages/${i}`
    losses.own(message.extra, family, path)
    if (message.name !== undefined)
      losses.add(`${path}/name`, 'hint', 'Participants of one role have no names.')
    const role = roleFor(message, { losses, path, first: range.told })
    const parts = partsFor(message.content, { losses, path, names })
    const last = turns.at(-1)
    if (parts.length === 0) continue
    if (last?.role === role) last.parts.push(...parts)
    else turns.push({ role, parts })
  }
  return turns
}

function roleFor(
  { role }: CallMessage,
  at: { losses: Losses; path: string; first: boolean },
): string {
  if (role === 'assistant') return 'model'
  if ((role === 'system' || role === 'developer') && !at.first)
    at.losses.add(at.path, 'changed', 'A system message within the conversation is the user’s.')
  return 'user'
}

function configFor(call: ModelCall, losses: Losses): JsonObject {
  const { format, logprobs } = call
  const schema = format?.type === 'json-schema' ? format : undefined
  if (schema && (schema.name !== 'answer' || schema.description || schema.strict !== undefined))
    losses.add('format', 'hint', 'A schema has no name of its own and always holds.')
  const kind = format && (format.type === 'text' ? 'text/plain' : 'application/json')
  return defined({
    maxOutputTokens: call.maxOutputTokens,
    temperature: call.temperature,
    topP: call.topP,
    topK: call.topK,
    frequencyPenalty: call.frequencyPenalty,
    presencePenalty: call.presencePenalty,
    seed: call.seed,
    stopSequences: call.stop?.length ? call.stop : undefined,
    candidateCount: call.n,
    responseLogprobs: logprobs ? true : undefined,
    logprobs: logprobs?.top || undefined,
    responseMimeType: kind,
    responseJsonSchema: schema?.schema,
    thinkingConfig: call.reasoning && thinkingFor(call.reasoning, losses),
  })
}

function thinkingFor(reasoning: Reasoning, losses: Losses): JsonObject {
  const { effort, budgetTokens, adaptive, summary } = reasoning
  if (summary !== undefined && summary !== 'auto')
    losses.add('reasoning/summary', 'changed', 'Thoughts are summarized as usual.')
  const includeThoughts = summary === undefined || summary === 'omitted' ? undefined : true
  if (effort === 'none') return defined({ thinkingBudget: 0, includeThoughts })
  if (effort === 'xhigh' || effort === 'max')
    losses.add('reasoning/effort', 'changed', 'The highest level is "high".')
  const level = effort === 'xhigh' || effort === 'max' ? 'high' : effort
  const budget = budgetTokens ?? (adaptive && level === undefined ? -1 : undefined)
  if (budgetTokens !== undefined && level !== undefined)
    losses.add('reasoning/effort', 'changed', 'The budget is sent, not the effort.')
  return defined({
    thinkingLevel: budgetTokens === undefined ? level?.toUpperCase() : undefined,
    thinkingBudget: budget,
    includeThoughts,
  })
}

function toolsFor(tools: readonly CallTool[], losses: Losses): unknown[] {
  const functionDeclarations: unknown[] = []
  const others: unknown[] = []
  for (const [i, tool] of tools.entries()) {
    const path = `tools/${i}`
    if (tool.type === 'opaque') {
      if (tool.family === family) others.push(tool.value)
      else losses.add(path, 'meaning', `Only ${tool.family} offers this tool.`)
      continue
    }
    if (tool.cache) losses.add(`${path}/cache`, 'hint', 'Tools are cached without being asked.')
    if (tool.strict !== undefined)
      losses.add(`${path}/strict`, 'changed', 'How strictly a schema is kept cannot be said.')
    const { name, description, parameters } = tool
    const own = losses.own(tool.extra, family, path)
    functionDeclarations.push(
      defined({ name, description, parametersJsonSchema: parameters, ...own }),
    )
  }
  return functionDeclarations.length > 0 ? [{ functionDeclarations }, ...others] : others
}

function choiceFor({ toolChoice }: ModelCall): unknown {
  if (toolChoice === undefined) return undefined
  if (typeof toolChoice === 'object') {
    const named = { mode: 'ANY', allowedFunctionNames: [toolChoice.name] }
    return { functionCallingConfig: named }
  }
  const mode = { auto: 'AUTO', none: 'NONE', required: 'ANY' }[toolChoice]
  return { functionCallingConfig: { mode } }
}
