import { newId, PlinthError } from '#kernel'
import type { Store, Tx } from '#store'
import { type Amounts, dimensions, nothing } from './amounts.ts'
import { type LeaseReport, type Reported, reportLease, takeLease } from './leases.ts'
import { type BudgetRule, type CounterKey, counterAt, type Spender, subjectOf } from './rules.ts'

/** A counter as this server sees it. */
interface Counter extends CounterKey {
  organizationId: string
  /** Of the lease: not yet spent, as far as reported. */
  leased: Amounts
  /** By calls under way. */
  reserved: Amounts
  /** By calls that wait for a lease. */
  waiting: Amounts
  /** Settled since the last report. */
  unreported: Amounts
  /** By all servers, when last heard. */
  spent: Amounts
  leasing?: Promise<void> | undefined
  /** `performance.now()` before which no lease is asked for in advance: the last one got nothing. */
  quietUntil: number
  /** `performance.now()` of the last reservation. */
  usedAt: number
}

/** What a call may spend, until it is settled or released. */
export interface Reservation {
  /** Books what the call did spend, and frees the rest. Once; later calls do nothing. */
  settle(actual: Amounts): void
  /** Nothing was spent. */
  release(): void
}

/** Counters kept in memory: subjects of one window, many times over. */
const maxCounters = 100_000
/** Milliseconds without a call after which a lease is given back. */
const idleMs = 2_000
/** Milliseconds without asking in advance after a lease that got nothing. */
const quietMs = 200
/** A lease is topped up in the background below this share of what was last granted. */
const lowWater = 0.25

/**
 * Budgets on the hot path: each server spends from leases that it took from the database, so a reservation is
 * arithmetic in memory. What is spent is reported with the calls themselves, in one transaction; what two servers
 * can overspend together is at most one lease.
 */
export class BudgetLedger {
  readonly #store: Store
  readonly #holder: string
  readonly #counters = new Map<string, Counter>()
  readonly #now: () => number

  constructor(store: Store, options: { holder?: string; now?: () => number } = {}) {
    this.#store = store
    this.#holder = options.holder ?? newId('ses')
    this.#now = options.now ?? Date.now
  }

