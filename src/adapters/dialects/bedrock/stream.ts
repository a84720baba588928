import type { PlinthError } from '#kernel'
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
import { family } from './blocks.ts'
import { encodeMessage, type Message, MessageFramer } from './event-stream.ts'
import { finishFor, finishOf, usageFor, usageOf } from './reply.ts'

/** Reads the events of `ConverseStream`: whole at `metadata`, or after `messageStop` where the bytes end there. */
export function readConverseStream(): StreamReader {
  return frameReader(new MessageFramer(), new ConverseReading())
}

class ConverseReading implements FrameReading<Message> {
  /** Number of the tool call of each block. */
  readonly #calls = new Map<unknown, number>()
  readonly #signatures = new Map<unknown, string>()
  #finished = false

  take({ headers, payload }: Message, out: StreamEvent[]): boolean {
    const value = payload === '' ? {} : parsed(payload)
    const type = headers[':event-type'] ?? headers[':exception-type'] ?? headers[':error-code']
    if (headers[':message-type'] !== 'event') {
      const told = isObject(value) ? (value.message ?? value.Message) : undefined
      const message = String(told ?? headers[':error-message'] ?? type ?? 'no message')
      out.push({ type: 'error', problem: reported(message, type) })
    } else if (!isObject(value)) {
      const problem = broken(`sent an event that is no JSON: ${payload.slice(0, 120)}`)
      out.push({ type: 'error', problem })
    } else return this.#event(type, value, out)
    return false
  }

  whole(): boolean {
    return this.#finished
  }

  #event(type: string | undefined, value: JsonObject, out: StreamEvent[]): boolean {
    const index = value.contentBlockIndex
    if (type === 'messageStart') out.push({ type: 'start' })
    else if (type === 'contentBlockStart') this.#start(index, value.start, out)
    else if (type === 'contentBlockDelta') this.#delta(index, value.delta, out)
    else if (type === 'contentBlockStop') {
      const signature = this.#signatures.get(index)
      this.#signatures.delete(index)
      if (signature !== undefined) out.push({ type: 'reasoning-end', signedBy: family, signature })
    } else if (type === 'messageStop') {
      this.#finished = true
      out.push({ type: 'finish', reason: finishOf(value.stopReason) })
    } else if (type === 'metadata') {
      const usage = usageOf(value.usage)
      if (usage) out.push({ type: 'usage', usage })
      return this.#finished
    }
    return false
  }

  #start(index: unknown, start: unknown, out: StreamEvent[]): void {
    if (!isObject(start) || !isObject(start.toolUse)) return
    const call = this.#calls.size
    this.#calls.set(index, call)
    const { toolUseId, name } = start.toolUse
    out.push({ type: 'tool-call', call, id: String(toolUseId), name: String(name), arguments: '' })
  }

  #delta(index: unknown, delta: unknown, out: StreamEvent[]): void {
    if (!isObject(delta)) return
    if (typeof delta.text === 'string') {
      if (delta.text !== '') out.push({ type: 'text', text: delta.text })
    } else if (isObject(delta.toolUse)) {
      const call = this.#calls.get(index)
      const text = String(delta.toolUse.input ?? '')
      if (call !== undefined && text !== '') out.push({ type: 'tool-call', call, arguments: text })
    } else if (isObject(delta.reasoningContent)) {
      const { text, signature, redactedContent: encrypted } = delta.reasoningContent
      if (typeof text === 'string' && text !== '') out.push({ type: 'reasoning', text })
      if (typeof signature === 'string')
        this.#signatures.set(index, `${this.#signatures.get(index) ?? ''}${signature}`)
      if (typeof encrypted === 'string')
        out.push({ type: 'reasoning-end', signedBy: family, encrypted })
    } else out.push({ type: 'opaque', family, value: delta })
  }
}

/** Writes events as `ConverseStream`. */
export function writeConverseStream(_: StreamWriterOptions): StreamWriter {
  return new ConverseWriter()
}

class ConverseWriter implements StreamWriter {
  readonly contentType = 'application/vnd.amazon.eventstream'
  readonly #losses = new Losses()
  readonly #calls = new Map<number, number>()
  #usage: CallUsage = { inputTokens: 0, outputTokens: 0 }
  #finish: (StreamEvent & { type: 'finish' }) | undefined
  #started = false
  #next = 0
  #open: { kind: 'text' | 'reasoning'; index: number } | undefined

  get losses() {
    return this.#losses.list
  }

