import type {
  CallPart,
  JsonObject,
  ModelReply,
  StreamWriterOptions,
  TokenLogprob,
  Written,
} from '#ports'
import { logprobsOf } from '../openai-chat/usage.ts'
import { callsTold, hasCalls } from '../wire/calls.ts'
import { defined, Fields, isObject } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { family } from './family.ts'
import { outputOf } from './items-read.ts'
import { itemFor } from './items-write.ts'
import { finishFor, finishOf, usageFor, usageOf } from './usage.ts'

/** What a response repeats of its request. */
const echoed = [
  ...['object', 'background', 'completed_at', 'conversation', 'instructions', 'max_output_tokens'],
  ...['max_tool_calls', 'metadata', 'parallel_tool_calls', 'previous_response_id', 'prompt'],
  ...['prompt_cache_key', 'prompt_cache_retention', 'reasoning', 'safety_identifier', 'store'],
  ...['temperature', 'text', 'tool_choice', 'tools', 'top_logprobs', 'top_p', 'truncation', 'user'],
  ...['output_text', 'frequency_penalty', 'presence_penalty', 'billing', 'status', 'error'],
  'incomplete_details',
]

/** A response as an answer. @throws UPSTREAM_FAILED for another shape, and for one that failed. */
export function readResponsesReply(body: unknown): ModelReply {
  const fields = Fields.answered(body)
  for (const name of echoed) fields.raw(name)
  const response = fields.whole()
  if (isObject(response.error)) {
    throw fields.refuse('error', `says: ${String(response.error.message)}`)
  }
  const items = fields.objects('output')
  if (!items) throw fields.refuse('output', 'is missing')
  const content = items.flatMap(outputOf).map(withoutProbabilities)
  const logprobs = items.flatMap(probabilitiesOf)
  const choice = defined({
    content,
    finish: finishOf(response, hasCalls(content)),
    logprobs: logprobs.length > 0 ? logprobs : undefined,
  })
  return defined({
    id: fields.string('id'),
    model: fields.string('model'),
    created: fields.number('created_at'),
    choices: [choice],
    usage: usageOf(fields.raw('usage')),
    extra: fields.rest(family),
  })
}

function probabilitiesOf(item: Fields): TokenLogprob[] {
  const content = item.whole().content
  if (!Array.isArray(content)) return []
  return content.flatMap((part) =>
    isObject(part) ? (logprobsOf({ content: part.logprobs }) ?? []) : [],
  )
}

/** Probabilities stand beside the content, not in it. */
function withoutProbabilities(part: CallPart): CallPart {
  if (part.type !== 'text' || !part.extra || !('logprobs' in part.extra.fields)) return part
  const { extra, ...plain } = part
  const { logprobs: _, ...fields } = extra.fields
  return Object.keys(fields).length > 0 ? { ...plain, extra: { family, fields } } : plain
}

export function writeResponsesReply(reply: ModelReply, options: StreamWriterOptions): Written {
  const losses = new Losses()
  const [choice = { content: [], finish: 'other' as const }] = reply.choices
  if (reply.choices.length > 1) losses.add('choices/1', 'meaning', 'One answer is told.')
  const output = outputFor(choice.content, { id: options.id, losses })
  if (choice.logprobs && !giveProbabilities(output, choice.logprobs))
    losses.add('choices/0/logprobs', 'meaning', 'Probabilities are told of text only.')
  callsTold(choice.finish, hasCalls(choice.content), losses)
  losses.own(choice.extra, family, 'choices/0')
  const body = responseFor(options, {
    ...finishFor(choice, losses),
    output,
    ...(reply.usage ? { usage: usageFor(reply.usage) } : {}),
    ...losses.own(reply.extra, family),
  })
  return { body, losses: losses.list }
}

/** A response object with all that its clients expect to stand in it. */
export function responseFor(options: StreamWriterOptions, more: JsonObject): JsonObject {
  return {
    id: options.id,
    object: 'response',
    created_at: options.created,
    status: 'in_progress',
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model: options.model,
    output: [],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    usage: null,
    ...more,
  }
}

function outputFor(content: readonly CallPart[], at: { id: string; losses: Losses }): JsonObject[] {
  const items: JsonObject[] = []
  for (const [i, part] of content.entries()) {
    const path = `choices/0/content/${i}`
    const id = itemId(part.type, at.id, items.length)
    const item =
      part.type === 'reasoning' && part.signedBy !== family
        ? thoughtsFor(part, { losses: at.losses, path })
        : itemFor(part, { losses: at.losses, path })
    const last = items.at(-1)
    if (item === 'content') {
      const one = saidFor(part, { losses: at.losses, path })
      if (!one) continue
      if (last?.type === 'message') (last.content as JsonObject[]).push(one)
      else items.push(messageFor(id, [one]))
    } else if (item) items.push({ ...(part.type === 'opaque' ? {} : { id }), ...item })
  }
  return items
}

export function messageFor(id: string, content: JsonObject[]): JsonObject {
  return { id, type: 'message', role: 'assistant', status: 'completed', content }
}

/** Thoughts of other models are shown, though none can prove them later. */
function thoughtsFor(
  { text, signedBy }: CallPart & { type: 'reasoning' },
  at: { losses: Losses; path: string },
): JsonObject {
  if (signedBy !== undefined)
    at.losses.add(at.path, 'changed', `The signature of ${signedBy} is lost.`)
  return openThoughts(text)
}

export function openThoughts(text: string): JsonObject {
  return { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text }] }
}

export function itemId(type: CallPart['type'], answer: string, at: number): string {
  const prefix = { 'tool-call': 'fc', reasoning: 'rs' }[type as string] ?? 'msg'
  return `${prefix}_${answer.replace(/^resp_/, '')}_${at}`
}

function saidFor(part: CallPart, at: { losses: Losses; path: string }): JsonObject | undefined {
  if (part.type === 'refusal') return { type: 'refusal', refusal: part.text }
  if (part.type === 'text') {
    const own = at.losses.own(part.extra, family, at.path)
    return { type: 'output_text', text: part.text, annotations: [], ...own }
  }
  at.losses.add(at.path, 'meaning', `Content of type "${part.type}" cannot be told.`)
  return undefined
}

export function probabilitiesFor(list: readonly TokenLogprob[]): unknown[] {
  const one = ({ token, logprob, bytes }: Omit<TokenLogprob, 'top'>) =>
    defined({ token, logprob, bytes })
  return list.map((each) => ({ ...one(each), top_logprobs: (each.top ?? []).map(one) }))
}

function giveProbabilities(items: readonly JsonObject[], list: readonly TokenLogprob[]): boolean {
  const parts = items.flatMap(({ content }) => (Array.isArray(content) ? content : []))
  const first = parts.find((part: JsonObject) => part.type === 'output_text')
  if (first) first.logprobs = probabilitiesFor(list)
  return first !== undefined
}
