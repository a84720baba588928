import type { CallUsage, FinishReason, ReplyChoice } from '#ports'
import { defined, isObject } from '../wire/fields.ts'
import type { Losses } from '../wire/losses.ts'

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function usageOf(value: unknown): CallUsage | undefined {
  if (!isObject(value)) return undefined
  const read = isObject(value.input_tokens_details) ? value.input_tokens_details : {}
  const written = isObject(value.output_tokens_details) ? value.output_tokens_details : {}
  return defined({
    inputTokens: number(value.input_tokens) ?? 0,
    outputTokens: number(value.output_tokens) ?? 0,
    cachedInputTokens: number(read.cached_tokens),
    cacheWriteTokens: number(read.cache_write_tokens),
    reasoningTokens: number(written.reasoning_tokens),
  })
}

export function usageFor(usage: CallUsage): Record<string, unknown> {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage
  return {
    input_tokens: inputTokens,
    input_tokens_details: defined({
      cached_tokens: cachedInputTokens,
      cache_write_tokens: cacheWriteTokens,
    }),
    output_tokens: outputTokens,
    output_tokens_details: defined({ reasoning_tokens: reasoningTokens }),
    total_tokens: inputTokens + outputTokens,
  }
}

/** Status and reason of a response; tool calls are no reason of their own here. */
export function finishOf(response: Record<string, unknown>, called: boolean): FinishReason {
  const details = isObject(response.incomplete_details) ? response.incomplete_details : {}
  if (details.reason === 'max_output_tokens') return 'length'
  if (details.reason === 'content_filter') return 'content-filter'
  if (response.status === 'incomplete' || response.status === 'cancelled') return 'other'
  return called ? 'tool-calls' : 'stop'
}

export function finishFor(choice: Pick<ReplyChoice, 'finish' | 'stopSequence'>, losses: Losses) {
  const { finish, stopSequence } = choice
  if (stopSequence !== undefined)
    losses.add('choices/0/stopSequence', 'hint', 'Which stop sequence ended it is not told.')
  if (finish === 'pause') losses.add('choices/0/finish', 'changed', '"pause" is told as the end.')
  const reasons = { length: 'max_output_tokens', 'content-filter': 'content_filter', other: null }
  const reason = reasons[finish as keyof typeof reasons]
  if (reason === undefined) return { status: 'completed', incomplete_details: null }
  return { status: 'incomplete', incomplete_details: reason === null ? null : { reason } }
}
