import type { CallUsage, FinishReason, TokenLogprob } from '#ports'
import { defined, isObject } from '../wire/fields.ts'

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Usage as OpenAI counts it: cached tokens within the prompt's, thoughts within the completion's. */
export function usageOf(value: unknown): CallUsage | undefined {
  if (!isObject(value)) return undefined
  const read = isObject(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  const written = isObject(value.completion_tokens_details) ? value.completion_tokens_details : {}
  const inputTokens = number(value.prompt_tokens)
  const outputTokens = number(value.completion_tokens)
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  return defined({
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    cachedInputTokens: number(read.cached_tokens) ?? number(value.prompt_cache_hit_tokens),
    cacheWriteTokens: number(read.cache_write_tokens),
    reasoningTokens: number(written.reasoning_tokens),
  })
}

export function usageFor(usage: CallUsage): Record<string, unknown> {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage
  const read = defined({ cached_tokens: cachedInputTokens, cache_write_tokens: cacheWriteTokens })
  return defined({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: Object.keys(read).length > 0 ? read : undefined,
    completion_tokens_details:
      reasoningTokens === undefined ? undefined : { reasoning_tokens: reasoningTokens },
  })
}

export function finishOf(reason: string): FinishReason {
  if (reason === 'stop' || reason === 'length') return reason
  if (reason === 'content_filter') return 'content-filter'
  if (reason === 'model_length') return 'length'
  return reason === 'tool_calls' || reason === 'function_call' ? 'tool-calls' : 'other'
}

export function finishFor(reason: FinishReason): string {
  if (reason === 'content-filter') return 'content_filter'
  if (reason === 'tool-calls') return 'tool_calls'
  return reason === 'length' ? 'length' : 'stop'
}

export function logprobsOf(value: unknown): TokenLogprob[] | undefined {
  if (!isObject(value) || !Array.isArray(value.content)) return undefined
  return value.content.filter(isObject).map((one): TokenLogprob => {
    const top = Array.isArray(one.top_logprobs) ? one.top_logprobs.filter(isObject) : undefined
    return defined({ ...tokenOf(one), top: top?.map(tokenOf) })
  })
}

function tokenOf(one: Record<string, unknown>): Omit<TokenLogprob, 'top'> {
  const bytes = Array.isArray(one.bytes) ? (one.bytes as number[]) : undefined
  return defined({ token: String(one.token ?? ''), logprob: number(one.logprob) ?? 0, bytes })
}

export function logprobsFor(list: readonly TokenLogprob[] | undefined): unknown {
  if (!list) return null
  const one = ({ token, logprob, bytes }: Omit<TokenLogprob, 'top'>) => ({
    token,
    logprob,
    bytes: bytes ?? null,
  })
  const content = list.map((each) => ({ ...one(each), top_logprobs: (each.top ?? []).map(one) }))
  return { content, refusal: null }
}
