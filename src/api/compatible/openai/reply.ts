import type { FastifyReply } from 'fastify'
import { EventStream } from '../../http/events.ts'

export type FinishReason = 'stop' | 'length' | 'content_filter'

/** How an answer ends, in our words for all kinds of models. */
export interface Ending {
  finish: FinishReason
  usage: { inputTokens: number; outputTokens: number }
  citations?: readonly object[]
  plinth: Record<string, unknown>
}

interface Head {
  id: string
  created: number
  model: string
}

/** What identifies a completion in each of its pieces. */
export function headOf(model: string, requestId: string, now: Date): Head {
  const id = `chatcmpl-${requestId.replace(/^req_/, '')}`
  return { id, created: Math.floor(now.getTime() / 1_000), model }
}

export function usageOf({ inputTokens, outputTokens }: Ending['usage']) {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  }
}

/** A whole answer as one object. */
export function completionOf(head: Head, content: string, ending: Ending) {
  const message = {
    role: 'assistant' as const,
    content,
    refusal: null,
    ...(ending.citations ? { citations: [...ending.citations] as Record<string, unknown>[] } : {}),
  }
  return {
    ...head,
    object: 'chat.completion' as const,
    choices: [{ index: 0, message, logprobs: null, finish_reason: ending.finish }],
    usage: usageOf(ending.usage),
    plinth: ending.plinth as never,
  }
}

/**
 * An answer as chunks. Nothing is sent before the first text, so that a failure before it is an ordinary error with its
 * status.
 */
export class ChunkStream {
  readonly #head: Head
  readonly #reply: FastifyReply
  readonly #includeUsage: boolean
  #events: EventStream | undefined

  constructor(reply: FastifyReply, head: Head, options: { includeUsage: boolean }) {
    this.#reply = reply
    this.#head = head
    this.#includeUsage = options.includeUsage
  }

  get begun(): boolean {
    return this.#events !== undefined
  }

  async text(content: string): Promise<void> {
    const events = await this.#begin()
    await events.send(this.#chunk({ content }, null))
  }

  async finish(ending: Ending): Promise<void> {
    const events = await this.#begin()
    const delta = ending.citations ? { citations: ending.citations } : {}
    await events.send({ ...this.#chunk(delta, ending.finish), plinth: ending.plinth })
    if (this.#includeUsage) {
      const { usage: _, ...chunk } = this.#chunk({}, null)
      await events.send({ ...chunk, choices: [], usage: usageOf(ending.usage) })
    }
    await events.send('[DONE]')
    events.end()
  }

  /** After the first text an error can only be one more event; clients of the original throw it. */
  async fail(body: object): Promise<void> {
    await this.#events?.send(body)
    this.#events?.end()
  }

  async #begin(): Promise<EventStream> {
    if (this.#events) return this.#events
    this.#events = new EventStream(this.#reply)
    await this.#events.send(this.#chunk({ role: 'assistant', content: '' }, null))
    return this.#events
  }

  #chunk(delta: object, finish: FinishReason | null) {
    return {
      ...this.#head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(this.#includeUsage ? { usage: null } : {}),
    }
  }
}
