import type {
  CallUsage,
  Dialect,
  JsonObject,
  StreamEvent,
  StreamWriter,
  StreamWriterOptions,
} from '#ports'
import { writeOpenAiError } from '../openai-chat/errors.ts'
import { finishFor, finishOf, usageFor, usageOf } from '../openai-chat/usage.ts'
import { bearer, fixedEndpoint } from '../wire/endpoint.ts'
import { isObject, parsed } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { broken, messageIn, problemOfStatus, reported } from '../wire/problems.ts'
import { frameReader } from '../wire/reader.ts'
import { SseParser } from '../wire/sse.ts'
import {
  probabilitiesFor,
  probabilitiesOf,
  readCompletionReply,
  told,
  writeCompletionReply,
} from './reply.ts'
import { family, readCompletionRequest, writeCompletionRequest } from './request.ts'

/** Completions of a bare text, as older clients and base models use them. */
export function createOpenAiCompletions(): Dialect {
  return {
    version: 'dialect/1',
    id: 'openai-completions',
    family,
    framing: 'sse',
    forwardedHeaders: ['openai-organization', 'openai-project', 'idempotency-key'],
    readRequest: readCompletionRequest,
    writeRequest: writeCompletionRequest,
    readReply: readCompletionReply,
    writeReply: writeCompletionReply,
    readStream,
    writeStream,
    readError: (status, headers, body) => problemOfStatus(status, headers, messageIn(body)),
    writeError: writeOpenAiError,
    endpoint: (options) => fixedEndpoint(options, { headers: bearer(options.apiKey) }),
    passThrough: { models: '/models' },
  }
}

function readStream() {
  let started = false
  let finished = false
  return frameReader(new SseParser(), {
    take({ data }, out) {
      if (data.trimEnd() === '[DONE]') {
        if (!finished) out.push({ type: 'finish', reason: 'other' })
        return true
      }
      const chunk = parsed(data)
      if (!isObject(chunk)) {
        const problem = broken(`sent an event that is no JSON: ${data.slice(0, 120)}`)
        out.push({ type: 'error', problem })
      } else if (chunk.error) {
        const said = isObject(chunk.error) ? chunk.error.message : chunk.error
        out.push({ type: 'error', problem: reported(String(said)) })
      } else {
        if (!started) out.push(startOf(chunk))
        started = true
        finished = readChunk(chunk, out) || finished
      }
      return false
    },
    whole: () => finished,
  })
}

function startOf({ id, model, created }: JsonObject): StreamEvent {
  return {
    type: 'start',
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof created === 'number' ? { created } : {}),
  }
}

/** Whether an answer ended in it. */
function readChunk(chunk: JsonObject, out: StreamEvent[]): boolean {
  let finished = false
  for (const choice of Array.isArray(chunk.choices) ? chunk.choices : []) {
    if (!isObject(choice)) continue
    const at = typeof choice.index === 'number' && choice.index > 0 ? { choice: choice.index } : {}
    const logprobs = probabilitiesOf(choice.logprobs)
    const text = typeof choice.text === 'string' ? choice.text : ''
    if (text !== '' || logprobs)
      out.push({ type: 'text', text, ...(logprobs ? { logprobs } : {}), ...at })
    if (typeof choice.finish_reason !== 'string') continue
    finished = true
    out.push({ type: 'finish', reason: finishOf(choice.finish_reason), ...at })
  }
  const usage = usageOf(chunk.usage)
  if (usage) out.push({ type: 'usage', usage })
  return finished
}

function writeStream(options: StreamWriterOptions): StreamWriter {
  const losses = new Losses()
  let usage: CallUsage = { inputTokens: 0, outputTokens: 0 }
  const { id, created, model, includeUsage } = options
  const frame = (more: object) =>
    `data: ${JSON.stringify({ id, object: 'text_completion', created, model, ...more })}\n\n`
  const choice = (event: { choice?: number }, more: object) =>
    frame({ choices: [{ index: event.choice ?? 0, text: '', logprobs: null, ...more }] })
  return {
    contentType: 'text/event-stream; charset=utf-8',
    losses: losses.list,
    write(event) {
      if (event.type === 'usage') usage = event.usage
      if (event.type === 'text') {
        told({ finish: 'stop', ...event }, losses, 'choices/0')
        const logprobs = probabilitiesFor(event.logprobs)
        return choice(event, { text: event.text, logprobs, finish_reason: null })
      }
      if (event.type === 'refusal') {
        losses.add('refusal', 'changed', 'A refusal is told as text.')
        return choice(event, { text: event.text, finish_reason: null })
      }
      if (event.type === 'finish') {
        const { reason, stopSequence } = event
        const stop = stopSequence === undefined ? {} : { stopSequence }
        told({ finish: reason, ...stop }, losses, 'choices/0')
        return choice(event, {
          finish_reason: finishFor(reason === 'tool-calls' ? 'stop' : reason),
        })
      }
      if (event.type === 'reasoning' || event.type === 'reasoning-end')
        losses.add('reasoning', 'changed', 'Thoughts cannot be told.')
      if (event.type === 'tool-call' || event.type === 'opaque')
        losses.add(event.type, 'meaning', `Content of type "${event.type}" cannot be told.`)
      return ''
    },
    end() {
      const counted = includeUsage ? frame({ choices: [], usage: usageFor(usage) }) : ''
      return `${counted}data: [DONE]\n\n`
    },
    fail: (error, at) => `data: ${JSON.stringify(writeOpenAiError(error, at).body)}\n\n`,
  }
}
