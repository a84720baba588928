import type {
  CallUsage,
  JsonObject,
  StreamEvent,
  StreamReader,
  StreamWriter,
  StreamWriterOptions,
} from '#ports'
import { isObject, parsed } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { broken, reported } from '../wire/problems.ts'
import { type FrameReading, frameReader } from '../wire/reader.ts'
import { type SseEvent, SseParser } from '../wire/sse.ts'
import { finishFor, finishOf, usageFor, usageOf } from './reply.ts'
import { family } from './request.ts'

/** Reads the events of a streamed chat until `message-end`. */
export function readCohereStream(): StreamReader {
  return frameReader(new SseParser(), new CohereReading())
}

class CohereReading implements FrameReading<SseEvent> {
  readonly #calls = new Map<unknown, number>()

  take({ event, data }: SseEvent, out: StreamEvent[]): boolean {
    const value = parsed(data)
    if (!isObject(value)) {
      if (data.trimEnd() === '[DONE]') return false
      const what = value === undefined ? 'is no JSON' : 'has another shape'
      const problem = broken(`sent an event that ${what}: ${data.slice(0, 120)}`)
      out.push({ type: 'error', problem })
      return false
    }
    const type = typeof value.type === 'string' ? value.type : event
    const delta = isObject(value.delta) ? value.delta : {}
    if (type === 'message-start')
      out.push({ type: 'start', ...(typeof value.id === 'string' ? { id: value.id } : {}) })
    else if (type === 'message-end') return this.#end(delta, out)
    else if (type === 'error' || (type === 'message' && value.message !== undefined))
      out.push({ type: 'error', problem: reported(String(value.message ?? 'no message')) })
    else if (isObject(delta.message))
      this.#message({ type, index: value.index }, delta.message, out)
    return false
  }

  whole(): boolean {
    return false
  }

  #end(delta: JsonObject, out: StreamEvent[]): boolean {
    const usage = usageOf(delta.usage)
    if (usage) out.push({ type: 'usage', usage })
    if (typeof delta.error === 'string') {
      out.push({ type: 'error', problem: reported(delta.error) })
      return false
    }
    out.push({ type: 'finish', reason: finishOf(delta.finish_reason) })
    return true
  }

  #message(
    { type, index }: { type: string; index: unknown },
    message: JsonObject,
    out: StreamEvent[],
  ): void {
    const { content, tool_plan: plan, tool_calls: calls, citations } = message
    if (typeof plan === 'string' && plan !== '') out.push({ type: 'reasoning', text: plan })
    if (isObject(content)) {
      const { text, thinking } = content
      if (typeof thinking === 'string' && thinking !== '')
        out.push({ type: 'reasoning', text: thinking })
      if (typeof text === 'string' && text !== '') out.push({ type: 'text', text })
    }
    if (isObject(citations)) out.push({ type: 'opaque', family, value: { type, citations } })
    if (isObject(calls)) this.#call(index, calls, out)
  }

  #call(index: unknown, call: JsonObject, out: StreamEvent[]): void {
    const given = isObject(call.function) ? call.function : {}
    const text = typeof given.arguments === 'string' ? given.arguments : ''
    const known = this.#calls.get(index)
    if (known !== undefined) {
      if (text !== '') out.push({ type: 'tool-call', call: known, arguments: text })
      return
    }
    const number = this.#calls.size
    this.#calls.set(index, number)
    const id = String(call.id ?? '')
    out.push({
      type: 'tool-call',
      call: number,
      id,
      name: String(given.name ?? ''),
      arguments: text,
    })
  }
}

/** Writes events as a streamed chat until `message-end`. */
export function writeCohereStream(options: StreamWriterOptions): StreamWriter {
  return new CohereWriter(options)
}

class CohereWriter implements StreamWriter {
  readonly contentType = 'text/event-stream; charset=utf-8'
  readonly #id: string
  readonly #losses = new Losses()
  readonly #calls = new Map<number, number>()
  #usage: CallUsage | undefined
  #finish: (StreamEvent & { type: 'finish' }) | undefined
  #started = false
  #next = 0
  #open: { kind: 'text' | 'thinking'; index: number } | undefined

