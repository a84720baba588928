import {
  denialOf,
  deniedEvent,
  forbidden,
  type Reservation,
  type Spender,
  subjectRules,
} from '#governance'
import { newId, PlinthError, type Principal, type RequestLabels } from '#kernel'
import {
  type Choice,
  type Exchange,
  Forwarding,
  type ForwardRecord,
  type ForwardSink,
  noneLeft,
} from '#models'
import type { Dialect } from '#ports'
import type { Snapshot } from '#store'
import { type Account, noteRefused, settle } from './accounting.ts'
import { attemptOf } from './attempts.ts'
import { throughCache } from './cache/cached-call.ts'
import { budgetsOf, placeOf, type ReadyModel } from './compiled.ts'
import { answersOf, asksForUsage, factsOf, maxTokensOf } from './facts.ts'
import type { GatewayHouse } from './house.ts'
import { isOpen, type MaskedCall, maskCall } from './masking.ts'
import { estimateOf, requirePrices } from './prices.ts'

/** A call of a model as it came through a door, not yet checked. */
export interface GatewayCall {
  organizationId: string
  principal: Principal
  requestId: string
  door: string
  /** What the caller speaks. */
  dialect: Dialect
  body: Buffer
  /** What JSON.parse read of `body`. */
  parsed: Readonly<Record<string, unknown>>
  stream: boolean
  labels: RequestLabels
  /** Headers of the caller's protocol. */
  headers: Readonly<Record<string, string>>
  /** The caller's header of this name. */
  cacheControl?: string | undefined
  /** Of the organization's caches. */
  generation: number
}

/** A call that may be made: what it may cost is reserved. */
export interface Admitted {
  id: string
  /** Starts it. How it ended is recorded by itself. */
  forward(sink: ForwardSink): Exchange
  /** The caller left before it was started. */
  release(): void
  /** What the header x-plinth-cache says, asked when the answer begins; absent where nothing is kept. */
  cache?(): string
}

/** The same where it is not known yet whether others see its answer, too. */
export interface Callable extends Admitted {
  forward(sink: ForwardSink): Exchange<ForwardRecord>
}

interface At {
  model: ReadyModel
  snapshot: Snapshot
}

/**
 * One call of a model: authorize, mask, route, reserve, execute, settle, record. Nothing is read from the
 * database where rights, resources and leases at hand are fresh. @throws FORBIDDEN, UNAVAILABLE, BUDGET_EXCEEDED,
 * TOO_MANY_REQUESTS; each is recorded.
 */
export async function admit(call: GatewayCall, at: At, house: GatewayHouse): Promise<Admitted> {
  const began = performance.now()
  const account: Account = { id: newId('cal'), call, ...at, house, began }
  await authorize(call, at.model, house)
  try {
    const masked = await maskedCall(call, at.model)
    if (masked) account.findings = masked.findings
    if (at.model.cache) return await throughCache(account, masked, (as) => admitted(account, as))
    return await admitted(account, masked)
  } catch (error) {
    noteRefused(account, error)
    throw error
  }
}

async function admitted(account: Account, masked: MaskedCall | undefined): Promise<Callable> {
  const choice = route(account.call, account.model, account.house)
  account.choice = choice
  const reservation = reserve(account, choice)
  const reserved = reservation instanceof Promise ? await reservation : reservation
  return {
    id: account.id,
    forward: (sink) => execute(account, { choice, reserved, masked }, sink),
    release: () => reserved.release(),
  }
}

/** @throws FORBIDDEN, which is recorded. */
export async function authorize(
  call: GatewayCall,
  model: ReadyModel,
  house: GatewayHouse,
): Promise<void> {
  const { principal, organizationId, requestId } = call
  const resource = { kind: 'Model' as const, name: model.name, project: model.project }
  const denial = denialOf(principal, { permission: 'models.use', resource })
  if (!denial) return
  const target = { kind: 'model', id: model.name }
  await house.store.within(organizationId, (tx) =>
    house.appendAudit(tx, [deniedEvent(denial, { principal, requestId, target })]),
  )
  throw forbidden(denial)
}

/** @throws INVALID_INPUT for a body that is not of its dialect. */
async function maskedCall(call: GatewayCall, model: ReadyModel): Promise<MaskedCall | undefined> {
  if (isOpen(model.guardrail)) return undefined
  const read = call.dialect.readRequest(call.parsed)
  return maskCall(read, { rules: model.guardrail, principal: call.principal })
}

function route(call: GatewayCall, model: ReadyModel, house: GatewayHouse): Choice {
  const facts = factsOf(call, model, house.clock.now().getTime())
  const choice = house.router.choose(model.route, facts)
  if (choice.order.length === 0) throw noneLeft(choice)
  return choice
}

/** What is known of the size of a call. */
export type Size = Parameters<typeof estimateOf>[1]

/** @throws UNAVAILABLE, BUDGET_EXCEEDED, TOO_MANY_REQUESTS */
export function reserve(
  { call, model, snapshot, house }: Account,
  choice: Choice,
  size: Size = sizeOf(call),
): Reservation | Promise<Reservation> {
  house.usage.requireRoom()
  const spender = spenderOf(call, model)
  const rules = subjectRules(budgetsOf(snapshot), spender)
  const at = house.clock.now().getTime()
  requirePrices(choice.order, rules, at)
  const estimate = estimateOf(choice.order, size, at)
  return house.ledger.reserve(call.organizationId, { rules, spender, estimate })
}

function sizeOf({ body, parsed }: GatewayCall): Size {
  return { bytes: body.length, maxTokens: maxTokensOf(parsed), answers: answersOf(parsed) }
}

function spenderOf({ principal, labels }: GatewayCall, model: ReadyModel): Spender {
  return {
    project: model.project,
    userId: principal.userId,
    model: model.name,
    ...(principal.kind === 'service' ? { keyId: principal.id } : {}),
    ...(labels.useCase === undefined ? {} : { useCase: labels.useCase }),
  }
}

function execute(
  account: Account,
  given: { choice: Choice; reserved: Reservation; masked: MaskedCall | undefined },
  sink: ForwardSink,
): Forwarding {
  const { id, call, model, house } = account
  const { choice, reserved, masked } = given
  const usageWanted = asksForUsage(call.parsed)
  const asked = { ...call, id, usageWanted, model, ...(masked ? { masked } : {}) }
  const withinMs = choice.order[0]?.timeouts.totalMs
  const forwarding = new Forwarding(
    {
      choice,
      plan: house.router.plan(choice, withinMs === undefined ? {} : { withinMs }),
      stream: call.stream,
      usageWanted,
      outbound: house.outbound,
      protocol: house.passThrough[call.dialect.id]!,
      prepare: (candidate, key) => {
        const place = placeOf(model, { candidate, key }, house)
        if (!place) throw onlyQuotes(candidate.name)
        return attemptOf(asked, { candidate, place })
      },
      errorOf: (candidate, answer) => house.errorOf(candidate, answer),
    },
    sink,
  )
  forwarding.done.then((record) => settle(account, reserved, record))
  return forwarding
}

/** Of a model that needs passages of documents to speak. */
export function onlyQuotes(model: string): PlinthError {
  return new PlinthError('UNSUPPORTED', {
    detail: `The model ${model} quotes documents; it cannot be called without them.`,
    where: 'model',
    remedy: 'Name an assistant that uses it, or a model of another provider.',
  })
}
