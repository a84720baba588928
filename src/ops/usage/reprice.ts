import { sql } from 'kysely'
import { type AuditActor, type AuditEventInput, counterAt, subjectOf } from '#governance'
import { PlinthError } from '#kernel'
import type { JobContext, JobOutcome, Store, Tx } from '#store'
import { budgetsSince } from './budgets-since.ts'
import type { CallRow } from './call-row.ts'
import { toCall } from './calls.ts'
import { digestOfCalls } from './digest.ts'

/** What a job of the kind `reprice` is given. */
export interface RepriceInput {
  /** ISO 8601; calls that ended from then to before then. */
  from: string
  to: string
  /** Of one Model only. */
  model?: string
  actor: AuditActor
}

export interface RepriceDeps {
  store: Store
  appendAudit(tx: Tx, events: readonly AuditEventInput[]): Promise<unknown>
  /** Prices a call by what is written now; undefined where that is not known, and the call keeps what it has. */
  prices(organizationId: string): Promise<{ digest: string; of(call: CallRow): number | undefined }>
  /** Whether who asked for it may still. */
  may(organizationId: string, actor: AuditActor): Promise<boolean>
}

/** Calls that are looked for at once, and batches that are changed in one transaction. */
const pageRows = 1_000
const pageBatches = 50
const maxPages = 1_000_000

/** What was done so far: calls that were looked at, and those that have another price now. */
interface Tally {
  seen: number
  changed: number
  nanousdBefore: number
  nanousdAfter: number
}

/** One page of it, as it is kept: a job that is taken over goes on after the last. */
interface Page extends Tally {
  after: string
  more: boolean
}

/**
 * Prices past calls anew, in pages that are each one transaction: the calls, the budgets that count them, and an audit
 * event with the digest of each batch before and after. Done twice it changes nothing the second time.
 */
export async function repriceCalls(context: JobContext, deps: RepriceDeps): Promise<JobOutcome> {
  const input = context.job.input as RepriceInput
  const { organizationId } = context.job
  if (!(await deps.may(organizationId, input.actor))) {
    throw new PlinthError('FORBIDDEN', 'Who asked for this may not price calls anew any more.')
  }
  const sum: Tally = { seen: 0, changed: 0, nanousdBefore: 0, nanousdAfter: 0 }
  let after = ''
  for (let n = 0; n < maxPages; n++) {
    context.signal.throwIfAborted()
    const page: Page = await context.step(`page-${n}`, async () => {
      const prices = await deps.prices(organizationId)
      return deps.store.within(organizationId, (tx) =>
        repricePage(tx, { context, input, after, prices, deps }),
      )
    })
    after = page.after
    for (const key of ['seen', 'changed', 'nanousdBefore', 'nanousdAfter'] as const) {
      sum[key] += page[key]
    }
    context.progress({ ...sum })
    if (!page.more) break
  }
  return { done: sum }
}

interface PageAt {
  context: JobContext
  input: RepriceInput
  after: string
  prices: Awaited<ReturnType<RepriceDeps['prices']>>
  deps: RepriceDeps
}

/** A call with another price than it had. */
interface Change {
  call: CallRow
  cost: number
}

async function repricePage(tx: Tx, at: PageAt): Promise<Page> {
  const { ids, batches, more } = await batchesOf(tx, at)
  const page: Page = { after: ids.at(-1) ?? at.after, more, ...nothing, seen: ids.length }
  if (batches.length === 0) return page
  const wanted = new Set(ids)
  const changes: Change[] = []
  const told = []
  for (const [first, calls] of await callsOf(tx, batches)) {
    const of = changesOf(calls, wanted, at)
    if (of.length === 0) continue
    changes.push(...of)
    const costs = new Map(of.map(({ call, cost }) => [call.id, cost]))
    const after = calls.map((call) => ({
      ...call,
      costNanousd: costs.get(call.id) ?? call.costNanousd,
    }))
    told.push({ first, before: digestOfCalls(calls), after: digestOfCalls(after) })
  }
  if (changes.length === 0) return page
  page.changed = changes.length
  for (const { call, cost } of changes) {
    page.nanousdBefore += call.costNanousd ?? 0
    page.nanousdAfter += cost
  }
  const { changed, nanousdBefore, nanousdAfter } = page
  await at.deps.appendAudit(tx, [
    {
      kind: 'calls.repriced',
      actor: at.input.actor,
      target: { kind: 'job', id: at.context.job.id },
      details: {
        ...{ changed, nanousdBefore, nanousdAfter, batches: told },
        snapshot: at.prices.digest,
      },
    },
  ])
  await storeCosts(tx, at.context.job.organizationId, changes)
  await moveBudgets(tx, changes)
  return page
}

