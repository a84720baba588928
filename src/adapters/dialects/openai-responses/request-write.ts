import type { CallTool, JsonObject, ModelCall, ResponseFormat, WireRequest } from '#ports'
import { effortOf } from '../openai-chat/request-write.ts'
import { defined } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { family } from './family.ts'
import { inputFor } from './items-write.ts'
import { logprobsIncluded } from './request-read.ts'

const absent = [
  ...['topK', 'minP', 'frequencyPenalty', 'presencePenalty', 'seed', 'stop', 'logitBias'],
] as const

/** A call as `POST /responses`. */
export function writeResponsesRequest(call: ModelCall): WireRequest {
  const losses = new Losses()
  for (const name of absent)
    if (call[name as keyof ModelCall] !== undefined)
      losses.add(name, 'meaning', `The Responses API has no "${name}".`)
  if ((call.n ?? 1) > 1) losses.add('n', 'meaning', 'One answer is given for a request.')
  const own = losses.own(call.extra, family)
  const { instructions, input } = inputFor(call, losses)
  const reasoning = { ...(own.reasoning as object), ...reasoningFor(call, losses) }
  const text = { ...(own.text as object), ...defined({ format: formatFor(call.format) }) }
  const body = defined({
    model: call.model,
    instructions,
    input,
    tools: call.tools && toolsFor(call.tools, losses),
    tool_choice: choiceFor(call),
    parallel_tool_calls: call.parallelToolCalls,
    max_output_tokens: call.maxOutputTokens,
    temperature: call.temperature,
    top_p: call.topP,
    top_logprobs: call.logprobs?.top || undefined,
    user: call.user,
    metadata: call.metadata,
    prompt_cache_key: call.cacheKey,
    service_tier: call.serviceTier === 'standard_only' ? 'default' : call.serviceTier,
    stream: call.stream || undefined,
    ...own,
    include: includeFor(call, own.include),
    reasoning: Object.keys(reasoning).length > 0 ? reasoning : undefined,
    text: Object.keys(text).length > 0 ? text : undefined,
  })
  return { path: '/responses', headers: {}, body: body as JsonObject, losses: losses.list }
}

function includeFor(call: ModelCall, own: unknown): unknown {
  if (!call.logprobs) return own
  return [...new Set([...((own as string[]) ?? []), logprobsIncluded])]
}

function reasoningFor({ reasoning }: ModelCall, losses: Losses): JsonObject {
  if (!reasoning) return {}
  const { effort, budgetTokens, summary, adaptive } = reasoning
  const known = summary === undefined || ['auto', 'concise', 'detailed'].includes(summary)
  if (!known) losses.add('reasoning/summary', 'changed', 'Thoughts are summarized as usual.')
  if (budgetTokens !== undefined)
    losses.add('reasoning/budgetTokens', 'changed', 'A budget of tokens is sent as an effort.')
  else if (adaptive && effort === undefined && summary === undefined)
    losses.add('reasoning/adaptive', 'changed', 'How much is thought is left to the endpoint.')
  const said = effort ?? (budgetTokens === undefined ? undefined : effortOf(budgetTokens))
  return defined({ effort: said, summary: known ? summary : undefined })
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
    // Not strict unless it was asked for: the endpoint would take it as strict.
    const known = defined({ name, description, parameters, strict: strict ?? undefined })
    return [{ type: 'function', ...known, ...own }]
  })
}

function choiceFor({ toolChoice }: ModelCall): unknown {
  return typeof toolChoice === 'object' ? { type: 'function', name: toolChoice.name } : toolChoice
}

function formatFor(format: ResponseFormat | undefined): unknown {
  if (!format) return undefined
  if (format.type === 'text') return { type: 'text' }
  if (format.type === 'json') return { type: 'json_object' }
  const { name, schema, description, strict } = format
  return defined({ type: 'json_schema', name, description, schema, strict })
}