  write(event: StreamEvent): Uint8Array | string {
    if (event.type === 'usage') this.#usage = event.usage
    if (event.type === 'usage' || event.type === 'error') return ''
    const out: Buffer[] = []
    this.#start(out)
    if (event.type !== 'start') {
      if ((event.choice ?? 0) > 0) this.#losses.add('choices/1', 'meaning', 'One answer is told.')
      else if (event.type === 'finish') this.#finish = event
      else this.#content(event, out)
    }
    return out.length > 0 ? Buffer.concat(out) : ''
  }

  end(): Uint8Array {
    const out: Buffer[] = []
    this.#start(out)
    this.#close(out)
    for (const index of this.#calls.values()) out.push(stop(index))
    const { reason: finish = 'other' as const, stopSequence } = this.#finish ?? {}
    const told = stopSequence === undefined ? {} : { stopSequence }
    const stopReason = finishFor({ finish, ...told }, this.#losses)
    out.push(frame('messageStop', { stopReason }))
    const usage = usageFor(this.#usage, this.#losses)
    out.push(frame('metadata', { usage, metrics: { latencyMs: 0 } }))
    return Buffer.concat(out)
  }

  fail(error: PlinthError): Uint8Array {
    return encodeMessage({
      headers: {
        ':message-type': 'exception',
        ':exception-type': exceptionOf(error),
        ':content-type': 'application/json',
      },
      payload: JSON.stringify({ message: `${error.message} ${error.remedy}`.trim() }),
    })
  }

  #start(out: Buffer[]): void {
    if (!this.#started) out.push(frame('messageStart', { role: 'assistant' }))
    this.#started = true
  }

  #content(
    event: Exclude<StreamEvent, { type: 'start' | 'usage' | 'error' | 'finish' }>,
    out: Buffer[],
  ): void {
    if (event.type === 'text' || event.type === 'refusal') {
      if (event.type === 'refusal')
        this.#losses.add('refusal', 'changed', 'A refusal is told as text.')
      else if (event.logprobs)
        this.#losses.add('logprobs', 'meaning', 'There are no probabilities.')
      if (event.text !== '') this.#piece('text', { text: event.text }, out)
    } else if (event.type === 'reasoning')
      this.#piece('reasoning', { reasoningContent: { text: event.text } }, out)
    else if (event.type === 'reasoning-end') this.#signed(event, out)
    else if (event.type === 'tool-call') this.#call(event, out)
    else if (event.family === family) this.#piece('text', { ...event.value }, out)
    else this.#losses.add('content', 'meaning', `Only ${event.family} knows a part of the answer.`)
  }

  #piece(kind: 'text' | 'reasoning', delta: JsonObject, out: Buffer[]): void {
    if (this.#open?.kind !== kind) {
      this.#close(out)
      this.#open = { kind, index: this.#next++ }
    }
    out.push(frame('contentBlockDelta', { delta, contentBlockIndex: this.#open.index }))
  }

  #close(out: Buffer[]): void {
    if (this.#open) out.push(stop(this.#open.index))
    this.#open = undefined
  }

  #signed(event: StreamEvent & { type: 'reasoning-end' }, out: Buffer[]): void {
    const { signedBy, signature, encrypted: redactedContent } = event
    if (signedBy !== family)
      this.#losses.add('reasoning', 'changed', `The signature of ${signedBy} is lost.`)
    else if (redactedContent !== undefined) {
      this.#close(out)
      this.#piece('reasoning', { reasoningContent: { redactedContent } }, out)
    } else this.#piece('reasoning', { reasoningContent: { signature: signature ?? '' } }, out)
    this.#close(out)
  }

  #call(event: StreamEvent & { type: 'tool-call' }, out: Buffer[]): void {
    let index = this.#calls.get(event.call)
    if (index === undefined) {
      this.#close(out)
      index = this.#next++
      this.#calls.set(event.call, index)
      const { id: toolUseId = '', name = '' } = event
      const start = { toolUse: { toolUseId, name } }
      out.push(frame('contentBlockStart', { start, contentBlockIndex: index }))
    }
    if (event.arguments === '') return
    const delta = { toolUse: { input: event.arguments } }
    out.push(frame('contentBlockDelta', { delta, contentBlockIndex: index }))
  }
}

function exceptionOf({ code }: PlinthError): string {
  if (code === 'TOO_MANY_REQUESTS') return 'throttlingException'
  if (code === 'INVALID_INPUT') return 'validationException'
  return code === 'UNAVAILABLE' ? 'serviceUnavailableException' : 'internalServerException'
}

function stop(index: number): Buffer {
  return frame('contentBlockStop', { contentBlockIndex: index })
}

export function frame(type: string, value: object): Buffer {
  return encodeMessage({
    headers: {
      ':event-type': type,
      ':content-type': 'application/json',
      ':message-type': 'event',
    },
    payload: JSON.stringify(value),
  })
}
