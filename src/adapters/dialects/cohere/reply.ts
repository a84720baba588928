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
import { contentFor, family, partsOf } from './request.ts'

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Tokens as the model read them; else those that are billed. */
export function usageOf(value: unknown): CallUsage | undefined {
  if (!isObject(value)) return undefined
  const tokens = isObject(value.tokens) ? value.tokens : {}
  const billed = isObject(value.billed_units) ? value.billed_units : {}
  return defined({
    inputTokens: number(tokens.input_tokens) ?? number(billed.input_tokens) ?? 0,
    outputTokens: number(tokens.output_tokens) ?? number(billed.output_tokens) ?? 0,
    cachedInputTokens: number(value.cached_tokens),
  })
}

export function usageFor(usage: CallUsage, losses: Losses): JsonObject {
  const { inputTokens: input_tokens, outputTokens: output_tokens, cachedInputTokens } = usage
  for (const name of ['cacheWriteTokens', 'reasoningTokens'] as const)
    if (usage[name] !== undefined)
      losses.add(`usage/${name}`, 'hint', 'Tokens are counted as read, cached and written only.')
  const tokens = { input_tokens, output_tokens }
  return defined({ billed_units: tokens, tokens, cached_tokens: cachedInputTokens })
}

export function finishOf(reason: unknown): FinishReason {
  if (reason === 'COMPLETE' || reason === 'STOP_SEQUENCE') return 'stop'
  if (reason === 'MAX_TOKENS') return 'length'
  return reason === 'TOOL_CALL' ? 'tool-calls' : 'other'
}

export function finishFor(
  { finish, stopSequence }: { finish: FinishReason; stopSequence?: string },
  losses: Losses,
): string {
  if (stopSequence !== undefined)
    losses.add('choices/0/stopSequence', 'hint', 'Which stop sequence ended it is not told.')
  if (finish === 'content-filter' || finish === 'pause')
    losses.add('choices/0/finish', 'changed', `"${finish}" is told as an error.`)
  const words = { stop: 'COMPLETE', length: 'MAX_TOKENS', 'tool-calls': 'TOOL_CALL' }
  return words[finish as keyof typeof words] ?? 'ERROR'
}

/** An answer of `/v2/chat`. @throws UPSTREAM_FAILED for another shape. */
export function readCohereReply(body: unknown): ModelReply {
  const fields = Fields.answered(body)
  const message = fields.needObject('message')
  message.raw('role')
  const choice = defined({
    content: partsOf(message),
    finish: finishOf(fields.string('finish_reason')),
    extra: message.rest(family),
  })
  const usage = usageOf(fields.raw('usage'))
  return defined({ id: fields.string('id'), choices: [choice], usage, extra: fields.rest(family) })
}

export function writeCohereReply(reply: ModelReply, options: StreamWriterOptions): Written {
  const losses = new Losses()
  const [choice = { content: [], finish: 'other' as const }] = reply.choices
  if (reply.choices.length > 1) losses.add('choices/1', 'meaning', 'One answer is told.')
  if (choice.logprobs) losses.add('choices/0/logprobs', 'meaning', 'Tokens are told by number.')
  const own = losses.own(choice.extra, family, 'choices/0')
  const { content, ...told } = contentFor(choice.content, { losses, path: 'choices/0' })
  const texts = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  const parts = content === '' ? [] : texts
  const body = defined({
    id: options.id,
    finish_reason: finishFor(choice, losses),
    message: { role: 'assistant', ...defined({ content: parts }), ...told, ...own },
    usage: reply.usage && usageFor(reply.usage, losses),
    ...losses.own(reply.extra, family),
  })
  return { body, losses: losses.list }
}
