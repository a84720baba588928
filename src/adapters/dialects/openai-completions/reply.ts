import type {
  CallPart,
  JsonObject,
  ModelReply,
  ReplyChoice,
  StreamWriterOptions,
  TokenLogprob,
  Written,
} from '#ports'
import { finishFor, finishOf, usageFor, usageOf } from '../openai-chat/usage.ts'
import { defined, Fields, isObject } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { family } from './request.ts'

/** A completion as an answer. @throws UPSTREAM_FAILED for another shape. */
export function readCompletionReply(body: unknown): ModelReply {
  const fields = Fields.answered(body)
  fields.raw('object')
  const choices = fields.objects('choices')
  if (!choices || choices.length === 0) throw fields.refuse('choices', 'is missing')
  return defined({
    id: fields.string('id'),
    model: fields.string('model'),
    created: fields.number('created'),
    choices: choices.map((choice): ReplyChoice => {
      const text = choice.string('text') ?? ''
      return defined({
        content: text === '' ? [] : [{ type: 'text' as const, text }],
        finish: finishOf(choice.string('finish_reason') ?? 'stop'),
        logprobs: probabilitiesOf(choice.raw('logprobs')),
      })
    }),
    usage: usageOf(fields.raw('usage')),
    extra: fields.rest(family),
  })
}

/** Four lists beside each other, the older way of this vendor. */
export function probabilitiesOf(value: unknown): TokenLogprob[] | undefined {
  if (!isObject(value) || !Array.isArray(value.tokens)) return undefined
  const { tokens } = value
  const own = Array.isArray(value.token_logprobs) ? value.token_logprobs : []
  const others = Array.isArray(value.top_logprobs) ? value.top_logprobs : []
  return tokens.map((token, i) => {
    const top = isObject(others[i])
      ? Object.entries(others[i]).map(([name, one]) => ({ token: name, logprob: Number(one) }))
      : undefined
    return defined({ token: String(token), logprob: Number(own[i] ?? 0), top })
  })
}

export function probabilitiesFor(list: readonly TokenLogprob[] | undefined): unknown {
  if (!list) return null
  let offset = 0
  return {
    tokens: list.map(({ token }) => token),
    token_logprobs: list.map(({ logprob }) => logprob),
    top_logprobs: list.map(({ top = [] }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: list.map(({ token }) => {
      offset += token.length
      return offset - token.length
    }),
  }
}

export function writeCompletionReply(reply: ModelReply, options: StreamWriterOptions): Written {
  const losses = new Losses()
  const body = defined({
    id: options.id,
    object: 'text_completion',
    created: options.created,
    model: options.model,
    choices: reply.choices.map((choice, index) => choiceFor(choice, index, losses)),
    usage: reply.usage && usageFor(reply.usage),
    ...losses.own(reply.extra, family),
  })
  return { body, losses: losses.list }
}

function choiceFor(choice: ReplyChoice, index: number, losses: Losses): JsonObject {
  const path = `choices/${index}`
  losses.own(choice.extra, family, path)
  const text = choice.content.map((part, i) => textFor(part, losses, `${path}/content/${i}`))
  told(choice, losses, path)
  return {
    index,
    text: text.join(''),
    logprobs: probabilitiesFor(choice.logprobs),
    finish_reason: finishFor(choice.finish === 'tool-calls' ? 'stop' : choice.finish),
  }
}

function textFor(part: CallPart, losses: Losses, path: string): string {
  if (part.type === 'text') return part.text
  if (part.type === 'refusal') {
    losses.add(path, 'changed', 'A refusal is told as text.')
    return part.text
  }
  const effect = part.type === 'reasoning' ? 'changed' : 'meaning'
  losses.add(path, effect, `Content of type "${part.type}" cannot be told.`)
  return ''
}

/** What is lost of how an answer ended. */
export function told(
  { finish, stopSequence, logprobs }: Pick<ReplyChoice, 'finish' | 'stopSequence' | 'logprobs'>,
  losses: Losses,
  path: string,
): void {
  if (finish !== 'stop' && finish !== 'length' && finish !== 'content-filter')
    losses.add(`${path}/finish`, 'changed', `"${finish}" is told as "stop".`)
  if (stopSequence !== undefined)
    losses.add(`${path}/stopSequence`, 'hint', 'Which stop sequence ended it is not told.')
  if (logprobs?.some(({ bytes }) => bytes))
    losses.add(`${path}/logprobs`, 'hint', 'The bytes of tokens are not told.')
}
