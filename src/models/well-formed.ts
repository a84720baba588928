/**
 * Text of a stream as it may be stored: NUL becomes U+FFFD, and so does half of a surrogate pair; a pair whose halves
 * come in two pieces is kept together.
 */
export class WellFormedText {
  #held = ''

  /** What can be given out of the text so far. */
  push(piece: string): string {
    const text = this.#held + piece
    const split = /[\ud800-\udbff]$/.test(text)
    this.#held = split ? text.slice(-1) : ''
    return clean(split ? text.slice(0, -1) : text)
  }

  /** What was held back, at the end. */
  flush(): string {
    const rest = clean(this.#held)
    this.#held = ''
    return rest
  }
}

function clean(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed()
}
