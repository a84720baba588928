import type {
  CallMessage,
  CallTool,
  JsonObject,
  ModelCall,
  ResponseFormat,
  WireRequest,
} from '#ports'
import { defined } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { blockFor, cacheFor, contentOf } from './blocks-write.ts'
import { family } from './family.ts'

/** The protocol demands a limit; asked for where the call names none. */
const defaultMaxTokens = 4_096
const noTools: JsonObject = { type: 'object', properties: {} }

/** A call as `POST /v1/messages`. */
export function writeMessagesRequest(call: ModelCall): WireRequest {
  const losses = new Losses()
  unsaid(call, losses)
  const from = call.messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  const leading = from < 0 ? call.messages.length : from
  const own = losses.own(call.extra, family)
  const thinking = thinkingFor(call, losses)
  const config = {
    ...(own.output_config as object | undefined),
    ...defined({ effort: thinking.effort, format: formatFor(call.format, losses) }),
  }
  const body = defined({
    model: call.model,
    max_tokens: limitFor(call, losses),
    system: leading > 0 ? systemFor(call.messages.slice(0, leading), losses) : undefined,
    messages: turnsFor(call.messages, leading, losses),
    tools: call.tools && toolsFor(call.tools, losses),
    tool_choice: choiceFor(call, losses),
    temperature: temperatureFor(call, losses),
    top_p: call.topP,
    top_k: call.topK,
    stop_sequences: call.stop?.length ? call.stop : undefined,
    thinking: thinking.thinking,
    metadata: call.user === undefined ? undefined : { user_id: call.user },
    service_tier: tierFor(call, losses),
    stream: call.stream || undefined,
    ...own,
    output_config: Object.keys(config).length > 0 ? config : undefined,
  })
  return { path: '/messages', headers: {}, body: body as JsonObject, losses: losses.list }
}

const absent = ['minP', 'frequencyPenalty', 'presencePenalty', 'seed', 'logprobs', 'logitBias']

function unsaid(call: ModelCall, losses: Losses): void {
  for (const name of absent)
    if (call[name as keyof ModelCall] !== undefined)
      losses.add(name, 'meaning', `The Messages API has no "${name}".`)
  if ((call.n ?? 1) > 1) losses.add('n', 'meaning', 'One answer is given for a request.')
  if (call.metadata) losses.add('metadata', 'hint', 'Only the user is told.')
  if (call.cacheKey !== undefined) losses.add('cacheKey', 'hint', 'Caches are found by content.')
}

function limitFor(call: ModelCall, losses: Losses): number {
  const { maxOutputTokens, reasoning } = call
  if (maxOutputTokens === undefined) {
    losses.add('maxOutputTokens', 'changed', 'The Messages API demands a limit: one is set.')
  }
  const limit = maxOutputTokens ?? defaultMaxTokens
  const budget = reasoning?.budgetTokens ?? 0
  if (budget < limit) return limit
  losses.add('maxOutputTokens', 'changed', 'The limit is raised by the budget for thoughts.')
  return budget + limit
}

function systemFor(messages: readonly CallMessage[], losses: Losses): unknown {
  const blocks = messages.flatMap((message, i) => blocksFor(message, i, losses))
  return blocks.length === 0 ? undefined : contentOf(blocks)
}

function blocksFor(message: CallMessage, at: number, losses: Losses): JsonObject[] {
  const path = `messages/${at}`
  losses.own(message.extra, family, path)
  if (message.name !== undefined)
    losses.add(`${path}/name`, 'hint', 'Participants of one role have no names.')
  return message.content.flatMap((part, i) =>
    blockFor(part, { losses, path: `${path}/content/${i}` }),
  )
}

