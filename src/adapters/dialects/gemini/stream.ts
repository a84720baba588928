import type { PlinthError } from '#kernel'
import type {
  CallPart,
  CallUsage,
  ErrorPlace,
  JsonObject,
  StreamEvent,
  StreamReader,
  StreamWriter,
  StreamWriterOptions,
} from '#ports'
import { callsTold } from '../wire/calls.ts'
import { Fields, isObject, parsed } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { broken, reported } from '../wire/problems.ts'
import { type FrameReading, frameReader } from '../wire/reader.ts'
import { type SseEvent, SseParser } from '../wire/sse.ts'
import { writeGeminiError } from './errors.ts'
import { family, partsFor, partsOf } from './parts.ts'
import { callId, finishFor, finishOf, logprobsFor, logprobsOf, usageFor, usageOf } from './reply.ts'

/** Reads the pieces of a streamed response. There is no end mark: it is whole once every answer in it ended. */
export function readGeminiStream(): StreamReader {
  return frameReader(new SseParser(), new GeminiReading())
}

class GeminiReading implements FrameReading<SseEvent> {
  #started = false
  #id: string | undefined
  /** Tool calls of each answer so far, and whether it ended. */
  readonly #answers = new Map<number, { calls: number; finished: boolean }>()

  take({ data }: SseEvent, out: StreamEvent[]): boolean {
    const chunk = parsed(data)
    if (!isObject(chunk)) {
      const what = chunk === undefined ? 'is no JSON' : 'has another shape'
      const problem = broken(`sent an event that ${what}: ${data.slice(0, 120)}`)
      out.push({ type: 'error', problem })
    } else if (chunk.error) {
      const error = isObject(chunk.error) ? chunk.error : {}
      const type = typeof error.status === 'string' ? error.status : undefined
      out.push({ type: 'error', problem: reported(String(error.message ?? 'no message'), type) })
    } else this.#chunk(chunk, out)
    return false
  }

