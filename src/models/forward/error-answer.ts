import type { Receiving } from './receiving.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

const maxErrorBytes = 64 * 1024

/** An answer with an error status: its body is read as far as it can matter. */
export class ErrorAnswer {
  readonly #to: Receiving
  readonly #status: number
  readonly #headers: Headers
  readonly #pieces: Buffer[] = []
  #bytes = 0

  constructor(to: Receiving, status: number, headers: Headers) {
    this.#to = to
    this.#status = status
    this.#headers = headers
  }

  data(bytes: Buffer): void {
    if (this.#bytes > maxErrorBytes) return
    this.#bytes += bytes.length
    this.#pieces.push(bytes)
    if (this.#bytes <= maxErrorBytes) return
    this.#to.stop()
    this.end()
  }

  end(): void {
    const body = Buffer.concat(this.#pieces).toString('utf8')
    this.#to.failed(this.#to.errorOf({ status: this.#status, headers: this.#headers, body }))
  }
}
