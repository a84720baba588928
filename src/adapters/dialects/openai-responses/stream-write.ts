import type { PlinthError } from '#kernel'
import type {
  CallPart,
  CallUsage,
  ErrorPlace,
  JsonObject,
  StreamEvent,
  StreamWriter,
  StreamWriterOptions,
  TokenLogprob,
} from '#ports'
import { writeOpenAiError } from '../openai-chat/errors.ts'
import { callsTold } from '../wire/calls.ts'
import { Losses } from '../wire/losses.ts'
import { family } from './family.ts'
import { itemId, messageFor, openThoughts, probabilitiesFor, responseFor } from './reply.ts'
import { finishFor, usageFor } from './usage.ts'

/** Writes events as a streamed response. The last event repeats the whole answer, which is therefore kept until then. */
export function writeResponsesStream(options: StreamWriterOptions): StreamWriter {
  return new ResponsesWriter(options)
}

interface OpenItem {
  kind: 'text' | 'refusal' | 'reasoning'
  index: number
  id: string
  text: string
  logprobs: TokenLogprob[]
  /** Thoughts that their own provider recognises again. */
  signed: boolean
}

interface OpenCall {
  index: number
  item: { id: string; type: string; call_id: string; name: string; arguments: string }
}

type Pieces = string[]

class ResponsesWriter implements StreamWriter {
  readonly contentType = 'text/event-stream; charset=utf-8'
  readonly #options: StreamWriterOptions
  readonly #losses = new Losses()
  readonly #output: JsonObject[] = []
  readonly #calls = new Map<number, OpenCall>()
  #open: OpenItem | undefined
  #usage: CallUsage | undefined
  #finish: (StreamEvent & { type: 'finish' }) | undefined
  #number = 0

  constructor(options: StreamWriterOptions) {
    this.#options = options
  }

  get losses() {
    return this.#losses.list
  }

  write(event: StreamEvent): string {
    if (event.type === 'error') return ''
    const out: Pieces = []
    if (event.type === 'usage') this.#usage = event.usage
    else if (event.type !== 'start' && (event.choice ?? 0) > 0)
      this.#losses.add('choices/1', 'meaning', 'One answer is told.')
    else if (event.type === 'finish') this.#finish = event
    else {
      this.#start(out)
      if (event.type !== 'start') this.#content(event, out)
    }
    return out.join('')
  }

