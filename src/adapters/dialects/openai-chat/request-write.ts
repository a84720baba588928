import type { CallTool, JsonObject, ModelCall, ResponseFormat, WireRequest } from '#ports'
import { defined } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { messagesFor } from './parts-write.ts'
import { type ChatVariant, family, type Parameter } from './variant.ts'

/** A call as `POST /chat/completions`. */
export function writeChatRequest(call: ModelCall, variant: ChatVariant): WireRequest {
  const losses = new Losses()
  const has = (name: Parameter): boolean => {
    if (call[name] === undefined) return false
    if (!variant.lacks.includes(name)) return true
    losses.add(name, effectOf(name), `${variant.id} has no "${name}".`)
    return false
  }
  const body = defined({
    model: call.model,
    messages: messagesFor(call, { variant, losses }),
    tools: call.tools && toolsFor(call.tools, losses),
    tool_choice: choiceFor(call, variant),
    parallel_tool_calls: has('parallelToolCalls') ? call.parallelToolCalls : undefined,
    response_format: call.format && formatFor(call.format),
    ...samplingFor(call, { has, variant }),
    ...reasoningFor(call, has, losses),
    user: has('user') ? call.user : undefined,
    metadata: has('metadata') ? call.metadata : undefined,
    prompt_cache_key: has('cacheKey') ? call.cacheKey : undefined,
    service_tier: tierFor(call, has),
    stream: call.stream || undefined,
    stream_options:
      call.stream && call.includeUsage !== undefined && !variant.usageUnasked
        ? { include_usage: call.includeUsage }
        : undefined,
    ...losses.own(call.extra, family),
  })
  return {
    path: variant.path(call.model),
    headers: {},
    body: body as JsonObject,
    losses: losses.list,
  }
}

function effectOf(name: Parameter): 'meaning' | 'hint' {
  const hints = ['user', 'metadata', 'cacheKey', 'serviceTier']
  return hints.includes(name) ? 'hint' : 'meaning'
}

function samplingFor(
  call: ModelCall,
  { has, variant }: { has: (name: Parameter) => boolean; variant: ChatVariant },
) {
  return {
    max_tokens: call.maxOutputTokens,
    temperature: call.temperature,
    top_p: call.topP,
    top_k: has('topK') ? call.topK : undefined,
    min_p: has('minP') ? call.minP : undefined,
    frequency_penalty: has('frequencyPenalty') ? call.frequencyPenalty : undefined,
    presence_penalty: has('presencePenalty') ? call.presencePenalty : undefined,
    [variant.seedName]: has('seed') ? call.seed : undefined,
    stop: call.stop?.length ? call.stop : undefined,
    n: has('n') ? call.n : undefined,
    ...(has('logprobs') ? { logprobs: true, top_logprobs: call.logprobs!.top || undefined } : {}),
    logit_bias: has('logitBias') ? call.logitBias : undefined,
  }
}

function reasoningFor(call: ModelCall, has: (name: Parameter) => boolean, losses: Losses) {
  if (!has('reasoning')) return {}
  const { effort, budgetTokens, adaptive, summary } = call.reasoning!
  if (summary !== undefined && summary !== 'auto')
    losses.add('reasoning/summary', 'changed', 'Thoughts are shown as the endpoint shows them.')
  if (effort !== undefined) {
    if (budgetTokens !== undefined)
      losses.add('reasoning/budgetTokens', 'changed', 'The effort is sent, not the budget.')
    return { reasoning_effort: effort }
  }
  if (budgetTokens === undefined) {
    if (adaptive)
      losses.add('reasoning/adaptive', 'changed', 'How much is thought is left to the endpoint.')
    return {}
  }
  losses.add('reasoning/budgetTokens', 'changed', 'A budget of tokens is sent as an effort.')
  return { reasoning_effort: effortOf(budgetTokens) }
}

/** The effort whose usual budget is nearest. */
export function effortOf(budgetTokens: number): 'none' | 'low' | 'medium' | 'high' {
  if (budgetTokens <= 0) return 'none'
  if (budgetTokens <= 4_096) return 'low'
  return budgetTokens <= 16_384 ? 'medium' : 'high'
}

/** Anthropic's word for no priority has another name here. */
function tierFor(call: ModelCall, has: (name: Parameter) => boolean): string | undefined {
  if (!has('serviceTier')) return undefined
  return call.serviceTier === 'standard_only' ? 'default' : call.serviceTier
}

function toolsFor(tools: readonly CallTool[], losses: Losses): unknown[] {
  return tools.flatMap((tool, i): unknown[] => {
    if (tool.type === 'opaque') {
      if (tool.family === family) return [tool.value]
      losses.add(`tools/${i}`, 'meaning', `Only ${tool.family} offers this tool.`)
      return []
    }
    if (tool.cache) losses.add(`tools/${i}/cache`, 'hint', 'Tools are cached without being asked.')
    const { name, description, parameters, strict } = tool
    const own = losses.own(tool.extra, family, `tools/${i}`)
    return [
      { type: 'function', function: defined({ name, description, parameters, strict, ...own }) },
    ]
  })
}

function choiceFor({ toolChoice }: ModelCall, variant: ChatVariant): unknown {
  if (toolChoice === 'required') return variant.requiredName
  if (typeof toolChoice !== 'object') return toolChoice
  return { type: 'function', function: { name: toolChoice.name } }
}

function formatFor(format: ResponseFormat): unknown {
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json') return { type: 'json_object' }
  const { name, schema, description, strict } = format
  return { type: 'json_schema', json_schema: defined({ name, description, schema, strict }) }
}
