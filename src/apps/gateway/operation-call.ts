import type { Reservation } from '#governance'
import { newId, PlinthError, type Principal, type RequestLabels } from '#kernel'
import {
  BytesAnswer,
  type Candidate,
  type Choice,
  Forwarding,
  type ForwardRecord,
  type ForwardSink,
  JsonAnswer,
  noneLeft,
  type ProviderKey,
  plainPassThrough,
  priceAt,
  type WireAttempt,
} from '#models'
import type { Dialect, JsonObject } from '#ports'
import type { Snapshot } from '#store'
import { type Account, noteRefused, settle } from './accounting.ts'
import { addressed, placeOf, type ReadyModel } from './compiled.ts'
import { answersOf, factsOf } from './facts.ts'
import { type Admitted, authorize, type GatewayCall, onlyQuotes, reserve } from './forward-call.ts'
import type { GatewayHouse } from './house.ts'
import { maskTexts, type TextMask } from './masking.ts'
import { type OperationName, operations, type SentFile } from './operations.ts'
import { bytesPerToken } from './prices.ts'

/** A call of a model for something else than a chat, as it came through a door, not yet checked. */
export interface OperationCall {
  organizationId: string
  principal: Principal
  requestId: string
  door: string
  labels: RequestLabels
  operation: OperationName
  /** A JSON body, or the fields of a form. */
  parsed: JsonObject
  fields?: readonly (readonly [string, string])[]
  file?: SentFile
}

interface Work {
  call: OperationCall
  model: ReadyModel
  house: GatewayHouse
  callId: string
  /** As it may leave. */
  told: JsonObject
  mask: TextMask
  caller: Dialect
}

/** About how many bytes of sound make a token. */
const soundBytesPerToken = 1_600

/**
 * The same way as for a chat: authorize, mask, route, reserve, execute, settle, record. @throws FORBIDDEN, UNAVAILABLE,
 * BUDGET_EXCEEDED, TOO_MANY_REQUESTS; each is recorded.
 */
export async function admitOperation(
  call: OperationCall,
  at: { model: ReadyModel; snapshot: Snapshot },
  house: GatewayHouse,
): Promise<Admitted> {
  const caller = house.dialect('cohere')
  if (!caller) throw new PlinthError('UNAVAILABLE', 'The dialect of Cohere is not there.')
  const asked = gatewayCall(call, caller)
  const began = performance.now()
  const account: Account = { id: newId('cal'), call: asked, ...at, house, began }
  await authorize(asked, at.model, house)
  try {
    const mask = maskTexts({ rules: at.model.guardrail, principal: call.principal })
    const told = await operations[call.operation].masked(call.parsed, mask)
    account.findings = mask.findings()
    const tokens = tokensIn(call, asked.body)
    const choice = routed(account, call.operation, tokens)
    account.choice = choice
    const answers = operations[call.operation].gives ? answersOf(call.parsed) : 0
    const size = { bytes: tokens * bytesPerToken, maxTokens: undefined, answers }
    const reserved = await reserve(account, choice, size)
    const work: Work = { call, model: at.model, house, callId: account.id, told, mask, caller }
    return {
      id: account.id,
      forward: (sink) => {
        const forwarding = executed(work, choice, sink)
        settledAfter(forwarding, { account, reserved, tokens, answers })
        return forwarding
      },
      release: () => reserved.release(),
    }
  } catch (error) {
    noteRefused(account, error)
    throw error
  }
}

function gatewayCall(call: OperationCall, dialect: Dialect): GatewayCall {
  const body = Buffer.from(JSON.stringify(call.parsed))
  // Answers of these calls are not kept for others: no cache is asked.
  return { ...call, dialect, body, stream: false, headers: {}, generation: 0 }
}

function tokensIn({ file }: OperationCall, text: Buffer): number {
  const sound = Math.ceil((file?.bytes.length ?? 0) / soundBytesPerToken)
  return Math.ceil(text.length / bytesPerToken) + sound
}

function routed({ call, model, house }: Account, operation: OperationName, tokens: number): Choice {
  const facts = factsOf(call, model, house.clock.now().getTime())
  const asked = { ...facts, operation, needs: [], inputTokens: tokens }
  const choice = house.router.choose(model.route, asked)
  if (choice.order.length === 0) throw noneLeft(choice)
  return choice
}

function executed(work: Work, choice: Choice, sink: ForwardSink): Forwarding {
  const { house } = work
  const withinMs = choice.order[0]?.timeouts.totalMs
  return new Forwarding(
    {
      choice,
      plan: house.router.plan(choice, withinMs === undefined ? {} : { withinMs }),
      stream: false,
      usageWanted: false,
      outbound: house.outbound,
      protocol: plainPassThrough,
      prepare: (candidate, key) => attemptOf(work, { candidate, key }),
      errorOf: (candidate, answer) => house.errorOf(candidate, answer),
    },
    sink,
  )
}

async function attemptOf(
  { call, model, house, callId, told, mask, caller }: Work,
  { candidate, key }: { candidate: Candidate; key: ProviderKey | undefined },
): Promise<WireAttempt> {
  const place = placeOf(model, { candidate, key }, house)
  if (!place) throw onlyQuotes(candidate.name)
  if (place.outbound) throw onlyChats(candidate.name)
  const operation = operations[call.operation]
  const { dialect, endpoint } = place
  const parsed = { ...told, model: candidate.model.spec.upstreamModel }
  const provider = candidate.provider.name
  const { fields = [], file } = call
  const sent = await operation.send({ parsed, fields, file, dialect, provider })
  const text = endpoint.perRequest ? sent.body.toString('utf8') : ''
  const { target, headers } = addressed(await endpoint.address(sent.path, text))
  return {
    target,
    headers: { ...headers, 'content-type': sent.contentType },
    secrets: endpoint.secrets,
    body: sent.body,
    receive: (to) =>
      operation.raw(parsed)
        ? new BytesAnswer(to)
        : new JsonAnswer(to, (body, seen) =>
            operation.answer(body, { mask, seen, parsed, dialect, caller, callId }),
          ),
  }
}

function onlyChats(model: string): PlinthError {
  return new PlinthError('UNSUPPORTED', {
    detail: `The model ${model} is within this server, where models only chat.`,
    where: 'body/model',
    remedy: 'Name a model of another provider.',
  })
}

function settledAfter(
  forwarding: Forwarding,
  at: { account: Account; reserved: Reservation; tokens: number; answers: number },
): void {
  const { account, reserved, tokens, answers } = at
  forwarding.done.then((record) => {
    if (!record.seen.counted && record.answered) estimate(record, { tokens, answers, account })
    settle(account, reserved, record)
  })
}

/** Where the endpoint counts nothing, what was reserved is what it did cost, as far as tokens have a price. */
function estimate(
  { seen, answered }: ForwardRecord,
  { tokens, answers, account }: { tokens: number; answers: number; account: Account },
): void {
  const { spec } = answered!.model
  seen.inputTokens = tokens
  const priced = priceAt(spec, account.house.clock.now().getTime())
  if (priced) seen.outputTokens = spec.maxOutputTokens * answers
}