  /**
   * Reserves an estimate with every rule that concerns the call, or with none. Not a promise where the leases at hand
   * cover it. @throws BUDGET_EXCEEDED (TOO_MANY_REQUESTS for windows of a minute), naming budget and time to wait.
   */
  reserve(
    organizationId: string,
    asked: { rules: readonly BudgetRule[]; spender: Spender; estimate: Amounts },
  ): Reservation | Promise<Reservation> {
    const counters: Counter[] = []
    for (const rule of asked.rules) {
      const subject = subjectOf(rule, asked.spender)
      if (subject !== undefined) counters.push(this.#counter(organizationId, rule, subject))
    }
    if (counters.length === 0) return noReservation
    const { estimate } = asked
    for (const counter of counters) {
      if (!covers(counter, estimate)) return this.#reserveLater(counters, estimate)
    }
    return this.#take(counters, estimate)
  }

  /** Organizations with counters at hand. */
  organizations(): Set<string> {
    return new Set([...this.#counters.values()].map((counter) => counter.organizationId))
  }

  /** What is to be reported of an organization's counters, in the order in which they are locked. */
  due(organizationId: string): LeaseReport[] {
    const idleSince = performance.now() - idleMs
    const reports: LeaseReport[] = []
    for (const counter of this.#counters.values()) {
      if (counter.organizationId !== organizationId) continue
      const idle = counter.usedAt < idleSince && isNothing(counter.reserved)
      const back = idle ? left(counter) : nothing()
      if (!isNothing(counter.unreported) || !isNothing(back)) {
        reports.push({ key: counter, spent: { ...counter.unreported }, back })
      } else if (idle) this.#counters.delete(keyOf(counter))
    }
    return reports.sort((a, b) => (orderOf(a.key) < orderOf(b.key) ? -1 : 1))
  }

  /** Books reports in the caller's transaction. */
  async book(tx: Tx, reports: readonly LeaseReport[]): Promise<Booked[]> {
    const booked: Booked[] = []
    for (const report of reports) {
      const found = await reportLease(tx, report, this.#holder)
      booked.push({ report, ...found, alerts: alertsOf(report, found.spent) })
    }
    return booked
  }

  /** Tells that reports are committed. Without `booked` they had been before, and only the answer was lost. */
  committed(reports: readonly LeaseReport[], booked?: readonly Booked[]): void {
    for (const [i, { key, spent, back }] of reports.entries()) {
      const counter = key as Counter
      const found = booked?.[i]
      for (const one of dimensions) {
        counter.unreported[one] -= spent[one]
        // A lease that ended meanwhile is nobody's: what is reserved under it must be leased again.
        counter.leased[one] =
          found?.held === false ? 0 : counter.leased[one] - spent[one] - back[one]
        counter.spent[one] = found ? found.spent[one] : counter.spent[one] + spent[one]
      }
    }
  }

  #counter(organizationId: string, rule: BudgetRule, subject: string): Counter {
    const key = counterAt(rule, subject, this.#now())
    const name = keyOf({ ...key, organizationId })
    let counter = this.#counters.get(name)
    if (!counter) {
      if (this.#counters.size >= maxCounters) {
        throw new PlinthError('UNAVAILABLE', 'More budgets are counted than this server can hold.')
      }
      counter = {
        ...key,
        organizationId,
        leased: nothing(),
        reserved: nothing(),
        waiting: nothing(),
        unreported: nothing(),
        spent: nothing(),
        usedAt: 0,
        quietUntil: 0,
      }
      this.#counters.set(name, counter)
    }
    // A budget that was changed counts on under its new limits.
    counter.rule = rule
    counter.usedAt = performance.now()
    return counter
  }

  #take(counters: readonly Counter[], estimate: Amounts): Reservation {
    for (const counter of counters) {
      for (const one of dimensions) counter.reserved[one] += estimate[one]
      if (isLow(counter)) this.#lease(counter, nothing()).catch(() => undefined)
    }
    let open = true
    const close = (actual: Amounts) => {
      if (!open) return
      open = false
      for (const counter of counters) {
        for (const one of dimensions) {
          counter.reserved[one] -= estimate[one]
          counter.unreported[one] += actual[one]
        }
      }
    }
    return { settle: close, release: () => close(nothing()) }
  }

  async #reserveLater(counters: readonly Counter[], estimate: Amounts): Promise<Reservation> {
    wait(counters, estimate, 1)
    try {
      for (let round = 0; round < 20; round++) {
        for (const counter of counters) {
          if (!covers(counter, estimate)) await this.#lease(counter, estimate)
        }
        // Others may have taken it while the last lease was awaited.
        if (counters.every((counter) => covers(counter, estimate))) {
          return this.#take(counters, estimate)
        }
      }
    } finally {
      wait(counters, estimate, -1)
    }
    throw new PlinthError('UNAVAILABLE', 'The budget is contended for; try again.')
  }

  /** One lease at a time for each counter; those that wait look again. */
  #lease(counter: Counter, estimate: Amounts): Promise<void> {
    counter.leasing ??= this.#leaseOnce(counter, estimate).finally(() => {
      counter.leasing = undefined
    })
    return counter.leasing
  }

  async #leaseOnce(counter: Counter, estimate: Amounts): Promise<void> {
    const least = nothing()
    for (const one of dimensions) least[one] = Math.max(0, estimate[one] - left(counter)[one])
    const { granted, spent } = await this.#store.within(counter.organizationId, (tx) =>
      takeLease(tx, counter, { holder: this.#holder, least, wanted: counter.waiting }),
    )
    counter.spent = spent
    for (const one of dimensions) counter.leased[one] += granted[one]
    if (isNothing(granted)) counter.quietUntil = performance.now() + quietMs
    if (!covers(counter, estimate) && isNothing(granted))
      throw exceeded(counter, estimate, this.#now())
  }
}

