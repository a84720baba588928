import { setTimeout as delay } from 'node:timers/promises'
import {
  type AuditEventInput,
  type Booked,
  type BudgetLedger,
  type LeaseReport,
  systemActor,
} from '#governance'
import { limits, PlinthError } from '#kernel'
import type { Store, Tx } from '#store'
import { CallMetrics } from '../metrics/calls.ts'
import type { CallRow } from './call-row.ts'
import { digestOfCalls } from './digest.ts'
import { writeCalls } from './write.ts'

/** Milliseconds that a call is in memory only, at most, while the database answers. */
const everyMs = 100
const batchRows = limits.callsPerBatch
/** Calls in memory beyond which no further one is taken: their cost could not be booked. */
const maxWaiting = 50_000
const retryMs = [100, 500, 1_000, 5_000] as const

interface Batch {
  calls: CallRow[]
  reports: LeaseReport[]
}

export interface UsageBookOptions {
  store: Store
  ledger: BudgetLedger
  appendAudit(tx: Tx, events: readonly AuditEventInput[]): Promise<unknown>
  onProblem?: (error: unknown) => void
}

/**
 * Keeps account of calls: they wait in memory for at most a tenth of a second and are stored in batches, each in one
 * transaction with what it takes from the budgets. A batch is tried until it is in, and is in once.
 */
export class UsageBook {
  /** Counts of the same calls, for scrapes. */
  readonly metrics = new CallMetrics()
  readonly #options: UsageBookOptions
  readonly #waiting = new Map<string, CallRow[]>()
  #count = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #closed = false

  constructor(options: UsageBookOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.flush().catch(() => undefined), everyMs)
  }

  /** Throws UNAVAILABLE where calls cannot be booked any more: what cannot be counted is not served. */
  requireRoom(): void {
    if (this.#count < maxWaiting) return
    throw new PlinthError('UNAVAILABLE', {
      detail: `${this.#count} calls wait to be booked; the database does not take them.`,
      remedy: 'Check the database with `plinth doctor`, then try again.',
    })
  }

  /** Calls of an organization that are not in the database yet. */
  waiting(organizationId: string): number {
    return this.#waiting.get(organizationId)?.length ?? 0
  }

  note(organizationId: string, call: CallRow): void {
    this.metrics.count(organizationId, call)
    const list = this.#waiting.get(organizationId)
    if (list) list.push(call)
    else this.#waiting.set(organizationId, [call])
    this.#count++
    if (this.#count >= batchRows && !this.#writing) void this.flush().catch(() => undefined)
  }

  /** Stores everything noted before the call. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#closed = true
    await this.flush()
  }

  async #write(): Promise<void> {
    const { ledger } = this.#options
    const organizations = new Set([...this.#waiting.keys(), ...ledger.organizations()])
    for (const organizationId of organizations) {
      const waiting = this.#waiting.get(organizationId) ?? []
      this.#waiting.delete(organizationId)
      do {
        const calls = waiting.splice(0, batchRows)
        const reports = ledger.due(organizationId)
        if (calls.length + reports.length > 0) {
          await this.#storeBatch(organizationId, { calls, reports })
        }
        this.#count -= calls.length
      } while (waiting.length > 0)
    }
  }

  async #storeBatch(organizationId: string, batch: Batch): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#storeOnce(organizationId, batch)
        return
      } catch (error) {
        this.#options.onProblem?.(error)
        // At the end of the process the database has this long; then what was not booked is told by `onProblem`.
        // A report without calls is only of leases given back: it is made anew with the next one.
        if (batch.calls.length === 0) return
        if (this.#closed && attempt >= retryMs.length) throw error
        await delay(retryMs[Math.min(attempt, retryMs.length - 1)])
      }
    }
  }

  async #storeOnce(organizationId: string, { calls, reports }: Batch): Promise<void> {
    const { store, ledger, appendAudit } = this.#options
    const booked = await store.within(organizationId, async (tx): Promise<Booked[] | undefined> => {
      const stored = await writeCalls(tx, organizationId, calls)
      // Stored before, with its reports: only the answer was lost.
      if (calls.length > 0 && stored === 0) return undefined
      const found = await ledger.book(tx, reports)
      const alerts = found.flatMap((one) => one.alerts)
      const events = [...(calls.length > 0 ? [bookedEvent(calls)] : []), ...alerts.map(alertEvent)]
      if (events.length > 0) await appendAudit(tx, events)
      return found
    })
    ledger.committed(reports, booked)
  }
}

/** One event for a batch: the digest of its rows makes each of them provable, at a thousandth of the cost. */
function bookedEvent(calls: readonly CallRow[]): AuditEventInput {
  const ids = calls.map(({ id }) => id).sort()
  return {
    kind: 'calls.booked',
    actor: systemActor,
    details: {
      calls: calls.length,
      first: ids[0] ?? '',
      last: ids.at(-1) ?? '',
      digest: digestOfCalls(calls),
    },
  }
}

function alertEvent(alert: Booked['alerts'][number]): AuditEventInput {
  const { budget, subject, ...details } = alert
  return {
    kind: 'budget.alert',
    actor: systemActor,
    target: { kind: 'budget', id: budget },
    details: { subject, ...details },
  }
}
