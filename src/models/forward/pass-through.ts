import type { PlinthError } from '#kernel'
import type { Observed } from './observed.ts'

/** What is to be done with a frame. `usage-only`: it was sent because we asked for the usage. */
export type FrameKind = 'data' | 'usage-only' | 'done' | 'error' | 'other'

/** What must be known of a protocol to pass its bytes through and keep account. */
export interface PassThrough {
  /** Looks at one frame of a stream on its way through. */
  observe(frame: Buffer, seen: Observed): FrameKind
  /** Looks at a whole reply. False: this is none. */
  observeReply(reply: unknown, seen: Observed): boolean
  /** An error within a stream that had begun. */
  failFrame(error: PlinthError): string
  /** What ends a stream, where an upstream left it out after a whole answer. */
  doneFrame: string
}
