/** One server-sent event (WHATWG HTML, "Server-sent events"). */
export interface ServerEvent {
  /** `message` where the stream names none. */
  event: string
  data: string
  id: string | undefined
}

/** Characters of one event; a stream that never ends an event is broken, not big. */
const eventChars = 8 * 1024 * 1024

/**
 * Reads server-sent events from bytes, however they are cut. A last event without its blank line is not delivered,
 * as the specification says. Throws RangeError for an event over 8 Mi characters.
 */
export async function* serverEvents(
  bytes: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerEvent, void> {
  const reader = bytes.getReader()
  const decoder = new TextDecoder()
  const parser = new EventParser()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      yield* parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }))
      if (done) return
    }
  } finally {
    // The consumer may stop early: then the connection must not stay open.
    reader.cancel().catch(() => {})
  }
}

class EventParser {
  private rest = ''
  private event = ''
  private data: string[] = []
  private chars = 0
  private id: string | undefined
  private afterReturn = false

  push(text: string): ServerEvent[] {
    let piece = text
    // A "\n" right after a "\r" that ended the last piece belongs to the same line end.
    if (this.afterReturn && piece.startsWith('\n')) piece = piece.slice(1)
    if (text !== '') this.afterReturn = text.endsWith('\r')
    const lines = (this.rest + piece).split(/\r\n|\r|\n/)
    this.rest = lines.pop() ?? ''
    if (this.chars + this.rest.length > eventChars) throw new RangeError('event too large')
    return lines.flatMap((line) => this.line(line) ?? [])
  }

  private line(line: string): ServerEvent | undefined {
    if (line === '') return this.dispatch()
    if (line.startsWith(':')) return undefined
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
    if (field === 'event') this.event = value
    else if (field === 'id' && !value.includes('\0')) this.id = value
    else if (field === 'data') {
      this.data.push(value)
      this.chars += value.length
      if (this.chars > eventChars) throw new RangeError('event too large')
    }
    return undefined
  }

  private dispatch(): ServerEvent | undefined {
    const { data, event } = this
    this.data = []
    this.event = ''
    this.chars = 0
    if (data.length === 0) return undefined
    return { event: event || 'message', data: data.join('\n'), id: this.id }
  }
}
