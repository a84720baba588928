import type { CallUsage, FinishReason } from '#ports'
import { defined, isObject } from '../wire/fields.ts'

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Usage with what was read from and written into the cache counted as input. */
export function usageOf(value: unknown): Partial<CallUsage> {
  if (!isObject(value)) return {}
  const fresh = number(value.input_tokens)
  const read = number(value.cache_read_input_tokens)
  const written = number(value.cache_creation_input_tokens)
  const details = isObject(value.output_tokens_details) ? value.output_tokens_details : {}
  const some = fresh !== undefined || read !== undefined || written !== undefined
  return defined({
    inputTokens: some ? (fresh ?? 0) + (read ?? 0) + (written ?? 0) : undefined,
    outputTokens: number(value.output_tokens),
    cachedInputTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: number(details.thinking_tokens),
  })
}

export function usageFor(usage: CallUsage): Record<string, unknown> {
  const { cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage
  const fresh = usage.inputTokens - (cachedInputTokens ?? 0) - (cacheWriteTokens ?? 0)
  return defined({
    input_tokens: Math.max(0, fresh),
    output_tokens: usage.outputTokens,
    cache_read_input_tokens: cachedInputTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    output_tokens_details:
      reasoningTokens === undefined ? undefined : { thinking_tokens: reasoningTokens },
  })
}

export function finishOf(reason: string | undefined): FinishReason {
  if (reason === 'end_turn' || reason === 'stop_sequence') return 'stop'
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded') return 'length'
  if (reason === 'refusal') return 'content-filter'
  if (reason === 'pause_turn') return 'pause'
  return reason === 'tool_use' ? 'tool-calls' : 'other'
}

export const otherwise = 'That it ended for another reason is told as the end of a turn.'

export function finishFor(reason: FinishReason, stopSequence: string | undefined): string {
  if (reason === 'length') return 'max_tokens'
  if (reason === 'tool-calls') return 'tool_use'
  if (reason === 'content-filter') return 'refusal'
  if (reason === 'pause') return 'pause_turn'
  return stopSequence === undefined ? 'end_turn' : 'stop_sequence'
}
