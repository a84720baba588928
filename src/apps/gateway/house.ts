import type { AuditEventInput, BudgetLedger } from '#governance'
import type { Clock, PlinthError } from '#kernel'
import type { AnswerCache, Candidate, ErrorBody, PassThrough, Router } from '#models'
import type { UsageBook } from '#ops'
import type { Dialect, OutboundClient, OutboundDispatcher } from '#ports'
import type { SnapshotCache, Store, Tx } from '#store'

/** Everything the gateway needs from outside, built by `src/wiring`. */
export interface GatewayHouse {
  store: Store
  clock: Clock
  snapshots: SnapshotCache
  router: Router
  ledger: BudgetLedger
  usage: UsageBook
  /** Answers that Routes and Models allow to be given again. */
  answers: AnswerCache
  outbound: OutboundClient & OutboundDispatcher
  appendAudit(tx: Tx, events: readonly AuditEventInput[]): Promise<unknown>
  /** The dialect of a provider's protocol; undefined for what is not called over HTTP. */
  dialect(protocol: string): Dialect | undefined
  /** Days for which answers are kept that their callers may continue. */
  responsesKeptDays: number
  /** How a model within this process is called, as if it spoke OpenAI's dialect; undefined for all others. */
  inProcess(candidate: Candidate): OutboundDispatcher | undefined
  /** Dialects that can be passed through, by their ids. */
  passThrough: Readonly<Record<string, PassThrough>>
  /** What an endpoint's error means, without its secrets. */
  errorOf(candidate: Candidate, answer: ErrorBody & { secrets: readonly string[] }): PlinthError
}