/** A report as it was booked. */
export interface Booked extends Reported {
  report: LeaseReport
  alerts: BudgetAlert[]
}

/** A budget that reached one of its alerts with a report. */
export interface BudgetAlert {
  budget: string
  subject: string
  dimension: (typeof dimensions)[number]
  share: number
  spent: number
  limit: number
}

function wait(counters: readonly Counter[], estimate: Amounts, sign: 1 | -1): void {
  for (const { waiting } of counters) {
    for (const one of dimensions) waiting[one] += sign * estimate[one]
  }
}

const noReservation: Reservation = { settle: () => undefined, release: () => undefined }

function alertsOf({ key, spent: added }: LeaseReport, after: Amounts): BudgetAlert[] {
  const { rule, subject } = key
  const alerts: BudgetAlert[] = []
  for (const dimension of dimensions) {
    const limit = rule.limits[dimension]
    if (limit === Number.POSITIVE_INFINITY) continue
    const spent = after[dimension]
    for (const share of rule.alerts) {
      const at = share * limit
      if (spent >= at && spent - added[dimension] < at) {
        alerts.push({ budget: rule.name, subject, dimension, share, spent, limit })
      }
    }
  }
  return alerts
}

/** What may still be reserved under the lease at hand. */
function left({ leased, reserved, unreported }: Counter): Amounts {
  const rest = nothing()
  for (const one of dimensions) rest[one] = leased[one] - reserved[one] - unreported[one]
  return rest
}

function covers({ rule, leased, reserved, unreported }: Counter, estimate: Amounts): boolean {
  for (const one of dimensions) {
    if (rule.limits[one] === Number.POSITIVE_INFINITY) continue
    if (leased[one] - reserved[one] - unreported[one] < estimate[one]) return false
  }
  return true
}

/** Little is left of the lease while the budget is far from its end: more is taken before anybody waits. */
function isLow(counter: Counter): boolean {
  const { rule, leased, reserved, unreported, spent } = counter
  if (counter.leasing || performance.now() < counter.quietUntil) return false
  for (const one of dimensions) {
    const limit = rule.limits[one]
    if (limit === Number.POSITIVE_INFINITY) continue
    const rest = leased[one] - reserved[one] - unreported[one]
    if (rest < (limit / 50) * lowWater && spent[one] < limit * 0.9) return true
  }
  return false
}

function isNothing(amounts: Amounts): boolean {
  return amounts.nanousd === 0 && amounts.tokens === 0 && amounts.requests === 0
}

function exceeded(counter: Counter, estimate: Amounts, now: number): PlinthError {
  const { rule, subject, spent } = counter
  const short = dimensions.find(
    (one) => rule.limits[one] - spent[one] < estimate[one] || left(counter)[one] < estimate[one],
  )
  const seconds = Math.max(1, Math.ceil((counter.end - now) / 1_000))
  const what = short === 'nanousd' ? 'money' : (short ?? 'calls')
  const whose = subject === '*' ? '' : ` of ${rule.per} ${subject}`
  const minute = rule.window === 'minute'
  return new PlinthError(minute ? 'TOO_MANY_REQUESTS' : 'BUDGET_EXCEEDED', {
    detail: `The budget ${rule.name}${whose} has no ${what} left for this call in this ${rule.window}.`,
    retryAfterSeconds: seconds,
    remedy: `Wait ${seconds} s for its next ${rule.window}, or ask its owner for more.`,
  })
}

function keyOf({
  organizationId,
  rule,
  subject,
  start,
}: Counter | (CounterKey & { organizationId: string })): string {
  return `${organizationId}\0${rule.name}\0${subject}\0${start}`
}

function orderOf({ rule, subject, start }: CounterKey): string {
  return `${rule.name}\0${subject}\0${String(start).padStart(16, '0')}`
}
