import { PlinthError, redact, toPlinthError } from '#kernel'
import type { OutboundReceiver } from '#ports'
import { ErrorAnswer } from './error-answer.ts'
import type { Observed } from './observed.ts'
import type { PassThrough } from './pass-through.ts'
import type { Receiving } from './receiving.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** For calls whose answers are no events: one that breaks off can only end. */
export const plainPassThrough: PassThrough = {
  observe: () => 'other',
  observeReply: () => true,
  failFrame: () => '',
  doneFrame: '',
}

/** Looks at an answer, and may put another in its place; undefined: it goes on as it came. */
export type ReadAnswer = (body: unknown, seen: Observed) => Promise<unknown>

/** Takes one JSON object, which is held until it is whole. */
export class JsonAnswer implements OutboundReceiver {
  readonly #to: Receiving
  readonly #read: ReadAnswer
  readonly #pieces: Buffer[] = []
  #refused: ErrorAnswer | undefined

  constructor(to: Receiving, read: ReadAnswer) {
    this.#to = to
    this.#read = read
  }

  head(status: number, headers: Headers): void {
    if (status !== 200) this.#refused = new ErrorAnswer(this.#to, status, headers)
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
    this.#answered(Buffer.concat(this.#pieces)).then(
      (body) => {
        seenWhole(this.#to.seen)
        this.#to.begin('application/json', body.length)
        this.#to.ended(body)
      },
      (error: unknown) => this.#to.failed(toPlinthError(error)),
    )
  }

  error(error: PlinthError): void {
    this.#to.failed(error)
  }

  async #answered(bytes: Buffer): Promise<Buffer> {
    const { provider, secrets, seen } = this.#to
    let body: unknown
    try {
      body = JSON.parse(bytes.toString('utf8'))
    } catch {
      const start = redact(bytes.subarray(0, 200).toString('utf8'), secrets)
      throw new PlinthError('UPSTREAM_FAILED', `The provider ${provider} sent no JSON: ${start}`)
    }
    const instead = await this.#read(body, seen)
    return instead === undefined ? bytes : Buffer.from(JSON.stringify(instead))
  }
}

/** Passes an answer on as it comes, whatever it is. */
export class BytesAnswer implements OutboundReceiver {
  readonly #to: Receiving
  #refused: ErrorAnswer | undefined
  #contentType = 'application/octet-stream'
  #begun = false

  constructor(to: Receiving) {
    this.#to = to
  }

  head(status: number, headers: Headers): void {
    if (status !== 200) this.#refused = new ErrorAnswer(this.#to, status, headers)
    const type = headers['content-type']
    if (typeof type === 'string') this.#contentType = type
  }

  data(bytes: Buffer): boolean {
    if (this.#refused) {
      this.#refused.data(bytes)
      return true
    }
    if (!this.#begun) {
      this.#begun = true
      this.#to.seen.content = true
      this.#to.begin(this.#contentType)
    }
    return this.#to.write(bytes)
  }

  end(): void {
    if (this.#refused) {
      this.#refused.end()
      return
    }
    if (!this.#begun) {
      const detail = `The provider ${this.#to.provider} sent an empty answer.`
      this.#to.failed(new PlinthError('UPSTREAM_FAILED', detail))
      return
    }
    seenWhole(this.#to.seen)
    this.#to.ended()
  }

  error(error: PlinthError): void {
    this.#to.failed(error)
  }
}

function seenWhole(seen: Observed): void {
  seen.content = true
  seen.finished = true
  seen.done = true
}
