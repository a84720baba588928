import type { AuditEventInput, BudgetLedger } from '#governance'
import type { Clock } from '#kernel'
import type { PassThrough } from '#models'
import type { UsageBook } from '#ops'
import type { OutboundDispatcher } from '#ports'
import type { SnapshotCache, Store, Tx } from '#store'

/** Everything the gateway needs from outside, built by `src/wiring`. */
export interface GatewayHouse {
  store: Store
  clock: Clock
  snapshots: SnapshotCache
  ledger: BudgetLedger
  usage: UsageBook
  outbound: OutboundDispatcher
  appendAudit(tx: Tx, events: readonly AuditEventInput[]): Promise<unknown>
  /** Protocols that can be passed through, by the name that a Provider says. */
  protocols: Readonly<Record<string, PassThrough>>
  secret(env: string): string | undefined
}
