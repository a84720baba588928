import type { PlinthError } from '#kernel'
import type { Observed } from './observed.ts'
import type { PassThrough } from './pass-through.ts'

/** What a receiver of one try works with. Exactly one of `failed` and `ended` is called, once. */
export interface Receiving {
  seen: Observed
  protocol: PassThrough
  /** Name of the Provider resource. */
  provider: string
  secrets: readonly string[]
  usageWanted: boolean
  begin(contentType: string, bytes?: number): void
  write(bytes: Buffer): boolean
  failed(error: PlinthError): void
  ended(last?: Buffer): void
  /** Breaks the exchange off. */
  stop(): void
}