/** Neighbours of one role become one message; the user speaks first. */
function turnsFor(messages: readonly CallMessage[], from: number, losses: Losses): JsonObject[] {
  const turns: { role: string; blocks: JsonObject[] }[] = []
  for (const [i, message] of messages.entries()) {
    if (i < from) continue
    const blocks = blocksFor(message, i, losses)
    const role = roleFor(message.role)
    const last = turns.at(-1)
    if (blocks.length === 0) continue
    if (last?.role === role) last.blocks.push(...blocks)
    else if (last || role !== 'assistant') turns.push({ role, blocks })
    else losses.add(`messages/${i}`, 'meaning', 'The user speaks first: what stood before is left.')
  }
  return turns.map(({ role, blocks }) => ({ role, content: contentOf(blocks) }))
}

function roleFor(role: CallMessage['role']): 'user' | 'assistant' | 'system' {
  if (role === 'assistant') return role
  return role === 'user' || role === 'tool' ? 'user' : 'system'
}

function toolsFor(tools: readonly CallTool[], losses: Losses): unknown[] {
  return tools.flatMap((tool, i): unknown[] => {
    const path = `tools/${i}`
    if (tool.type === 'opaque') {
      if (tool.family === family) return [tool.value]
      losses.add(path, 'meaning', `Only ${tool.family} offers this tool.`)
      return []
    }
    const { name, description, parameters, strict, cache } = tool
    const known = defined({ name, description, input_schema: parameters ?? noTools, strict })
    return [{ ...known, ...cacheFor(cache, losses, path), ...losses.own(tool.extra, family, path) }]
  })
}

function choiceFor({ toolChoice, parallelToolCalls, tools }: ModelCall, losses: Losses): unknown {
  const single =
    parallelToolCalls === undefined ? {} : { disable_parallel_tool_use: !parallelToolCalls }
  if (toolChoice === undefined)
    return parallelToolCalls === false && tools ? { type: 'auto', ...single } : undefined
  if (toolChoice === 'none') {
    if (parallelToolCalls !== undefined)
      losses.add('parallelToolCalls', 'hint', 'Where no tool may be called it says nothing.')
    return { type: 'none' }
  }
  if (toolChoice === 'auto') return { type: 'auto', ...single }
  if (toolChoice === 'required') return { type: 'any', ...single }
  return { type: 'tool', name: toolChoice.name, ...single }
}

function temperatureFor({ temperature }: ModelCall, losses: Losses): number | undefined {
  if (temperature === undefined || temperature <= 1) return temperature
  losses.add('temperature', 'changed', 'The scale ends at 1.')
  return 1
}

function thinkingFor({ reasoning }: ModelCall, losses: Losses) {
  if (!reasoning) return {}
  const { effort, budgetTokens, adaptive, summary } = reasoning
  const known = summary === 'summarized' || summary === 'omitted'
  if (summary !== undefined && !known && summary !== 'auto')
    losses.add('reasoning/summary', 'changed', 'Thoughts are summarized in the usual way.')
  const display = known ? { display: summary } : {}
  if (effort === 'none') return { thinking: { type: 'disabled' } }
  if (effort === 'minimal') losses.add('reasoning/effort', 'changed', 'The least effort is "low".')
  const said = effort === 'minimal' ? 'low' : effort
  if (budgetTokens !== undefined)
    return {
      thinking: { type: 'enabled', budget_tokens: budgetTokens, ...display },
      effort: said,
    }
  return { thinking: adaptive ? { type: 'adaptive', ...display } : undefined, effort: said }
}

function formatFor(format: ResponseFormat | undefined, losses: Losses): unknown {
  if (!format || format.type === 'text') return undefined
  if (format.type === 'json-schema') {
    const { name, description, strict } = format
    if (name !== 'answer' || description !== undefined || strict !== undefined)
      losses.add('format', 'hint', 'A schema has no name of its own and always holds.')
    return { type: 'json_schema', schema: format.schema }
  }
  losses.add('format', 'meaning', 'JSON is promised by a schema only.')
  return undefined
}

function tierFor({ serviceTier }: ModelCall, losses: Losses): string | undefined {
  if (serviceTier === undefined || serviceTier === 'auto') return serviceTier
  if (serviceTier === 'default' || serviceTier === 'standard_only') return 'standard_only'
  losses.add('serviceTier', 'hint', `There is no tier "${serviceTier}".`)
  return undefined
}
