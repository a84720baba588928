import { PlinthError, redact } from '#kernel'
import type { OutboundReceiver } from '#ports'
import { ErrorAnswer } from './error-answer.ts'
import type { Receiving } from './receiving.ts'

/**
 * Takes an answer that does not stream. It is held until it is whole and proved to be an answer: a cut or garbled one
 * is not passed on, and another candidate can still answer.
 */
export class WholeReceiver implements OutboundReceiver {
  readonly #to: Receiving
  readonly #pieces: Buffer[] = []
  #refused: ErrorAnswer | undefined
  #contentType = 'application/json'

  constructor(to: Receiving) {
    this.#to = to
  }

  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (status !== 200) this.#refused = new ErrorAnswer(this.#to, status, headers)
    const type = headers['content-type']
    if (typeof type === 'string') this.#contentType = type
  }

  data(bytes: Buffer): boolean {
    if (this.#refused) this.#refused.data(bytes)
    else this.#pieces.push(bytes)
    return true
  }

  end(): void {
    if (this.#refused) {
      this.#refused.end()
      return
    }
    const body = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
    if (!this.#isReply(body)) {
      this.#to.failed(this.#garbage(body))
      return
    }
    this.#to.begin(this.#contentType, body.length)
    this.#to.ended(body)
  }

  error(error: PlinthError): void {
    this.#to.failed(error)
  }

  #isReply(body: Buffer): boolean {
    try {
      return this.#to.protocol.observeReply(JSON.parse(body.toString('utf8')), this.#to.seen)
    } catch {
      return false
    }
  }

  #garbage(body: Buffer): PlinthError {
    const start = redact(body.subarray(0, 200).toString('utf8'), this.#to.secrets)
    const detail = `The provider ${this.#to.provider} sent no answer of its protocol: ${start}`
    return new PlinthError('UPSTREAM_FAILED', detail)
  }
}
