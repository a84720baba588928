import type { JsonObject, StreamEvent, StreamReader } from '#ports'
import { logprobsOf } from '../openai-chat/usage.ts'
import { isObject, parsed } from '../wire/fields.ts'
import { broken, reported } from '../wire/problems.ts'
import { type FrameReading, frameReader } from '../wire/reader.ts'
import { type SseEvent, SseParser } from '../wire/sse.ts'
import { family } from './family.ts'
import { finishOf, usageOf } from './usage.ts'

/** Reads the events of a streamed response until `response.completed` or `response.incomplete`. */
export function readResponsesStream(): StreamReader {
  return frameReader(new SseParser(), new ResponsesReading())
}

interface Called {
  call: number
  told: number
}

class ResponsesReading implements FrameReading<SseEvent> {
  readonly #calls = new Map<unknown, Called>()

  take({ event: name, data }: SseEvent, out: StreamEvent[]): boolean {
    const value = parsed(data)
    if (!isObject(value)) {
      // Some gateways end this protocol as they end the other one.
      if (data.trimEnd() === '[DONE]') return false
      const what = value === undefined ? 'is no JSON' : 'has another shape'
      const problem = broken(`sent an event that ${what}: ${data.slice(0, 120)}`)
      out.push({ type: 'error', problem })
      return false
    }
    const type = typeof value.type === 'string' ? value.type : name
    const response = isObject(value.response) ? value.response : {}
    if (type === 'error' || type === 'response.failed')
      out.push(errorOf(type === 'error' ? (value.error ?? value) : response.error))
    else if (type === 'response.created') out.push(startOf(response))
    else if (type === 'response.completed' || type === 'response.incomplete') {
      const usage = usageOf(response.usage)
      if (usage) out.push({ type: 'usage', usage })
      out.push({ type: 'finish', reason: finishOf(response, this.#calls.size > 0) })
      return true
    } else this.#content(type, value, out)
    return false
  }

  whole(): boolean {
    return false
  }

  #content(type: string, value: JsonObject, out: StreamEvent[]): void {
    const delta = typeof value.delta === 'string' ? value.delta : ''
    const item = isObject(value.item) ? value.item : undefined
    if (type === 'response.output_text.delta') {
      const logprobs = logprobsOf({ content: value.logprobs })
      if (delta !== '' || logprobs?.length)
        out.push({ type: 'text', text: delta, ...(logprobs?.length ? { logprobs } : {}) })
    } else if (type === 'response.refusal.delta') {
      if (delta !== '') out.push({ type: 'refusal', text: delta })
    } else if (type === 'response.reasoning_summary_part.added') {
      if (Number(value.summary_index) > 0) out.push({ type: 'reasoning', text: '\n\n' })
    } else if (/^response\.reasoning(_summary)?_text\.delta$/.test(type)) {
      if (delta !== '') out.push({ type: 'reasoning', text: delta })
    } else if (type === 'response.function_call_arguments.delta') {
      const called = this.#calls.get(value.output_index)
      if (called) this.#arguments(called, delta, out)
    } else if (type === 'response.output_item.added' && item?.type === 'function_call')
      this.#call(value.output_index, item, out)
    else if (type === 'response.output_item.done' && item) this.#done(value, item, out)
  }

  #call(index: unknown, item: JsonObject, out: StreamEvent[]): Called {
    const called = { call: this.#calls.size, told: 0 }
    this.#calls.set(index, called)
    const id = String(item.call_id ?? item.id ?? '')
    const name = String(item.name ?? '')
    out.push({ type: 'tool-call', call: called.call, id, name, arguments: '' })
    return called
  }

  #arguments(called: Called, text: string, out: StreamEvent[]): void {
    called.told += text.length
    if (text !== '') out.push({ type: 'tool-call', call: called.call, arguments: text })
  }

  #done(value: JsonObject, item: JsonObject, out: StreamEvent[]): void {
    if (item.type === 'message') return
    if (item.type === 'function_call') {
      const called =
        this.#calls.get(value.output_index) ?? this.#call(value.output_index, item, out)
      // Endpoints that send no pieces tell the arguments at once.
      if (called.told === 0) this.#arguments(called, String(item.arguments ?? ''), out)
    } else if (item.type === 'reasoning') {
      const { id, encrypted_content: encrypted, content } = item
      const open = Array.isArray(content) && content.length > 0
      if (open && typeof encrypted !== 'string') return
      out.push({
        type: 'reasoning-end',
        signedBy: family,
        ...(typeof id === 'string' ? { id } : {}),
        ...(typeof encrypted === 'string' ? { encrypted } : {}),
      })
    } else out.push({ type: 'opaque', family, value: item })
  }
}

function startOf({ id, model, created_at: created }: JsonObject): StreamEvent {
  return {
    type: 'start',
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof created === 'number' ? { created } : {}),
  }
}

function errorOf(error: unknown): StreamEvent {
  if (!isObject(error)) return { type: 'error', problem: reported('no message') }
  const word = error.code ?? error.type
  const type = typeof word === 'string' ? word : undefined
  return { type: 'error', problem: reported(String(error.message ?? 'no message'), type) }
}
