import { parsed } from './fields.ts'
import type { Framer } from './reader.ts'

/** UTF-16 units of one line beyond which a stream is broken, not long. */
const maxLine = 4 * 1024 * 1024

/** Cuts a stream into lines, the last of which may have no end. Throws RangeError for a line without end. */
export class LineFramer implements Framer<string> {
  readonly #decoder = new TextDecoder('utf-8')
  #line = ''

  push(bytes: Uint8Array): string[] {
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split(/\r?\n/)
    this.#line = lines.pop() ?? ''
    if (this.#line.length > maxLine) throw new RangeError('A line has no end.')
    return lines.filter((line) => line.trim() !== '')
  }

  rest(): string[] {
    const last = this.#line + this.#decoder.decode()
    this.#line = ''
    // A line that is cut is no line.
    return parsed(last) === undefined ? [] : [last]
  }
}
