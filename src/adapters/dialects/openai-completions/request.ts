import type { JsonObject, ModelCall, WireRequest } from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'

export const family = 'openai-completions'

/** `POST /completions`: a prompt as the only message of the user. @throws INVALID_INPUT with the place. */
export function readCompletionRequest(body: unknown): ModelCall {
  const fields = Fields.asked(body)
  const stop = fields.raw('stop')
  const probable = fields.count('logprobs', { max: 100 })
  const options = fields.object('stream_options')
  const includeUsage = options?.boolean('include_usage')
  if (options?.rest(family)) fields.keep('stream_options')
  const call = {
    model: fields.needString('model'),
    messages: [
      { role: 'user' as const, content: [{ type: 'text' as const, text: promptOf(fields) }] },
    ],
    maxOutputTokens: fields.count('max_tokens', { min: 0 }),
    temperature: fields.number('temperature', { min: 0, max: 2 }),
    topP: fields.number('top_p', { min: 0, max: 1 }),
    topK: fields.number('top_k'),
    minP: fields.number('min_p', { min: 0, max: 1 }),
    frequencyPenalty: fields.number('frequency_penalty', { min: -2, max: 2 }),
    presencePenalty: fields.number('presence_penalty', { min: -2, max: 2 }),
    seed: fields.number('seed'),
    stop: typeof stop === 'string' ? [stop] : fields.strings('stop'),
    n: fields.count('n', { min: 1, max: 128 }),
    logprobs: probable === undefined ? undefined : { top: probable },
    logitBias: fields.table('logit_bias', 'number'),
    user: fields.string('user'),
    stream: fields.boolean('stream') ?? false,
    includeUsage,
  }
  return defined({ ...call, extra: fields.rest(family) })
}

function promptOf(fields: Fields): string {
  const prompt = fields.raw('prompt')
  if (typeof prompt === 'string') return prompt
  const list = fields.list('prompt')
  if (!list) throw fields.refuse('prompt', 'is required')
  const [only] = list
  if (list.length === 1 && typeof only === 'string') return only
  const tokens = list.some((one) => typeof one !== 'string')
  const why = tokens
    ? 'holds token numbers, which belong to one model: send text'
    : 'holds several texts: send one for each request'
  throw fields.refuse('prompt', why)
}

const absent = [...['tools', 'toolChoice', 'parallelToolCalls', 'format', 'reasoning']] as const

/** A call as a prompt: what only a conversation can say is lost. */
export function writeCompletionRequest(call: ModelCall): WireRequest {
  const losses = new Losses()
  for (const name of absent)
    if (call[name as keyof ModelCall] !== undefined)
      losses.add(name, 'meaning', `Completions have no "${name}".`)
  for (const name of ['metadata', 'cacheKey', 'serviceTier'] as const)
    if (call[name] !== undefined) losses.add(name, 'hint', `Completions have no "${name}".`)
  const body = defined({
    model: call.model,
    prompt: promptFor(call, losses),
    max_tokens: call.maxOutputTokens,
    temperature: call.temperature,
    top_p: call.topP,
    top_k: call.topK,
    min_p: call.minP,
    frequency_penalty: call.frequencyPenalty,
    presence_penalty: call.presencePenalty,
    seed: call.seed,
    stop: call.stop?.length ? call.stop : undefined,
    n: call.n,
    logprobs: call.logprobs?.top,
    logit_bias: call.logitBias,
    user: call.user,
    stream: call.stream || undefined,
    stream_options:
      call.stream && call.includeUsage !== undefined
        ? { include_usage: call.includeUsage }
        : undefined,
    ...losses.own(call.extra, family),
  })
  return { path: '/completions', headers: {}, body: body as JsonObject, losses: losses.list }
}

function promptFor(call: ModelCall, losses: Losses): string {
  const roles = new Set(call.messages.map(({ role }) => role))
  if (call.messages.length > 1 || !roles.has('user'))
    losses.add('messages', 'changed', 'The conversation is written as one text.')
  const told = call.messages.map((message, i) => {
    const texts = message.content.flatMap((part, j) => {
      const path = `messages/${i}/content/${j}`
      if (part.type !== 'text') {
        losses.add(path, 'meaning', 'A prompt is text only.')
        return []
      }
      if (part.cache) losses.add(`${path}/cache`, 'hint', 'Prompts are cached without being asked.')
      losses.own(part.extra, family, path)
      return [part.text]
    })
    if (message.name !== undefined) losses.add(`messages/${i}/name`, 'hint', 'Nobody has a name.')
    losses.own(message.extra, family, `messages/${i}`)
    if (texts.length > 1) losses.add(`messages/${i}`, 'changed', 'Several texts become one.')
    const text = texts.join('\n')
    return roles.size > 1 ? `${message.role}: ${text}` : text
  })
  return roles.size > 1 ? `${told.join('\n\n')}\n\nassistant:` : told.join('\n\n')
}