  end(): string {
    const out: Pieces = []
    this.#start(out)
    this.#close(out)
    for (const { index, item } of this.#calls.values()) {
      this.#output[index] = { ...item, status: 'completed' }
      const place = { item_id: item.id, output_index: index }
      out.push(
        this.#frame('response.function_call_arguments.done', { ...place, ...argumentsOf(item) }),
      )
      out.push(this.#done(index))
    }
    const finish = this.#finish ?? { reason: 'other' as const }
    callsTold(finish.reason, this.#calls.size > 0, this.#losses)
    const { stopSequence } = finish as { stopSequence?: string }
    const stop = stopSequence === undefined ? {} : { stopSequence }
    const ending = finishFor({ finish: finish.reason, ...stop }, this.#losses)
    const usage = this.#usage ? { usage: usageFor(this.#usage) } : {}
    const response = responseFor(this.#options, { ...ending, output: this.#output, ...usage })
    out.push(this.#frame(`response.${ending.status}`, { response }))
    return out.join('')
  }

  fail(error: PlinthError, at: ErrorPlace): string {
    const { code, message, param } = writeOpenAiError(error, at).body.error as JsonObject
    return this.#frame('error', { code, message, param })
  }

  #start(out: Pieces): void {
    if (this.#number > 0) return
    const response = responseFor(this.#options, {})
    out.push(this.#frame('response.created', { response }))
    out.push(this.#frame('response.in_progress', { response }))
  }

  #content(
    event: Exclude<StreamEvent, { type: 'start' | 'usage' | 'error' | 'finish' }>,
    out: Pieces,
  ): void {
    if (event.type === 'text' || event.type === 'refusal') this.#text(event, out)
    else if (event.type === 'reasoning') this.#thought(event.text, out)
    else if (event.type === 'reasoning-end') this.#signed(event, out)
    else if (event.type === 'tool-call') this.#call(event, out)
    else if (event.family !== family)
      this.#losses.add('content', 'meaning', `Only ${event.family} knows a part of the answer.`)
    else {
      this.#close(out)
      const index = this.#output.push({ ...event.value }) - 1
      out.push(this.#added(index), this.#done(index))
    }
  }

  #begin(kind: OpenItem['kind'], out: Pieces): OpenItem {
    if (this.#open?.kind === kind) return this.#open
    this.#close(out)
    const index = this.#output.length
    const type: CallPart['type'] = kind === 'reasoning' ? kind : 'text'
    const open = {
      kind,
      index,
      id: itemId(type, this.#options.id, index),
      text: '',
      logprobs: [],
      signed: false,
    }
    this.#open = open
    this.#output.push(
      kind === 'reasoning'
        ? { id: open.id, type: 'reasoning', summary: [] }
        : messageFor(open.id, []),
    )
    out.push(this.#added(index))
    const place = { item_id: open.id, output_index: index }
    out.push(
      kind === 'reasoning'
        ? this.#frame('response.reasoning_summary_part.added', {
            ...{ ...place, summary_index: 0, part: { type: 'summary_text', text: '' } },
          })
        : this.#frame('response.content_part.added', {
            ...{ ...place, content_index: 0, part: partOf({ ...open, text: '' }) },
          }),
    )
    return open
  }

  #text(event: StreamEvent & { type: 'text' | 'refusal' }, out: Pieces): void {
    const open = this.#begin(event.type, out)
    const logprobs = event.type === 'text' ? (event.logprobs ?? []) : []
    open.text += event.text
    open.logprobs.push(...logprobs)
    const { id, index } = open
    const place = { item_id: id, output_index: index, content_index: 0, delta: event.text }
    out.push(
      event.type === 'text'
        ? this.#frame('response.output_text.delta', {
            ...{ ...place, logprobs: probabilitiesFor(logprobs) },
          })
        : this.#frame('response.refusal.delta', place),
    )
  }

  #thought(text: string, out: Pieces): void {
    const open = this.#begin('reasoning', out)
    open.text += text
    const place = { item_id: open.id, output_index: open.index, summary_index: 0 }
    out.push(this.#frame('response.reasoning_summary_text.delta', { ...place, delta: text }))
  }

  #signed(event: StreamEvent & { type: 'reasoning-end' }, out: Pieces): void {
    if (event.signedBy !== family) {
      this.#losses.add('reasoning', 'changed', `The signature of ${event.signedBy} is lost.`)
      this.#close(out)
      return
    }
    const open = this.#begin('reasoning', out)
    const { index } = open
    open.signed = true
    const { id, encrypted } = event
    Object.assign(this.#output[index]!, id === undefined ? {} : { id })
    if (encrypted !== undefined) this.#output[index]!.encrypted_content = encrypted
    this.#close(out)
  }

  #call(event: StreamEvent & { type: 'tool-call' }, out: Pieces): void {
    let open = this.#calls.get(event.call)
    if (!open) {
      this.#close(out)
      const index = this.#output.length
      const { id: call_id = '', name = '' } = event
      const id = itemId('tool-call', this.#options.id, index)
      open = { index, item: { id, type: 'function_call', call_id, name, arguments: '' } }
      this.#calls.set(event.call, open)
      this.#output.push({ ...open.item, status: 'in_progress' })
      out.push(this.#added(index))
    }
    if (event.arguments === '') return
    open.item.arguments += event.arguments
    const place = { item_id: open.item.id, output_index: open.index, delta: event.arguments }
    out.push(this.#frame('response.function_call_arguments.delta', place))
  }

  #close(out: Pieces): void {
    const open = this.#open
    if (!open) return
    this.#open = undefined
    const { index, id, text, kind } = open
    const place = { item_id: id, output_index: index }
    if (kind === 'reasoning') {
      const signed = open.signed && text !== '' ? [{ type: 'summary_text', text }] : []
      Object.assign(this.#output[index]!, open.signed ? { summary: signed } : openThoughts(text))
      out.push(
        this.#frame('response.reasoning_summary_text.done', { ...place, summary_index: 0, text }),
      )
    } else {
      const part = partOf(open)
      this.#output[index]!.content = [part]
      const inner = { ...place, content_index: 0 }
      out.push(
        kind === 'text'
          ? this.#frame('response.output_text.done', { ...inner, text, logprobs: [] })
          : this.#frame('response.refusal.done', { ...inner, refusal: text }),
      )
      out.push(this.#frame('response.content_part.done', { ...inner, part }))
    }
    out.push(this.#done(index))
  }

  #added(index: number): string {
    const place = { output_index: index, item: this.#output[index] }
    return this.#frame('response.output_item.added', place)
  }

  #done(index: number): string {
    const place = { output_index: index, item: this.#output[index] }
    return this.#frame('response.output_item.done', place)
  }

  #frame(type: string, value: JsonObject): string {
    const event = { type, sequence_number: this.#number++, ...value }
    return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`
  }
}

function argumentsOf(item: OpenCall['item']): { arguments: string; name: string } {
  return { arguments: item.arguments, name: item.name }
}

function partOf({ kind, text, logprobs }: OpenItem): JsonObject {
  if (kind === 'refusal') return { type: 'refusal', refusal: text }
  const own = logprobs.length > 0 ? { logprobs: probabilitiesFor(logprobs) } : {}
  return { type: 'output_text', text, annotations: [], ...own }
}