  whole(): boolean {
    const answers = [...this.#answers.values()]
    return answers.length > 0 && answers.every(({ finished }) => finished)
  }

  #chunk(chunk: JsonObject, out: StreamEvent[]): void {
    if (!this.#started) {
      this.#started = true
      const { responseId: id, modelVersion: model } = chunk
      this.#id = typeof id === 'string' ? id : undefined
      out.push({
        type: 'start',
        ...(this.#id === undefined ? {} : { id: this.#id }),
        ...(typeof model === 'string' ? { model } : {}),
      })
    }
    const { candidates, promptFeedback } = chunk
    if (isObject(promptFeedback) && typeof promptFeedback.blockReason === 'string') {
      this.#answers.set(0, { calls: 0, finished: true })
      out.push({ type: 'finish', reason: 'content-filter' })
    }
    for (const candidate of Array.isArray(candidates) ? candidates : [])
      if (isObject(candidate)) this.#candidate(candidate, out)
    const usage = usageOf(chunk.usageMetadata)
    if (usage) out.push({ type: 'usage', usage })
  }

  #candidate(candidate: JsonObject, out: StreamEvent[]): void {
    const index = typeof candidate.index === 'number' ? candidate.index : 0
    const answer = this.#answers.get(index) ?? { calls: 0, finished: false }
    this.#answers.set(index, answer)
    if (answer.finished) return
    const at = index === 0 ? {} : { choice: index }
    const content = isObject(candidate.content) ? candidate.content : {}
    let unnamed = answer.calls
    let logprobs = logprobsOf(candidate.logprobsResult)
    for (const part of readParts(content.parts, () => callId(this.#id, unnamed++), out)) {
      const call = answer.calls
      if (part.type === 'tool-call') answer.calls++
      const event = eventOf(part, call)
      for (const one of event)
        out.push({ ...one, ...at, ...(probable(one) ? { logprobs } : {}) } as StreamEvent)
      if (part.type === 'text') logprobs = undefined
    }
    if (logprobs?.length) out.push({ type: 'text', text: '', logprobs, ...at })
    if (typeof candidate.finishReason !== 'string') return
    answer.finished = true
    out.push({
      type: 'finish',
      reason: finishOf(candidate.finishReason, answer.calls > 0),
      ...at,
    })

    function probable(one: StreamEvent): boolean {
      return one.type === 'text' && logprobs !== undefined && logprobs.length > 0
    }
  }
}

function readParts(value: unknown, nameCall: () => string, out: StreamEvent[]): CallPart[] {
  if (!Array.isArray(value)) return []
  try {
    return partsOf(
      value.map((part) => Fields.answered(part)),
      nameCall,
    )
  } catch (error) {
    out.push({ type: 'error', problem: broken(`sent another shape: ${(error as Error).message}`) })
    return []
  }
}

function eventOf(part: CallPart, call: number): StreamEvent[] {
  if (part.type === 'text') return [{ type: 'text', text: part.text }]
  if (part.type === 'tool-call') {
    const { id, name, arguments: text } = part
    return [{ type: 'tool-call', call, id, name, arguments: text }]
  }
  if (part.type === 'reasoning') {
    const thought: StreamEvent[] = part.text === '' ? [] : [{ type: 'reasoning', text: part.text }]
    if (part.signature === undefined) return thought
    return [...thought, { type: 'reasoning-end', signedBy: family, signature: part.signature }]
  }
  if (part.type === 'opaque') return [{ type: 'opaque', family, value: part.value }]
  const value = partsFor([part], { losses: new Losses(), path: '', names: new Map() })[0] ?? {}
  return [{ type: 'opaque', family, value }]
}

/** Writes events as pieces of a response. Calls of tools are told whole, so that they wait for their last piece. */
export function writeGeminiStream(options: StreamWriterOptions): StreamWriter {
  return new GeminiWriter(options)
}

type Call = CallPart & { type: 'tool-call' }

class GeminiWriter implements StreamWriter {
  readonly contentType = 'text/event-stream; charset=utf-8'
  readonly #options: StreamWriterOptions
  readonly #losses = new Losses()
  readonly #finishes: (StreamEvent & { type: 'finish' })[] = []
  #calls = new Map<string, { call: Call; index: number }>()
  readonly #called = new Set<number>()
  #usage: CallUsage = { inputTokens: 0, outputTokens: 0 }

  constructor(options: StreamWriterOptions) {
    this.#options = options
  }

  get losses() {
    return this.#losses.list
  }

  write(event: StreamEvent): string {
    if (event.type === 'start' || event.type === 'error') return ''
    if (event.type === 'usage') {
      this.#usage = event.usage
      return ''
    }
    if (event.type === 'finish') {
      this.#finishes.push(event)
      return ''
    }
    const index = event.choice ?? 0
    if (event.type === 'tool-call') {
      this.#call(event, index)
      return ''
    }
    return this.#flush() + this.#content(event, index)
  }

  end(): string {
    const finishes = this.#finishes.length > 0 ? this.#finishes : [{ reason: 'other' as const }]
    const candidates = finishes.map((one) => {
      const { reason, choice: index = 0, stopSequence } = one as StreamEvent & { type: 'finish' }
      callsTold(reason, this.#called.has(index), this.#losses)
      const stop = stopSequence === undefined ? {} : { stopSequence }
      const finishReason = finishFor({ finish: reason, ...stop }, this.#losses)
      return { index, content: { role: 'model', parts: [] }, finishReason }
    })
    const usageMetadata = usageFor(this.#usage, this.#losses)
    return this.#flush() + this.#frame({ candidates, usageMetadata })
  }

  fail(error: PlinthError, at: ErrorPlace): string {
    return `data: ${JSON.stringify(writeGeminiError(error, at).body)}\n\n`
  }

  #call(event: StreamEvent & { type: 'tool-call' }, index: number): void {
    const key = `${index}/${event.call}`
    const known = this.#calls.get(key)
    if (known) {
      known.call.arguments += event.arguments
      return
    }
    this.#called.add(index)
    const { id = '', name = '', arguments: text } = event
    this.#calls.set(key, { call: { type: 'tool-call', id, name, arguments: text }, index })
  }

  #flush(): string {
    const waiting = [...this.#calls.values()]
    this.#calls = new Map()
    return waiting.map(({ call, index }) => this.#parts([call], index)).join('')
  }

  #content(
    event: Exclude<StreamEvent, { type: 'start' | 'usage' | 'error' | 'finish' | 'tool-call' }>,
    index: number,
  ): string {
    if (event.type === 'text') {
      const { text, logprobs } = event
      const probable = logprobs ? { logprobsResult: logprobsFor(logprobs, this.#losses) } : {}
      return this.#parts([{ type: 'text', text }], index, probable)
    }
    if (event.type === 'refusal' || event.type === 'reasoning')
      return this.#parts([{ type: event.type, text: event.text }], index)
    if (event.type === 'opaque')
      return this.#parts([{ type: 'opaque', family: event.family, value: event.value }], index)
    const { type: _, choice: __, ...signed } = event
    return this.#parts([{ type: 'reasoning', text: '', ...signed }], index)
  }

  #parts(content: readonly CallPart[], index: number, more: JsonObject = {}): string {
    const path = `choices/${index}`
    const parts = partsFor(content, { losses: this.#losses, path, names: new Map() })
    if (parts.length === 0 && Object.keys(more).length === 0) return ''
    return this.#frame({ candidates: [{ index, content: { role: 'model', parts }, ...more }] })
  }

  #frame(value: JsonObject): string {
    const { model, id } = this.#options
    return `data: ${JSON.stringify({ ...value, modelVersion: model, responseId: id })}\n\n`
  }
}
