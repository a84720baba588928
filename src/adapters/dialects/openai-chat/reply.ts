import type { CallPart, ModelReply, ReplyChoice, StreamWriterOptions, Written } from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { assistantParts } from './parts-read.ts'
import { finishFor, finishOf, logprobsFor, logprobsOf, usageFor, usageOf } from './usage.ts'
import { family } from './variant.ts'

/** A chat completion as an answer. @throws UPSTREAM_FAILED for another shape. */
export function readChatReply(body: unknown): ModelReply {
  const fields = Fields.answered(body)
  fields.raw('object')
  const choices = fields.objects('choices')
  if (!choices || choices.length === 0) throw fields.refuse('choices', 'is missing')
  return defined({
    id: fields.string('id'),
    model: fields.string('model'),
    created: fields.number('created'),
    choices: choices.map(choiceOf),
    usage: usageOf(fields.raw('usage')),
    extra: fields.rest(family),
  })
}

function choiceOf(choice: Fields): ReplyChoice {
  for (const known of ['index', 'stop_reason', 'token_ids']) choice.raw(known)
  const message = choice.needObject('message')
  message.raw('role')
  const content = assistantParts(message)
  return defined({
    content,
    finish: finishOf(choice.string('finish_reason') ?? 'stop'),
    logprobs: logprobsOf(choice.raw('logprobs')),
    extra: message.rest(family),
  })
}

export function writeChatReply(reply: ModelReply, options: StreamWriterOptions): Written {
  const losses = new Losses()
  const body = defined({
    id: options.id,
    object: 'chat.completion',
    created: options.created,
    model: options.model,
    choices: reply.choices.map((choice, index) => choiceFor(choice, { index, losses })),
    usage: reply.usage && usageFor(reply.usage),
    ...losses.own(reply.extra, family),
  })
  return { body, losses: losses.list }
}

function choiceFor(choice: ReplyChoice, at: { index: number; losses: Losses }) {
  const { content, finish, logprobs, extra, stopSequence } = choice
  const path = `choices/${at.index}`
  if (stopSequence !== undefined)
    at.losses.add(`${path}/stopSequence`, 'hint', 'Which stop sequence ended it is not told.')
  if (finish === 'pause' || finish === 'other')
    at.losses.add(`${path}/finish`, 'changed', `"${finish}" is told as "stop".`)
  const own = at.losses.own(extra, family, path)
  return {
    index: at.index,
    message: { ...messageFor(content, { ...at, path }), ...own },
    logprobs: logprobsFor(logprobs),
    finish_reason: finishFor(finish),
  }
}

function messageFor(content: readonly CallPart[], at: { path: string; losses: Losses }) {
  const said: Record<'text' | 'refusal' | 'reasoning', string> = {
    text: '',
    refusal: '',
    reasoning: '',
  }
  const calls: unknown[] = []
  at.losses.unordered(content, at.path)
  for (const [i, part] of content.entries()) {
    const path = `${at.path}/content/${i}`
    if (part.type === 'text' || part.type === 'refusal') said[part.type] += part.text
    else if (part.type === 'reasoning') {
      said.reasoning += part.text
      if (part.signature !== undefined || part.encrypted !== undefined)
        at.losses.add(path, 'changed', 'The signature of thoughts is lost.')
    } else if (part.type === 'tool-call') {
      const { id, name, arguments: text } = part
      calls.push({ id, type: 'function', function: { name, arguments: text } })
    } else if (part.type === 'opaque' && part.family === family) calls.push(part.value)
    else at.losses.add(path, 'meaning', `Content of type "${part.type}" cannot be told.`)
  }
  return defined({
    role: 'assistant',
    content: said.text === '' && calls.length > 0 ? null : said.text,
    refusal: said.refusal || null,
    reasoning_content: said.reasoning || undefined,
    tool_calls: calls.length > 0 ? calls : undefined,
  })
}
