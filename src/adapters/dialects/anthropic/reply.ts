import type { CallUsage, ModelReply, StreamWriterOptions, Written } from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { blocksOf } from './blocks-read.ts'
import { blockFor } from './blocks-write.ts'
import { family } from './family.ts'
import { finishFor, finishOf, otherwise, usageFor, usageOf } from './usage.ts'

/** A message as an answer. @throws UPSTREAM_FAILED for another shape. */
export function readMessagesReply(body: unknown): ModelReply {
  const fields = Fields.answered(body)
  fields.raw('type')
  fields.raw('role')
  const blocks = fields.objects('content')
  if (!blocks) throw fields.refuse('content', 'is missing')
  const stopSequence = fields.string('stop_sequence')
  const usage = usageOf(fields.raw('usage'))
  const choice = defined({
    content: blocksOf(blocks),
    finish: finishOf(fields.string('stop_reason')),
    stopSequence,
  })
  return defined({
    id: fields.string('id'),
    model: fields.string('model'),
    choices: [choice],
    usage: whole(usage),
    extra: fields.rest(family),
  })
}

/** Usage once anything of it was told. */
export function whole(usage: Partial<CallUsage>): CallUsage | undefined {
  const { inputTokens, outputTokens } = usage
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  return { ...usage, inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 }
}

export function writeMessagesReply(reply: ModelReply, options: StreamWriterOptions): Written {
  const losses = new Losses()
  const [choice] = reply.choices
  if (reply.choices.length > 1) losses.add('choices/1', 'meaning', 'One answer is told.')
  if (choice?.logprobs) losses.add('choices/0/logprobs', 'meaning', 'There are no probabilities.')
  losses.own(choice?.extra, family, 'choices/0')
  const ending = choice?.finish ?? 'other'
  if (ending === 'other') losses.add('choices/0/finish', 'changed', otherwise)
  const content = (choice?.content ?? []).flatMap((part, i) =>
    blockFor(thoughtful(part), { losses, path: `choices/0/content/${i}` }),
  )
  const body = {
    id: options.id,
    type: 'message',
    role: 'assistant',
    model: options.model,
    content,
    stop_reason: finishFor(ending, choice?.stopSequence),
    stop_sequence: choice?.stopSequence ?? null,
    usage: usageFor(reply.usage ?? { inputTokens: 0, outputTokens: 0 }),
    ...losses.own(reply.extra, family),
  }
  return { body, losses: losses.list }
}

/** Thoughts of other models are shown, though none can prove them later. */
function thoughtful(part: ModelReply['choices'][0]['content'][0]) {
  if (part.type !== 'reasoning' || part.signedBy === family || part.text === '') return part
  return { type: 'reasoning' as const, text: part.text, signedBy: family, signature: '' }
}
