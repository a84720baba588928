import type { StreamEvent, StreamReader } from '#ports'
import { broken } from './problems.ts'

/** Cuts bytes into frames; throws RangeError for a frame without end, another error for one that is damaged. */
export interface Framer<Frame> {
  push(bytes: Uint8Array): Frame[]
  /** What stands after the last frame when the bytes ended; dropped unless the framing allows it. */
  rest?(): Frame[]
}

export interface FrameReading<Frame> {
  /** Reads one frame into events; true when it was the end mark. An `error` event ends the stream, too. */
  take(frame: Frame, out: StreamEvent[]): boolean
  /** The bytes ended without an end mark: true where the answer is whole all the same. */
  whole(out: StreamEvent[]): boolean
}

/** A reader of streams over any framing. */
export function frameReader<Frame>(
  framer: Framer<Frame>,
  reading: FrameReading<Frame>,
): StreamReader {
  return new FrameReader(framer, reading)
}

class FrameReader<Frame> implements StreamReader {
  complete = false
  #over = false
  readonly #framer: Framer<Frame>
  readonly #reading: FrameReading<Frame>

  constructor(framer: Framer<Frame>, reading: FrameReading<Frame>) {
    this.#framer = framer
    this.#reading = reading
  }

  push(bytes: Uint8Array): StreamEvent[] {
    const out: StreamEvent[] = []
    if (this.#over) return out
    let frames: Frame[]
    try {
      frames = this.#framer.push(bytes)
    } catch (error) {
      this.#over = true
      const what =
        error instanceof RangeError ? 'sent an event without end' : (error as Error).message
      out.push({ type: 'error', problem: broken(what) })
      return out
    }
    this.#take(frames, out)
    return out
  }

  end(): StreamEvent[] {
    const out: StreamEvent[] = []
    if (this.#over) return out
    this.#take(this.#framer.rest?.() ?? [], out)
    if (this.#over) return out
    this.#over = true
    this.complete = this.#reading.whole(out)
    if (!this.complete) {
      const problem = broken('broke off in the middle of the answer', { cut: true })
      out.push({ type: 'error', problem })
    }
    return out
  }

  #take(frames: readonly Frame[], out: StreamEvent[]): void {
    for (const frame of frames) {
      this.complete = this.#reading.take(frame, out)
      this.#over = this.complete || out.at(-1)?.type === 'error'
      if (this.#over) return
    }
  }
}
