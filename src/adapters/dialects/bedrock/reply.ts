import type {
  CallUsage,
  FinishReason,
  JsonObject,
  ModelReply,
  StreamWriterOptions,
  Written,
} from '#ports'
import { defined, Fields, isObject } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { blocksFor, family, partsOf } from './blocks.ts'

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Usage with what was read from and written into the cache counted as input. */
export function usageOf(value: unknown): CallUsage | undefined {
  if (!isObject(value)) return undefined
  const read = number(value.cacheReadInputTokens)
  const written = number(value.cacheWriteInputTokens)
  return defined({
    inputTokens: (number(value.inputTokens) ?? 0) + (read ?? 0) + (written ?? 0),
    outputTokens: number(value.outputTokens) ?? 0,
    cachedInputTokens: read,
    cacheWriteTokens: written,
  })
}

export function usageFor(usage: CallUsage, losses: Losses): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0 } = usage
  if (usage.reasoningTokens !== undefined)
    losses.add('usage/reasoningTokens', 'hint', 'Tokens of thoughts are not counted by themselves.')
  return defined({
    inputTokens: inputTokens - cachedInputTokens - cacheWriteTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    cacheReadInputTokens: usage.cachedInputTokens,
    cacheWriteInputTokens: usage.cacheWriteTokens,
  })
}

export function finishOf(reason: unknown): FinishReason {
  if (reason === 'end_turn' || reason === 'stop_sequence') return 'stop'
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded') return 'length'
  if (reason === 'content_filtered' || reason === 'guardrail_intervened') return 'content-filter'
  return reason === 'tool_use' ? 'tool-calls' : 'other'
}

export function finishFor(
  { finish, stopSequence }: { finish: FinishReason; stopSequence?: string },
  losses: Losses,
): string {
  if (stopSequence !== undefined)
    losses.add('choices/0/stopSequence', 'hint', 'Which stop sequence ended it is not told.')
  if (finish === 'pause' || finish === 'other')
    losses.add('choices/0/finish', 'changed', `"${finish}" is told as the end of a turn.`)
  if (finish === 'length') return 'max_tokens'
  if (finish === 'content-filter') return 'content_filtered'
  return finish === 'tool-calls' ? 'tool_use' : 'end_turn'
}

/** An answer of `Converse`. @throws UPSTREAM_FAILED for another shape. */
export function readConverseReply(body: unknown): ModelReply {
  const fields = Fields.answered(body)
  for (const own of ['metrics', 'performanceConfig', 'serviceTier']) fields.raw(own)
  const message = fields.needObject('output').needObject('message')
  const choice = {
    content: partsOf(message.objects('content') ?? []),
    finish: finishOf(fields.string('stopReason')),
  }
  const usage = usageOf(fields.raw('usage'))
  return defined({ choices: [choice], usage, extra: fields.rest(family) })
}

export function writeConverseReply(reply: ModelReply, _: StreamWriterOptions): Written {
  const losses = new Losses()
  const [choice = { content: [], finish: 'other' as const }] = reply.choices
  if (reply.choices.length > 1) losses.add('choices/1', 'meaning', 'One answer is told.')
  if (choice.logprobs) losses.add('choices/0/logprobs', 'meaning', 'There are no probabilities.')
  losses.own(choice.extra, family, 'choices/0')
  const content = choice.content.flatMap((part, i) =>
    blocksFor(part, { losses, path: `choices/0/content/${i}`, shown: true }),
  )
  const body = {
    output: { message: { role: 'assistant', content } },
    stopReason: finishFor(choice, losses),
    usage: usageFor(reply.usage ?? { inputTokens: 0, outputTokens: 0 }, losses),
    metrics: { latencyMs: 0 },
    ...losses.own(reply.extra, family),
  }
  return { body, losses: losses.list }
}
