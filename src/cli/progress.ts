import type { CliIo } from './io.ts'
import { cutTo, printable } from './text.ts'

const everyMs = 100

/** One line on standard error that is written over and over, where a person watches; nothing elsewhere. */
export class Progress {
  readonly #io: CliIo
  #shown = false
  #last = 0

  constructor(io: CliIo) {
    this.#io = io
  }

  show(text: string, options: { force?: boolean } = {}): void {
    if (!this.#io.watched) return
    const now = this.#io.now()
    if (!options.force && this.#shown && now - this.#last < everyMs) return
    this.#last = now
    this.#shown = true
    const line = cutTo(printable(text).replace(/\s+/g, ' '), Math.max(20, this.#io.columns - 1))
    this.#io.err(`\r\u001b[2K${line}`)
  }

  clear(): void {
    if (!this.#shown) return
    this.#shown = false
    this.#io.err('\r\u001b[2K')
  }
}
