import type { PlinthError } from '#kernel'
import type {
  CallUsage,
  ErrorPlace,
  JsonObject,
  StreamEvent,
  StreamWriter,
  StreamWriterOptions,
} from '#ports'
import { Losses } from '../wire/losses.ts'
import { writeAnthropicError } from './errors.ts'
import { family } from './family.ts'
import { finishFor, otherwise, usageFor } from './usage.ts'

/** Writes events as a streamed message until `message_stop`. */
export function writeMessagesStream(options: StreamWriterOptions): StreamWriter {
  return new MessagesWriter(options)
}

type Kind = 'text' | 'thinking' | 'tool'

class MessagesWriter implements StreamWriter {
  readonly contentType = 'text/event-stream; charset=utf-8'
  readonly #options: StreamWriterOptions
  readonly #losses = new Losses()
  #usage: CallUsage = { inputTokens: 0, outputTokens: 0 }
  #finish: (StreamEvent & { type: 'finish' }) | undefined
  #started = false
  #next = 0
  /** The block that text or thoughts go to. */
  #open: { kind: Kind; index: number } | undefined
  /** Blocks of tool calls stay open until another kind follows: their pieces may come in turns. */
  readonly #tools = new Map<number, number>()
  #openTools: number[] = []

  constructor(options: StreamWriterOptions) {
    this.#options = options
  }

  get losses() {
    return this.#losses.list
  }

  write(event: StreamEvent): string {
    if (event.type === 'usage') this.#usage = event.usage
    if (event.type === 'error' || event.type === 'usage') return ''
    const start = this.#start()
    if (event.type === 'start') return start
    if ((event.choice ?? 0) > 0) {
      this.#losses.add('choices/1', 'meaning', 'One answer is told.')
      return start
    }
    if (event.type === 'finish') {
      this.#finish = event
      if (event.reason === 'other') this.#losses.add('finish', 'changed', otherwise)
      return start
    }
    return start + this.#content(event)
  }

  end(): string {
    const { reason = 'stop', stopSequence } = this.#finish ?? {}
    const delta = {
      stop_reason: finishFor(reason, stopSequence),
      stop_sequence: stopSequence ?? null,
    }
    return (
      this.#start() +
      this.#close() +
      frame('message_delta', { delta, usage: usageFor(this.#usage) }) +
      frame('message_stop', {})
    )
  }

  fail(error: PlinthError, at: ErrorPlace): string {
    return frame('error', writeAnthropicError(error, at).body)
  }

  #start(): string {
    if (this.#started) return ''
    this.#started = true
    const { id, model } = this.#options
    const message = {
      ...{ id, type: 'message', role: 'assistant', model, content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage: usageFor(this.#usage) },
    }
    return frame('message_start', { message })
  }

  #content(event: Exclude<StreamEvent, { type: 'start' | 'usage' | 'error' | 'finish' }>): string {
    if (event.type === 'text' || event.type === 'refusal') {
      if (event.type === 'refusal')
        this.#losses.add('refusal', 'changed', 'A refusal is told as text.')
      else if (event.logprobs)
        this.#losses.add('logprobs', 'meaning', 'There are no probabilities.')
      return event.text === '' ? '' : this.#piece('text', { type: 'text_delta', text: event.text })
    }
    if (event.type === 'reasoning')
      return this.#piece('thinking', { type: 'thinking_delta', thinking: event.text })
    if (event.type === 'reasoning-end') return this.#signature(event)
    if (event.type === 'tool-call') return this.#tool(event)
    return this.#opaque(event)
  }

  #piece(kind: Kind, delta: JsonObject): string {
    let before = ''
    if (this.#open?.kind !== kind) {
      const empty = kind === 'text' ? { text: '' } : { thinking: '', signature: '' }
      before = this.#close() + this.#begin(kind, { type: kind, ...empty })
    }
    return before + frame('content_block_delta', { index: this.#open!.index, delta })
  }

  #begin(kind: Kind, block: JsonObject): string {
    const index = this.#next++
    this.#open = { kind, index }
    return frame('content_block_start', { index, content_block: block })
  }

  #close(): string {
    const indexes = this.#openTools
    if (this.#open && this.#open.kind !== 'tool') indexes.push(this.#open.index)
    this.#open = undefined
    this.#openTools = []
    return indexes.map((index) => frame('content_block_stop', { index })).join('')
  }

  #signature(event: StreamEvent & { type: 'reasoning-end' }): string {
    if (event.signedBy !== family) {
      this.#losses.add('reasoning', 'changed', `The signature of ${event.signedBy} is lost.`)
      return ''
    }
    if (event.encrypted !== undefined)
      return this.#whole({ type: 'redacted_thinking', data: event.encrypted })
    const delta = { type: 'signature_delta', signature: event.signature ?? '' }
    return this.#piece('thinking', delta) + this.#close()
  }

  #tool(event: StreamEvent & { type: 'tool-call' }): string {
    let before = ''
    let index = this.#tools.get(event.call)
    if (index === undefined) {
      if (this.#open && this.#open.kind !== 'tool') before = this.#close()
      const { id = '', name = '' } = event
      before += this.#begin('tool', { type: 'tool_use', id, name, input: {} })
      index = this.#open!.index
      this.#tools.set(event.call, index)
      this.#openTools.push(index)
    }
    if (event.arguments === '') return before
    const delta = { type: 'input_json_delta', partial_json: event.arguments }
    return before + frame('content_block_delta', { index, delta })
  }

  #opaque({ family: owner, value }: StreamEvent & { type: 'opaque' }): string {
    if (owner !== family) {
      this.#losses.add('content', 'meaning', `Only ${owner} knows a part of the answer.`)
      return ''
    }
    // Citations belong to the text that stands open.
    if (String(value.type).endsWith('_delta')) return this.#piece('text', { ...value })
    return this.#whole(value)
  }

  #whole(block: Readonly<JsonObject>): string {
    return this.#close() + this.#begin('text', { ...block }) + this.#close()
  }
}

function frame(type: string, value: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`
}
