/** Bytes of one frame beyond which a stream is broken, not long. */
const maxFrame = 4 * 1024 * 1024

/**
 * Cuts a stream of server-sent events (WHATWG HTML, section 9.2) into frames, each with the blank line that ends it,
 * without decoding or copying what came whole. Lines may end in LF, CRLF or CR, and be split anywhere.
 */
export class SseFrames {
  #rest: Buffer | undefined

  /** Gives out the frames that are now complete. Throws RangeError for a frame without end. */
  push(bytes: Buffer, take: (frame: Buffer) => void): void {
    const all = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes
    let from = 0
    for (let end = frameEnd(all, from); end >= 0; end = frameEnd(all, from)) {
      take(all.subarray(from, end))
      from = end
    }
    this.#rest = from === all.length ? undefined : all.subarray(from)
    if ((this.#rest?.length ?? 0) > maxFrame) throw new RangeError('An event has no end.')
  }

  /** What is left of a frame that never ended. */
  rest(): Buffer | undefined {
    return this.#rest
  }
}

/** Offset behind the first blank line at or after `from`; -1 where none has come whole. */
function frameEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0x0a, from); at >= 0; at = bytes.indexOf(0x0a, at + 1)) {
    const next = bytes[at + 1]
    if (next === 0x0a) return at + 2
    if (next === 0x0d && bytes[at + 2] === 0x0a) return at + 3
    // The frame itself is a lone blank line, as keep-alives of some servers are.
    if (at === from || (at === from + 1 && bytes[from] === 0x0d)) return at + 1
  }
  // Streams with bare CR are legal and were not met: they pass as one frame when they end.
  return -1
}
