import type { JsonObject, StreamEvent, StreamReader } from '#ports'
import { isObject, parsed } from '../wire/fields.ts'
import { broken, reported } from '../wire/problems.ts'
import { type FrameReading, frameReader } from '../wire/reader.ts'
import { type SseEvent, SseParser } from '../wire/sse.ts'
import { finishOf, logprobsOf, usageOf } from './usage.ts'

/** Reads `chat.completion.chunk` events until `[DONE]`; endpoints that leave it out are whole once they said why they end. */
export function readChatStream(): StreamReader {
  return frameReader(new SseParser(), new ChatReading())
}

class ChatReading implements FrameReading<SseEvent> {
  #started = false
  #finished = false
  /** Per answer: how many tool calls began, and the endpoint's number of each. */
  readonly #calls = new Map<number, Map<unknown, number>>()

  take({ data }: SseEvent, out: StreamEvent[]): boolean {
    if (data.trimEnd() === '[DONE]') {
      if (!this.#finished) out.push({ type: 'finish', reason: 'other' })
      return true
    }
    const chunk = parsed(data)
    if (!isObject(chunk)) {
      const what = chunk === undefined ? 'is no JSON' : 'has another shape'
      out.push({
        type: 'error',
        problem: broken(`sent an event that ${what}: ${data.slice(0, 120)}`),
      })
      return false
    }
    if (chunk.error) out.push(errorOf(chunk.error))
    else this.#chunk(chunk, out)
    return false
  }

  whole(): boolean {
    return this.#finished
  }

  #chunk(chunk: JsonObject, out: StreamEvent[]): void {
    if (!this.#started) {
      this.#started = true
      out.push(startOf(chunk))
    }
    if (Array.isArray(chunk.choices)) {
      for (const choice of chunk.choices) if (isObject(choice)) this.#choice(choice, out)
    }
    const usage = usageOf(chunk.usage)
    if (usage) out.push({ type: 'usage', usage })
  }

  #choice(choice: JsonObject, out: StreamEvent[]): void {
    const index = typeof choice.index === 'number' ? choice.index : 0
    const at = index === 0 ? {} : { choice: index }
    if (isObject(choice.delta)) this.#delta(choice.delta, { choice, out, index })
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') {
      this.#finished = true
      out.push({ type: 'finish', reason: finishOf(choice.finish_reason), ...at })
    }
  }

  #delta(
    delta: JsonObject,
    { choice, out, index }: { choice: JsonObject; out: StreamEvent[]; index: number },
  ): void {
    const at = index === 0 ? {} : { choice: index }
    const thought = delta.reasoning_content ?? delta.reasoning
    if (typeof thought === 'string' && thought !== '')
      out.push({ type: 'reasoning', text: thought, ...at })
    const logprobs = logprobsOf(choice.logprobs)
    const probable = logprobs?.length ? { logprobs } : {}
    if (typeof delta.content === 'string') {
      if (delta.content !== '' || logprobs?.length)
        out.push({ type: 'text', text: delta.content, ...probable, ...at })
    } else if (Array.isArray(delta.content)) pieces(delta.content, at, out)
    if (typeof delta.refusal === 'string' && delta.refusal !== '')
      out.push({ type: 'refusal', text: delta.refusal, ...at })
    if (!Array.isArray(delta.tool_calls)) return
    for (const call of delta.tool_calls)
      if (isObject(call)) out.push({ ...this.#call(call, index), ...at })
  }

  #call(call: JsonObject, index: number): StreamEvent & { type: 'tool-call' } {
    const known = this.#calls.get(index) ?? new Map<unknown, number>()
    this.#calls.set(index, known)
    // Some endpoints leave the number out: then a new id is a new call.
    const key = call.index ?? call.id ?? [...known.keys()].at(-1) ?? 0
    const number = known.get(key) ?? known.size
    const first = !known.has(key)
    known.set(key, number)
    const given = isObject(call.function) ? call.function : {}
    const text = given.arguments
    return {
      type: 'tool-call',
      call: number,
      ...(first && typeof call.id === 'string' ? { id: call.id } : {}),
      ...(first && typeof given.name === 'string' ? { name: given.name } : {}),
      arguments: typeof text === 'string' ? text : isObject(text) ? JSON.stringify(text) : '',
    }
  }
}

function startOf(chunk: JsonObject): StreamEvent {
  const { id, model, created } = chunk
  return {
    type: 'start',
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof created === 'number' ? { created } : {}),
  }
}

/** Content in parts, as Mistral streams it. */
function pieces(list: readonly unknown[], at: { choice?: number }, out: StreamEvent[]): void {
  for (const piece of list) {
    if (!isObject(piece)) continue
    if (piece.type === 'text') out.push({ type: 'text', text: String(piece.text ?? ''), ...at })
    else if (piece.type === 'thinking') {
      const inner = Array.isArray(piece.thinking) ? piece.thinking : []
      const text = inner.map((one) => (isObject(one) ? String(one.text ?? '') : '')).join('')
      if (text !== '') out.push({ type: 'reasoning', text, ...at })
    }
  }
}

function errorOf(error: unknown): StreamEvent {
  if (!isObject(error)) return { type: 'error', problem: reported(String(error)) }
  const type = typeof error.type === 'string' ? error.type : undefined
  return { type: 'error', problem: reported(String(error.message ?? 'no message'), type) }
}
