import { type Lookup, openPlaceholder, placeholderPattern } from './placeholder.ts'

/**
 * The text with each placeholder that was given out replaced by its value; others stay as they are.
 */
export function unmask(text: string, lookup: Lookup): string {
  return text.replace(
    placeholderPattern,
    (placeholder) => lookup(placeholder.toUpperCase()) ?? placeholder,
  )
}

/**
 * Unmasks a stream. It holds back only what may still become a placeholder: the characters from the last "<" on, and
 * only while they agree with the beginning of one.
 */
export class Unmasker {
  readonly #lookup: Lookup
  #held = ''

  constructor(lookup: Lookup) {
    this.#lookup = lookup
  }

  /** What can be said after this chunk. */
  push(chunk: string): string {
    const text = this.#held + chunk
    const cut = openPlaceholder(text)
    this.#held = text.slice(cut)
    return unmask(text.slice(0, cut), this.#lookup)
  }

  /** The rest, at the end of the stream. */
  flush(): string {
    const rest = unmask(this.#held, this.#lookup)
    this.#held = ''
    return rest
  }
}

/** Unmasks an iterable of chunks; empty chunks are not passed on. */
export async function* unmaskStream(
  source: AsyncIterable<string> | Iterable<string>,
  lookup: Lookup,
): AsyncGenerator<string> {
  const unmasker = new Unmasker(lookup)
  for await (const chunk of source) {
    const text = unmasker.push(chunk)
    if (text !== '') yield text
  }
  const rest = unmasker.flush()
  if (rest !== '') yield rest
}