const nothing = { changed: 0, nanousdBefore: 0, nanousdAfter: 0 }

/** The next calls that are meant, as far as they lie in so many batches. */
async function batchesOf(tx: Tx, { input, after }: PageAt) {
  let query = tx
    .selectFrom('model_call')
    .select(['id', 'booked_with'])
    .where('id', '>', after)
    .where('at', '>=', new Date(input.from))
    .where('at', '<', new Date(input.to))
    .where('model', 'is not', null)
    // An answer that was given again had no price.
    .where((eb) => eb.or([eb('cache', 'is', null), eb('cache', '<>', 'hit')]))
    .orderBy('id')
    .limit(pageRows)
  if (input.model !== undefined) query = query.where('model', '=', input.model)
  const rows = await query.execute()
  const batches = new Set<string>()
  const ids: string[] = []
  for (const { id, booked_with } of rows) {
    // Booked before batches were marked: its digest could not be told from what was booked.
    if (booked_with !== null) batches.add(booked_with)
    if (batches.size > pageBatches) break
    ids.push(id)
  }
  const more = rows.length === pageRows || ids.length < rows.length
  return { ids, batches: [...batches].slice(0, pageBatches), more }
}

/** All calls of these batches, by batch. */
async function callsOf(tx: Tx, batches: readonly string[]): Promise<Map<string, CallRow[]>> {
  const rows = await tx
    .selectFrom('model_call')
    .selectAll()
    .where('booked_with', 'in', batches)
    .orderBy('id')
    .execute()
  const found = new Map<string, CallRow[]>()
  for (const row of rows) {
    const list = found.get(row.booked_with as string)
    if (list) list.push(toCall(row))
    else found.set(row.booked_with as string, [toCall(row)])
  }
  return found
}

function changesOf(
  calls: readonly CallRow[],
  wanted: ReadonlySet<string>,
  { prices }: PageAt,
): Change[] {
  return calls.flatMap((call) => {
    // What a cache answered was not paid for.
    if (!wanted.has(call.id) || call.cache?.startsWith('hit')) return []
    const cost = prices.of(call)
    return cost === undefined || cost === call.costNanousd ? [] : [{ call, cost }]
  })
}

async function storeCosts(
  tx: Tx,
  organizationId: string,
  changes: readonly Change[],
): Promise<void> {
  const costs = changes.map(({ call, cost }) => ({ id: call.id, cost }))
  await sql`update model_call as m set cost_nanousd = c."cost"
    from json_to_recordset(${JSON.stringify(costs)}::json) as c("id" text, "cost" bigint)
    where m.organization_id = ${organizationId} and m.id = c."id"`.execute(tx)
}

/** Adds to what budgets have counted of these calls what they cost more, or less. */
async function moveBudgets(tx: Tx, changes: readonly Change[]): Promise<void> {
  const moves = new Map<string, { budget: string; subject: string; start: number; by: number }>()
  for (const { rule, changedAt } of await budgetsSince(tx)) {
    for (const { call, cost } of changes) {
      const began = call.at.getTime() - call.totalMs
      const subject = subjectOf(rule, spenderOf(call))
      if (subject === undefined || began < changedAt.getTime()) continue
      const { start } = counterAt(rule, subject, began)
      const key = JSON.stringify([rule.name, subject, start])
      const move = moves.get(key) ?? { budget: rule.name, subject, start, by: 0 }
      move.by += cost - (call.costNanousd ?? 0)
      moves.set(key, move)
    }
  }
  // In the order in which counters are locked.
  for (const key of [...moves.keys()].sort()) {
    const { budget, subject, start, by } = moves.get(key)!
    await tx
      .updateTable('budget_counter')
      .set((eb) => ({ spent_nanousd: eb('spent_nanousd', '+', by) }))
      .where('budget', '=', budget)
      .where('subject', '=', subject)
      .where('window_start', '=', new Date(start))
      .execute()
  }
}

function spenderOf(call: CallRow) {
  return {
    project: call.project,
    userId: call.userId,
    model: call.asked,
    ...(call.principalId === call.userId ? {} : { keyId: call.principalId }),
    ...(call.useCase === null ? {} : { useCase: call.useCase }),
  }
}
