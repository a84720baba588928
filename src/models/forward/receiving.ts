import type { PlinthError } from '#kernel'
import type { Observed } from './observed.ts'
import type { PassThrough } from './pass-through.ts'

/** An answer with an error status. */
export interface ErrorBody {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: string
}

/** What a receiver of one try works with. Exactly one of `failed` and `ended` is called, once. */
export interface Receiving {
  seen: Observed
  protocol: PassThrough
  /** Name of the Provider resource. */
  provider: string
  secrets: readonly string[]
  usageWanted: boolean
  errorOf(answer: ErrorBody): PlinthError
  begin(contentType: string, bytes?: number): void
  write(bytes: Buffer): boolean
  failed(error: PlinthError): void
  ended(last?: Buffer): void
  /** What was given is through: go on reading. */
  proceed(): void
  /** Breaks the exchange off. */
  stop(): void
}
