import type { PlinthError } from '#kernel'
import type {
  CallUsage,
  ErrorPlace,
  FinishReason,
  StreamEvent,
  StreamWriter,
  StreamWriterOptions,
} from '#ports'
import { defined } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { writeOpenAiError } from './errors.ts'
import { finishFor, logprobsFor, usageFor } from './usage.ts'

/** Writes events as `chat.completion.chunk` until `[DONE]`. */
export function writeChatStream(options: StreamWriterOptions): StreamWriter {
  return new ChatWriter(options)
}

class ChatWriter implements StreamWriter {
  readonly contentType = 'text/event-stream; charset=utf-8'
  readonly #options: StreamWriterOptions
  readonly #losses = new Losses()
  #usage: CallUsage | undefined
  readonly #begun = new Set<number>()

  constructor(options: StreamWriterOptions) {
    this.#options = options
  }

  get losses() {
    return this.#losses.list
  }

  write(event: StreamEvent): string {
    if (event.type === 'usage') {
      this.#usage = event.usage
      return ''
    }
    if (event.type === 'error' || event.type === 'start') return ''
    const index = event.choice ?? 0
    const delta = this.#deltaOf(event)
    if (event.type !== 'finish' && !delta) return ''
    const role = this.#begun.has(index) ? {} : { role: 'assistant', content: '' }
    this.#begun.add(index)
    return this.#chunk(
      {
        index,
        delta: { ...role, ...delta },
        logprobs: event.type === 'text' ? logprobsFor(event.logprobs) : null,
      },
      event.type === 'finish' ? event.reason : undefined,
    )
  }

  end(): string {
    if (!this.#options.includeUsage) return 'data: [DONE]\n\n'
    const usage = usageFor(this.#usage ?? { inputTokens: 0, outputTokens: 0 })
    return `${frame({ ...this.#head(), choices: [], usage })}data: [DONE]\n\n`
  }

  fail(error: PlinthError, at: ErrorPlace): string {
    return frame(writeOpenAiError(error, at).body)
  }

  #deltaOf(event: StreamEvent): object | undefined {
    if (event.type === 'text') return { content: event.text }
    if (event.type === 'refusal') return { refusal: event.text }
    if (event.type === 'reasoning') return { reasoning_content: event.text }
    if (event.type === 'tool-call') {
      const { call, id, name, arguments: text } = event
      const kind = id === undefined ? undefined : 'function'
      const given = defined({ name, arguments: text })
      return { tool_calls: [defined({ index: call, id, type: kind, function: given })] }
    }
    if (event.type === 'reasoning-end') {
      if (event.signature ?? event.encrypted)
        this.#losses.add('reasoning', 'changed', 'The signature of thoughts is lost.')
    } else if (event.type === 'opaque')
      this.#losses.add('content', 'meaning', `Only ${event.family} knows a part of the answer.`)
    else if (event.type === 'finish') this.#ending(event)
    return undefined
  }

  #ending({ reason, stopSequence }: StreamEvent & { type: 'finish' }): void {
    if (reason === 'pause' || reason === 'other')
      this.#losses.add('finish', 'changed', `"${reason}" is told as "stop".`)
    if (stopSequence !== undefined)
      this.#losses.add('stopSequence', 'hint', 'Which stop sequence ended it is not told.')
  }

  #head() {
    const { id, created, model } = this.#options
    return { id, object: 'chat.completion.chunk', created, model }
  }

  #chunk(choice: object, finish: FinishReason | undefined): string {
    return frame({
      ...this.#head(),
      choices: [{ ...choice, finish_reason: finish === undefined ? null : finishFor(finish) }],
      ...(this.#options.includeUsage ? { usage: null } : {}),
    })
  }
}

function frame(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}
