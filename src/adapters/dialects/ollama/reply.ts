import type {
  CallUsage,
  FinishReason,
  JsonObject,
  ModelReply,
  StreamEvent,
  StreamReader,
  StreamWriter,
  StreamWriterOptions,
  TokenLogprob,
  Written,
} from '#ports'
import { logprobsFor, logprobsOf } from '../openai-chat/usage.ts'
import { callsTold, hasCalls } from '../wire/calls.ts'
import { defined, Fields, isObject, parsed } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { LineFramer } from '../wire/ndjson.ts'
import { broken, reported } from '../wire/problems.ts'
import { frameReader } from '../wire/reader.ts'
import { contentFor, family, partsOf } from './request.ts'

const timings = [
  ...['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration', 'done'],
]

export function readOllamaReply(body: unknown): ModelReply {
  const fields = Fields.answered(body)
  for (const name of timings) fields.raw(name)
  const message = fields.needObject('message')
  message.raw('role')
  let calls = 0
  const content = partsOf(message, () => `call_${calls++}`)
  const choice = defined({
    content,
    finish: finishOf(fields.string('done_reason'), hasCalls(content)),
    logprobs: logprobsOf({ content: fields.raw('logprobs') }),
    extra: message.rest(family),
  })
  const usage = usageOf(fields.whole())
  for (const name of ['prompt_eval_count', 'eval_count']) fields.raw(name)
  return defined({
    model: fields.string('model'),
    created: secondsOf(fields.string('created_at')),
    choices: [choice],
    usage,
    extra: fields.rest(family),
  })
}

function secondsOf(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '')
  return Number.isFinite(ms) ? Math.floor(ms / 1_000) : undefined
}

function finishOf(reason: string | undefined, called: boolean): FinishReason {
  if (reason === 'length') return 'length'
  if (reason === undefined || reason === 'stop') return called ? 'tool-calls' : 'stop'
  return 'other'
}

function usageOf({ prompt_eval_count: read, eval_count: written }: JsonObject) {
  if (typeof read !== 'number' && typeof written !== 'number') return undefined
  return {
    inputTokens: typeof read === 'number' ? read : 0,
    outputTokens: typeof written === 'number' ? written : 0,
  }
}

export function writeOllamaReply(reply: ModelReply, options: StreamWriterOptions): Written {
  const losses = new Losses()
  const [choice = { content: [], finish: 'other' as const }] = reply.choices
  if (reply.choices.length > 1) losses.add('choices/1', 'meaning', 'One answer is told.')
  callsTold(choice.finish, hasCalls(choice.content), losses)
  const own = losses.own(choice.extra, family, 'choices/0')
  const message = {
    role: 'assistant',
    ...contentFor(choice.content, { losses, path: 'choices/0' }),
    ...own,
  }
  const body = defined({
    ...head(options),
    message,
    ...endingFor(choice, reply.usage, losses),
    logprobs: choice.logprobs && probabilities(choice.logprobs),
    ...losses.own(reply.extra, family),
  })
  return { body, losses: losses.list }
}

function probabilities(list: readonly TokenLogprob[]): unknown {
  return (logprobsFor(list) as { content: unknown }).content
}

function head({ model, created }: StreamWriterOptions): JsonObject {
  return { model, created_at: new Date(created * 1_000).toISOString() }
}

function endingFor(
  { finish, stopSequence }: { finish: FinishReason; stopSequence?: string },
  usage: CallUsage | undefined,
  losses: Losses,
): JsonObject {
  if (finish === 'content-filter' || finish === 'pause' || finish === 'other')
    losses.add('choices/0/finish', 'changed', `"${finish}" is told as "stop".`)
  if (stopSequence !== undefined)
    losses.add('choices/0/stopSequence', 'hint', 'Which stop sequence ended it is not told.')
  for (const name of ['cachedInputTokens', 'cacheWriteTokens', 'reasoningTokens'] as const)
    if (usage?.[name] !== undefined)
      losses.add(`usage/${name}`, 'hint', 'Tokens are counted as read and written only.')
  return defined({
    done: true,
    done_reason: finish === 'length' ? 'length' : 'stop',
    prompt_eval_count: usage?.inputTokens,
    eval_count: usage?.outputTokens,
  })
}

