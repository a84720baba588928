/** One event of a server-sent event stream. */
export interface SseEvent {
  /** `message` where the stream names none. */
  event: string
  data: string
}

/** UTF-16 units of one event beyond which a stream is broken, not long. */
const maxEvent = 4 * 1024 * 1024

/**
 * Reads server-sent events (WHATWG HTML, section 9.2) from bytes that may be split anywhere: within a character, a
 * line end, a field. Comments and fields other than `event` and `data` are skipped; an event that the stream
 * ends in the middle of is not given out. Throws RangeError for an event without end.
 */
export class SseParser {
  readonly #decoder = new TextDecoder('utf-8')
  #line = ''
  /** The last piece ended in CR: an LF that follows belongs to it. */
  #afterCr = false
  #event = ''
  #data: string[] = []
  #size = 0

  /** Adds bytes; returns the events that are now complete. */
  push(bytes: Uint8Array): SseEvent[] {
    return this.#read(this.#decoder.decode(bytes, { stream: true }))
  }

  #read(text: string): SseEvent[] {
    const events: SseEvent[] = []
    let from = 0
    if (this.#afterCr && text.length > 0) {
      if (text[0] === '\n') from = 1
      this.#afterCr = false
    }
    for (let i = from; i < text.length; i++) {
      const char = text.charCodeAt(i)
      if (char !== 10 && char !== 13) continue
      const line = this.#line + text.slice(from, i)
      this.#line = ''
      if (char === 13) {
        if (i + 1 === text.length) this.#afterCr = true
        else if (text.charCodeAt(i + 1) === 10) i++
      }
      from = i + 1
      const event = this.#take(line)
      if (event) events.push(event)
    }
    this.#line += text.slice(from)
    if (this.#line.length + this.#size > maxEvent) throw new RangeError('An event has no end.')
    return events
  }

  #take(line: string): SseEvent | undefined {
    if (line === '') {
      const event = { event: this.#event || 'message', data: this.#data.join('\n') }
      const empty = this.#data.length === 0
      this.#event = ''
      this.#data = []
      this.#size = 0
      return empty ? undefined : event
    }
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') {
      this.#data.push(value)
      this.#size += value.length
    } else if (field === 'event') this.#event = value
    return undefined
  }
}
