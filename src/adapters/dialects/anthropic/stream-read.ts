import type { CallUsage, JsonObject, StreamEvent, StreamReader } from '#ports'
import { isObject, parsed } from '../wire/fields.ts'
import { broken, reported } from '../wire/problems.ts'
import { type FrameReading, frameReader } from '../wire/reader.ts'
import { type SseEvent, SseParser } from '../wire/sse.ts'
import { family } from './family.ts'
import { whole } from './reply.ts'
import { finishOf, usageOf } from './usage.ts'

/** Reads the events of a streamed message until `message_stop`. */
export function readMessagesStream(): StreamReader {
  return frameReader(new SseParser(), new MessagesReading())
}

interface OpenBlock {
  block: JsonObject
  /** Number of the tool call. */
  call?: number
  signature?: string
  /** JSON of a block that only this protocol knows, in pieces. */
  json: string
}

class MessagesReading implements FrameReading<SseEvent> {
  readonly #open = new Map<unknown, OpenBlock>()
  #usage: Partial<CallUsage> = {}
  #calls = 0
  #finished = false

  take({ event: name, data }: SseEvent, out: StreamEvent[]): boolean {
    const value = parsed(data)
    if (!isObject(value)) {
      const what = value === undefined ? 'is no JSON' : 'has another shape'
      out.push({
        type: 'error',
        problem: broken(`sent an event that ${what}: ${data.slice(0, 120)}`),
      })
      return false
    }
    const type = typeof value.type === 'string' ? value.type : name
    if (type === 'message_stop') {
      if (!this.#finished) out.push({ type: 'finish', reason: 'other' })
      return true
    }
    // Known events only: the protocol says that clients must skip others.
    if (type === 'message_start') this.#start(value.message, out)
    else if (type === 'content_block_start') this.#begin(value, out)
    else if (type === 'content_block_delta') this.#delta(value, out)
    else if (type === 'content_block_stop') this.#close(value.index, out)
    else if (type === 'message_delta') this.#finish(value, out)
    else if (type === 'error') out.push(errorOf(value.error))
    return false
  }

  whole(): boolean {
    return false
  }

  #start(message: unknown, out: StreamEvent[]): void {
    const { id, model, usage } = isObject(message) ? message : ({} as JsonObject)
    out.push({
      type: 'start',
      ...(typeof id === 'string' ? { id } : {}),
      ...(typeof model === 'string' ? { model } : {}),
    })
    this.#count(usage, out)
  }

  #count(usage: unknown, out: StreamEvent[]): void {
    Object.assign(this.#usage, usageOf(usage))
    const told = whole(this.#usage)
    if (told && usage) out.push({ type: 'usage', usage: told })
  }

  #begin({ index, content_block: block }: JsonObject, out: StreamEvent[]): void {
    if (!isObject(block)) return
    const open: OpenBlock = { block, json: '' }
    this.#open.set(index, open)
    if (block.type === 'text' && typeof block.text === 'string' && block.text !== '')
      out.push({ type: 'text', text: block.text })
    if (block.type === 'thinking' && typeof block.thinking === 'string' && block.thinking !== '')
      out.push({ type: 'reasoning', text: block.thinking })
    if (block.type !== 'tool_use') return
    open.call = this.#calls++
    const given = isObject(block.input) && Object.keys(block.input).length > 0
    out.push({
      type: 'tool-call',
      call: open.call,
      id: String(block.id ?? ''),
      name: String(block.name ?? ''),
      arguments: given ? JSON.stringify(block.input) : '',
    })
  }

  #delta({ index, delta }: JsonObject, out: StreamEvent[]): void {
    if (!isObject(delta)) return
    const open = this.#open.get(index)
    if (delta.type === 'text_delta' && typeof delta.text === 'string') {
      if (delta.text !== '') out.push({ type: 'text', text: delta.text })
    } else if (delta.type === 'thinking_delta' && typeof delta.thinking === 'string') {
      if (delta.thinking !== '') out.push({ type: 'reasoning', text: delta.thinking })
    } else if (delta.type === 'signature_delta') {
      if (open) open.signature = `${open.signature ?? ''}${delta.signature}`
    } else if (delta.type === 'input_json_delta') {
      const json = String(delta.partial_json ?? '')
      if (open?.call !== undefined)
        out.push({ type: 'tool-call', call: open.call, arguments: json })
      else if (open) open.json += json
    } else out.push({ type: 'opaque', family, value: delta })
  }

  #close(index: unknown, out: StreamEvent[]): void {
    const open = this.#open.get(index)
    if (!open) return
    this.#open.delete(index)
    const { block, signature, json } = open
    if (block.type === 'thinking') {
      const own = signature ?? (typeof block.signature === 'string' ? block.signature : '')
      if (own) out.push({ type: 'reasoning-end', signedBy: family, signature: own })
    } else if (block.type === 'redacted_thinking') {
      out.push({ type: 'reasoning-end', signedBy: family, encrypted: String(block.data ?? '') })
    } else if (block.type !== 'text' && block.type !== 'tool_use') {
      const input = json === '' ? undefined : parsed(json)
      const value = input === undefined ? block : { ...block, input }
      out.push({ type: 'opaque', family, value })
    }
  }

  #finish({ delta, usage }: JsonObject, out: StreamEvent[]): void {
    this.#count(usage, out)
    if (!isObject(delta) || typeof delta.stop_reason !== 'string') return
    this.#finished = true
    const stop = delta.stop_sequence
    out.push({
      type: 'finish',
      reason: finishOf(delta.stop_reason),
      ...(typeof stop === 'string' ? { stopSequence: stop } : {}),
    })
  }
}

function errorOf(error: unknown): StreamEvent {
  if (!isObject(error)) return { type: 'error', problem: reported(String(error)) }
  const type = typeof error.type === 'string' ? error.type : undefined
  return {
    type: 'error',
    problem: reported(String(error.message ?? error.type ?? 'no message'), type),
  }
}
