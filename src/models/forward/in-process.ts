import { newId, PlinthError, toPlinthError } from '#kernel'
import type {
  CallPart,
  ChatMessage,
  ChatModel,
  ChatPart,
  Dialect,
  DispatchRequest,
  JsonObject,
  ModelCall,
  OutboundDispatcher,
  OutboundExchange,
  OutboundReceiver,
  StreamWriterOptions,
} from '#ports'

/**
 * A model within this process, called as if it were an endpoint that speaks a dialect: routing, masking, budgets,
 * accounts and every door hold for it as for any other. It takes text and gives text.
 */
export function dispatchInProcess(model: ChatModel, dialect: Dialect): OutboundDispatcher {
  return {
    dispatch: (_target, request, receiver) => {
      const exchange = new InProcessExchange(request, receiver)
      void exchange.run(model, dialect)
      return exchange
    },
  }
}

class InProcessExchange implements OutboundExchange {
  readonly #request: DispatchRequest
  readonly #receiver: OutboundReceiver
  readonly #stop = new AbortController()
  #resume: (() => void) | undefined
  #over = false
  /** Only the first content ends the wait for it. */
  #held: boolean
  #timer: NodeJS.Timeout | undefined
  readonly #total: NodeJS.Timeout

  constructor(request: DispatchRequest, receiver: OutboundReceiver) {
    this.#request = request
    this.#receiver = receiver
    this.#held = request.held === true
    const { totalMs } = request.timeouts
    this.#total = setTimeout(() => this.#late(`did not finish within ${totalMs} ms`), totalMs)
    this.#await('sent nothing', request.timeouts.firstByteMs)
  }

  abort(): void {
    this.#finish()
  }

  resume(): void {
    this.#resume?.()
  }

  release(): void {
    this.#held = false
    this.#await('fell silent', this.#request.timeouts.idleMs)
  }

  /** Runs once; what it throws reaches the receiver. */
  async run(model: ChatModel, dialect: Dialect): Promise<void> {
    try {
      const call = dialect.readRequest(JSON.parse(textOf(this.#request.body)) as JsonObject)
      const parts = model.stream(chatOf(call), this.#stop.signal)
      const id = `chatcmpl-${newId('cal').slice(4)}`
      const created = Math.floor(Date.now() / 1_000)
      const options = { model: call.model, id, created, includeUsage: true }
      if (call.stream) await this.#stream(parts, dialect, options)
      else await this.#whole(parts, dialect, options)
      if (this.#over) return
      this.#finish()
      this.#receiver.end()
    } catch (error) {
      this.#fail(toPlinthError(error))
    }
  }

  async #stream(
    parts: AsyncIterable<ChatPart>,
    dialect: Dialect,
    options: StreamWriterOptions,
  ): Promise<void> {
    const writer = dialect.writeStream(options)
    this.#receiver.head(200, { 'content-type': writer.contentType })
    for await (const part of parts) {
      if (this.#over) return
      if (part.type === 'text') await this.#give(writer.write(part))
      else if (part.type === 'usage') await this.#give(writer.write({ type: 'usage', usage: part }))
      else if (part.type === 'finish') await this.#give(writer.write(part))
    }
    await this.#give(writer.end())
  }

  async #whole(
    parts: AsyncIterable<ChatPart>,
    dialect: Dialect,
    options: StreamWriterOptions,
  ): Promise<void> {
    let text = ''
    let usage: { inputTokens: number; outputTokens: number } | undefined
    let finish: Extract<ChatPart, { type: 'finish' }>['reason'] = 'other'
    for await (const part of parts) {
      if (this.#over) return
      if (part.type === 'text') text += part.text
      else if (part.type === 'usage') usage = part
      else if (part.type === 'finish') finish = part.reason
    }
    const choice = { content: [{ type: 'text' as const, text }], finish }
    const reply = { choices: [choice], ...(usage ? { usage } : {}) }
    this.#receiver.head(200, { 'content-type': 'application/json' })
    await this.#give(JSON.stringify(dialect.writeReply(reply, options).body))
  }

  async #give(written: string | Uint8Array): Promise<void> {
    if (this.#over || written.length === 0) return
    if (!this.#held) this.release()
    const resumed = new Promise<void>((resolve) => {
      this.#resume = resolve
    })
    if (this.#receiver.data(Buffer.from(written as Uint8Array))) return
    // While the reader does not read, only the total time counts.
    clearTimeout(this.#timer)
    await resumed
    this.release()
  }

  #await(what: string, ms: number): void {
    clearTimeout(this.#timer)
    if (!this.#over) this.#timer = setTimeout(() => this.#late(`${what} for ${ms} ms`), ms)
  }

  #late(what: string): void {
    this.#fail(new PlinthError('UPSTREAM_TIMEOUT', `The model within this process ${what}.`))
  }

  #fail(error: PlinthError): void {
    if (this.#over) return
    this.#finish()
    this.#receiver.error(error)
  }

  #finish(): void {
    this.#over = true
    clearTimeout(this.#timer)
    clearTimeout(this.#total)
    this.#stop.abort()
    this.#resume?.()
  }
}

function textOf(body: DispatchRequest['body']): string {
  return typeof body === 'string' ? body : Buffer.from(body ?? '').toString('utf8')
}

/** @throws UNSUPPORTED for what a model within this process cannot be asked. */
function chatOf(call: ModelCall): Parameters<ChatModel['stream']>[0] {
  if (call.tools?.length) throw unsupported('tools')
  if (call.format && call.format.type !== 'text') throw unsupported('a format of the answer')
  if ((call.n ?? 1) > 1) throw unsupported('several answers')
  if (call.logprobs) throw unsupported('probabilities')
  const { model, temperature, maxOutputTokens, stop } = call
  return {
    model,
    messages: call.messages.map(
      ({ role, content }): ChatMessage => ({
        role: role === 'user' || role === 'assistant' ? role : 'system',
        content: content.map(wordsOf).join(''),
      }),
    ),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stop === undefined ? {} : { stop }),
  }
}

function wordsOf(part: CallPart): string {
  if (part.type === 'text') return part.text
  throw unsupported(`content of type "${part.type}"`)
}

function unsupported(what: string): PlinthError {
  return new PlinthError('UNSUPPORTED', {
    detail: `A model within this process takes text and gives text; it knows nothing of ${what}.`,
    where: 'body',
    remedy: 'Leave it out, or name a model of another provider.',
  })
}