/** Reads lines of JSON until the one that is done. */
export function readOllamaStream(): StreamReader {
  let started = false
  let calls = 0
  return frameReader(new LineFramer(), {
    take(line, out) {
      const value = parsed(line)
      if (!isObject(value)) {
        const problem = broken(`sent a line that is no JSON: ${line.slice(0, 120)}`)
        out.push({ type: 'error', problem })
        return false
      }
      if (value.error !== undefined) {
        out.push({ type: 'error', problem: reported(String(value.error)) })
        return false
      }
      if (!started) out.push(startOf(value))
      started = true
      calls += readMessage(value, calls, out)
      if (out.at(-1)?.type === 'error' || value.done !== true) return false
      const usage = usageOf(value)
      if (usage) out.push({ type: 'usage', usage })
      const reason = typeof value.done_reason === 'string' ? value.done_reason : undefined
      out.push({ type: 'finish', reason: finishOf(reason, calls > 0) })
      return true
    },
    whole: () => false,
  })
}

function startOf({ model, created_at: time }: JsonObject): StreamEvent {
  const created = secondsOf(typeof time === 'string' ? time : undefined)
  return {
    type: 'start',
    ...(typeof model === 'string' ? { model } : {}),
    ...(created === undefined ? {} : { created }),
  }
}

/** How many calls of tools stood in it. */
function readMessage(value: JsonObject, from: number, out: StreamEvent[]): number {
  let calls = 0
  let logprobs = logprobsOf({ content: value.logprobs })
  try {
    const message = isObject(value.message) ? value.message : {}
    for (const part of partsOf(Fields.answered(message), () => `call_${from + calls}`)) {
      if (part.type === 'text') {
        out.push({ type: 'text', text: part.text, ...(logprobs?.length ? { logprobs } : {}) })
        logprobs = undefined
      } else if (part.type === 'reasoning') out.push({ type: 'reasoning', text: part.text })
      else if (part.type === 'tool-call') {
        const { id, name, arguments: text } = part
        out.push({ type: 'tool-call', call: from + calls++, id, name, arguments: text })
      }
    }
    if (logprobs?.length) out.push({ type: 'text', text: '', logprobs })
  } catch (error) {
    out.push({ type: 'error', problem: broken(`sent another shape: ${(error as Error).message}`) })
  }
  return calls
}

/** Writes lines of JSON. Calls of tools are told whole, so that they wait until the end. */
export function writeOllamaStream(options: StreamWriterOptions): StreamWriter {
  const losses = new Losses()
  const calls = new Map<number, { id: string; name: string; arguments: string }>()
  let usage: CallUsage | undefined
  let finish: (StreamEvent & { type: 'finish' }) | undefined
  const line = (message: JsonObject, more: JsonObject = { done: false }) => {
    const value = { ...head(options), message: { role: 'assistant', content: '', ...message } }
    return `${JSON.stringify({ ...value, ...more })}\n`
  }
  return {
    contentType: 'application/x-ndjson',
    losses: losses.list,
    write(event) {
      if (event.type === 'usage') usage = event.usage
      if (event.type === 'start' || event.type === 'usage' || event.type === 'error') return ''
      if ((event.choice ?? 0) > 0) losses.add('choices/1', 'meaning', 'One answer is told.')
      else if (event.type === 'finish') finish = event
      else if (event.type === 'tool-call') {
        const known = calls.get(event.call)
        const { id = '', name = '', arguments: text } = event
        if (known) known.arguments += text
        else calls.set(event.call, { id, name, arguments: text })
      } else if (event.type === 'reasoning-end' || event.type === 'opaque') {
        const owner = event.type === 'opaque' ? event.family : event.signedBy
        const effect = event.type === 'opaque' ? 'meaning' : 'changed'
        losses.add(event.type, effect, `Only ${owner} knows a part of the answer.`)
      } else {
        if (calls.size > 0) losses.add('content', 'hint', 'Calls of tools are told last.')
        if (event.type === 'reasoning') return line({ thinking: event.text })
        if (event.type === 'refusal') losses.add('refusal', 'changed', 'A refusal is told as text.')
        const probable = event.type === 'text' ? event.logprobs : undefined
        const more = probable ? { done: false, logprobs: probabilities(probable) } : undefined
        return line({ content: event.text }, more)
      }
      return ''
    },
    end() {
      const content = [...calls.values()].map((call) => ({ type: 'tool-call' as const, ...call }))
      const message = calls.size > 0 ? contentFor(content, { losses, path: 'choices/0' }) : {}
      const { reason = 'other' as const, stopSequence } = finish ?? {}
      callsTold(reason, calls.size > 0, losses)
      const stop = stopSequence === undefined ? {} : { stopSequence }
      return line(message, endingFor({ finish: reason, ...stop }, usage, losses))
    },
    fail: (error) => `${JSON.stringify({ error: `${error.message} ${error.remedy}`.trim() })}\n`,
  }
}