  constructor({ id }: StreamWriterOptions) {
    this.#id = id
  }

  get losses() {
    return this.#losses.list
  }

  write(event: StreamEvent): string {
    if (event.type === 'usage') this.#usage = event.usage
    if (event.type === 'usage' || event.type === 'error') return ''
    const start = this.#start()
    if (event.type === 'start') return start
    if ((event.choice ?? 0) > 0) this.#losses.add('choices/1', 'meaning', 'One answer is told.')
    else if (event.type === 'finish') this.#finish = event
    else return start + this.#content(event)
    return start
  }

  end(): string {
    const ends = [...this.#calls.values()].map((index) => frame('tool-call-end', { index }))
    const { reason: finish = 'other' as const, stopSequence } = this.#finish ?? {}
    const told = stopSequence === undefined ? {} : { stopSequence }
    const finish_reason = finishFor({ finish, ...told }, this.#losses)
    const usage = this.#usage ? { usage: usageFor(this.#usage, this.#losses) } : {}
    const delta = { finish_reason, ...usage }
    const last = frame('message-end', { id: this.#id, delta })
    return this.#start() + this.#close() + ends.join('') + last
  }

  fail(error: { message: string; remedy: string }): string {
    return frame('error', { message: `${error.message} ${error.remedy}`.trim() })
  }

  #start(): string {
    if (this.#started) return ''
    this.#started = true
    const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }
    return frame('message-start', { id: this.#id, delta: { message } })
  }

  #content(event: Exclude<StreamEvent, { type: 'start' | 'usage' | 'error' | 'finish' }>): string {
    if (event.type === 'text' || event.type === 'refusal') {
      if (event.type === 'refusal')
        this.#losses.add('refusal', 'changed', 'A refusal is told as text.')
      else if (event.logprobs) this.#losses.add('logprobs', 'meaning', 'Tokens are told by number.')
      return event.text === '' ? '' : this.#piece('text', event.text)
    }
    if (event.type === 'reasoning') return this.#piece('thinking', event.text)
    if (event.type === 'reasoning-end')
      this.#losses.add('reasoning', 'changed', `The signature of ${event.signedBy} is lost.`)
    else if (event.type === 'tool-call') return this.#call(event)
    else if (event.family !== family)
      this.#losses.add('content', 'meaning', `Only ${event.family} knows a part of the answer.`)
    else {
      const { type, ...message } = event.value
      return frame(String(type), { delta: { message } })
    }
    return ''
  }

  #piece(kind: 'text' | 'thinking', text: string): string {
    let before = ''
    if (this.#open?.kind !== kind) {
      before = this.#close()
      const index = this.#next++
      this.#open = { kind, index }
      const content = { type: kind, [kind]: '' }
      before += frame('content-start', { index, delta: { message: { content } } })
    }
    const delta = { message: { content: { [kind]: text } } }
    return before + frame('content-delta', { index: this.#open!.index, delta })
  }

  #close(): string {
    const open = this.#open
    this.#open = undefined
    return open ? frame('content-end', { index: open.index }) : ''
  }

  #call(event: StreamEvent & { type: 'tool-call' }): string {
    const known = this.#calls.get(event.call)
    if (known !== undefined) {
      if (event.arguments === '') return ''
      const tool_calls = { function: { arguments: event.arguments } }
      return frame('tool-call-delta', { index: known, delta: { message: { tool_calls } } })
    }
    const before = this.#close()
    const index = this.#calls.size
    this.#calls.set(event.call, index)
    const { id = '', name = '', arguments: text } = event
    const tool_calls = { id, type: 'function', function: { name, arguments: text } }
    return before + frame('tool-call-start', { index, delta: { message: { tool_calls } } })
  }
}

function frame(type: string, value: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`
}
