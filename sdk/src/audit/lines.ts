/**
 * Where an export comes from: its text, or chunks of it (a file's stream, a fetch body), cut
 * anywhere.
 */
export type ExportSource =
  | string
  | AsyncIterable<string | Uint8Array>
  | ReadableStream<Uint8Array>
  | Iterable<string>

/** A line of an export is one event, and events are limited; a longer line is no export. */
export const maxLineChars = 4 * 1024 * 1024

export class LineTooLong extends Error {
  constructor() {
    super(`A line is longer than ${maxLineChars} characters.`)
    this.name = 'LineTooLong'
  }
}

/**
 * Lines without their newline, a last line without newline included; memory stays at about one
 * chunk and one line.
 * @throws LineTooLong
 */
export async function* linesOf(source: ExportSource): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunksOf(source)) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    let start = 0
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', start)) {
      yield rest + text.slice(start, at)
      rest = ''
      start = at + 1
    }
    rest += text.slice(start)
    if (rest.length > maxLineChars) throw new LineTooLong()
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

async function* chunksOf(source: ExportSource): AsyncGenerator<string | Uint8Array> {
  if (typeof source === 'string') yield source
  else if (Symbol.asyncIterator in source) yield* source as AsyncIterable<string | Uint8Array>
  else if (Symbol.iterator in source) yield* source
  else {
    // A browser whose streams cannot be iterated yet.
    const reader = (source as ReadableStream<Uint8Array>).getReader()
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
    } finally {
      reader.releaseLock()
    }
  }
}
