import { setTimeout as sleep } from 'node:timers/promises'
import { PlinthError, toPlinthError } from '#kernel'
import type { ChatModel, ChatPart, ChatRequest } from '#ports'
import type { ModelCatalog } from './catalog/catalog.ts'
import type { Choice } from './routing/choose.ts'
import type { Candidate } from './routing/compile.ts'
import type { NotGranted } from './routing/deployment.ts'
import type { ProviderKey } from './routing/keys.ts'
import { noneLeft } from './routing/none-left.ts'
import { meaningOf, type Outcome, outcomeOf } from './routing/outcome.ts'
import { costOf, priceAt } from './routing/price.ts'
import type { Try } from './routing/retry-plan.ts'
import type { Router } from './routing/router.ts'
import { WellFormedText } from './well-formed.ts'

/** One try of one model. */
export interface CallAttempt {
  model: string
  provider: string
  upstreamModel: string
  /** Milliseconds from the start of this try. */
  ms: number
  outcome: 'answered' | 'failed' | 'cancelled'
  /** Error code and detail of a failed try. */
  code?: string
  detail?: string
}

/** What happened in a call; filled while its parts are read, whole once they end. */
export interface CallRecord {
  /** Name of the Model resource that answered; absent until one did. */
  model?: string
  modelDigest?: string
  provider?: string
  protocol?: string
  upstreamModel?: string
  /** Why this model stood where it did. */
  reason?: string
  attempts: CallAttempt[]
  /** Milliseconds from the start of the call to the first text. */
  firstTokenMs?: number
  totalMs: number
  inputTokens: number
  outputTokens: number
  /** The upstream counted no tokens: about four characters each. */
  estimated: boolean
  /** US dollars by the Model’s price, where it has one. */
  costUsd?: number
  finish?: Extract<ChatPart, { type: 'finish' }>['reason']
}

export type CallRequest = Omit<ChatRequest, 'model' | 'maxOutputTokens'> & {
  maxOutputTokens?: number
}

/** Milliseconds that an adapter may take beyond its own total time-out before it is given up on. */
const grace = 1_000

/**
 * Calls the models of a choice until one begins to answer, each with a place and a key of its deployment. Another try
 * is made only before the first text was given out: an answer is never stitched together. Throws the last error when
 * none answers, and where there is none to call what that is due to.
 */
export function callModel(
  choice: Choice,
  request: CallRequest,
  at: { catalog: ModelCatalog; router: Router; signal: AbortSignal; now?: () => number },
): { parts: AsyncGenerator<ChatPart, void>; record: CallRecord } {
  const record: CallRecord = {
    attempts: [],
    totalMs: 0,
    inputTokens: 0,
    outputTokens: 0,
    estimated: false,
  }
  return {
    parts: run(choice, request, { ...at, now: at.now ?? (() => performance.now()), record }),
    record,
  }
}

interface Run {
  catalog: ModelCatalog
  router: Router
  signal: AbortSignal
  now: () => number
  record: CallRecord
}

async function* run(choice: Choice, request: CallRequest, at: Run): AsyncGenerator<ChatPart, void> {
  const started = at.now()
  const withinMs = choice.order[0]?.timeouts.totalMs
  const plan = at.router.plan(choice, withinMs === undefined ? {} : { withinMs })
  let last: PlinthError | undefined
  let step = plan.first()
  try {
    while (step) {
      await pause(step.delayMs, at.signal)
      const ended = yield* tryOnce(step, request, { ...at, started })
      if (ended === undefined) return
      // That there is no place for another try says less than what the try before failed with.
      if (ended.outcome !== 'full' || last === undefined) last = ended.error
      if (ended.sent) throw last
      step = plan.next(ended.outcome)
    }
    throw last ?? noneLeft(choice)
  } finally {
    at.record.totalMs = at.now() - started
  }
}

/** One try with a permit, which is ended whatever happens. Undefined where it answered. */
async function* tryOnce(
  step: Try,
  request: CallRequest,
  at: Run & { started: number },
): AsyncGenerator<ChatPart, { error: PlinthError; outcome: Outcome; sent: boolean } | undefined> {
  const { record, now, signal } = at
  const began = now()
  let sent = false
  const lost = (error: PlinthError, outcome: Outcome) => {
    const { code, message: detail } = error
    const ended = code === 'CANCELLED' ? 'cancelled' : 'failed'
    record.attempts.push(tried(step, { ms: now() - began, outcome: ended, code, detail }))
    return { error, outcome, sent }
  }
  const permit = await step.candidate.deployment.acquire(signal)
  if (!permit.granted) {
    return permit.why === 'left' ? lost(left(), 'cancelled') : lost(busy(step, permit), 'full')
  }
  try {
    for await (const part of attempt(step, request, { ...at, key: permit.key })) {
      if (!sent && (part.type === 'text' || part.type === 'abstain')) {
        sent = true
        permit.firstToken()
        record.firstTokenMs = now() - at.started
      }
      yield part
    }
    record.attempts.push(tried(step, { ms: now() - began, outcome: 'answered' }))
    permit.done({ outcome: 'ok', tokens: record.outputTokens })
    return undefined
  } catch (thrown) {
    const error = signal.aborted ? left() : toPlinthError(thrown)
    const outcome = sent && meaningOf(outcomeOf(error)).next ? 'cut' : outcomeOf(error)
    const { retryAfterSeconds: wait } = error
    permit.done({ outcome, ...(wait === undefined ? {} : { retryAfterMs: wait * 1_000 }) })
    return lost(error, outcome)
  } finally {
    // Whoever stops reading has left.
    permit.done({ outcome: 'cancelled' })
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return
  await sleep(ms, undefined, { signal }).catch(() => {
    throw left()
  })
}

/** Parts of one model, with the accounting. A finish without text is a failure, so that the next model is tried. */
async function* attempt(
  step: Try,
  request: CallRequest,
  at: Run & { key: ProviderKey | undefined },
): AsyncGenerator<ChatPart> {
  const { record } = at
  const choice = step.candidate
  const asked = requestFor(choice, request)
  let chars = 0
  let counted = false
  record.inputTokens = 0
  record.outputTokens = 0
  let finish: CallRecord['finish']
  const wellFormed = new WellFormedText()
  for await (const part of inTime(at.catalog.open(choice.provider, at.key), asked, {
    choice,
    signal: at.signal,
  })) {
    if (part.type === 'text') chars += part.text.length
    if (part.type === 'usage') {
      counted = true
      record.inputTokens = part.inputTokens
      record.outputTokens = part.outputTokens
      continue
    }
    if (part.type === 'abstain') chars += 1
    if (part.type === 'finish') {
      finish = part.reason
      continue
    }
    if (record.model === undefined) Object.assign(record, identity(step))
    if (part.type !== 'text') yield part
    else yield* textPart(wellFormed.push(part.text))
  }
  yield* textPart(wellFormed.flush())
  if (finish === undefined) throw failed(choice, 'ended without saying why')
  if (chars === 0) throw failed(choice, 'answered nothing')
  record.finish = finish
  if (!counted) estimate(record, asked, chars)
  const cost = costOf(priceAt(choice.model.spec, Date.now()), record)
  if (cost !== undefined) record.costUsd = cost
  yield { type: 'usage', inputTokens: record.inputTokens, outputTokens: record.outputTokens }
  yield { type: 'finish', reason: finish }
}

function* textPart(text: string): Generator<ChatPart> {
  if (text !== '') yield { type: 'text', text }
}

function requestFor(choice: Candidate, request: CallRequest): ChatRequest {
  const { spec } = choice.model
  const temperature = request.temperature ?? spec.temperature
  return {
    ...request,
    model: spec.upstreamModel,
    maxOutputTokens: Math.min(
      request.maxOutputTokens ?? spec.maxOutputTokens,
      spec.maxOutputTokens,
    ),
    ...(temperature === undefined ? {} : { temperature }),
  }
}

/** An adapter keeps its own time-outs; this holds even one that does not. */
async function* inTime(
  model: ChatModel,
  request: ChatRequest,
  at: { choice: Candidate; signal: AbortSignal },
): AsyncGenerator<ChatPart> {
  const { totalMs } = at.choice.provider.spec.timeouts
  const stop = new AbortController()
  const signal = AbortSignal.any([at.signal, stop.signal])
  let late: (error: PlinthError) => void = () => {}
  const overdue = new Promise<never>((_, reject) => {
    late = reject
  })
  overdue.catch(() => {})
  const timer = setTimeout(() => {
    late(
      new PlinthError(
        'UPSTREAM_TIMEOUT',
        `The provider ${at.choice.provider.name} did not finish within ${totalMs} ms.`,
      ),
    )
    stop.abort()
  }, totalMs + grace)
  const iterator = model.stream(request, signal)[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), overdue])
      if (done) return
      yield value
    }
  } finally {
    clearTimeout(timer)
    stop.abort()
    // Not awaited: an adapter that hangs would hang here again.
    void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

function identity({ candidate, reason }: Try): Partial<CallRecord> {
  const { model, provider } = candidate
  return {
    model: model.name,
    ...(model.digest === undefined ? {} : { modelDigest: model.digest }),
    provider: provider.name,
    protocol: provider.spec.protocol,
    upstreamModel: model.spec.upstreamModel,
    reason,
  }
}

function tried(
  { candidate }: Try,
  how: Omit<CallAttempt, 'model' | 'provider' | 'upstreamModel'>,
): CallAttempt {
  const { model, provider } = candidate
  return {
    model: model.name,
    provider: provider.name,
    upstreamModel: model.spec.upstreamModel,
    ...how,
  }
}

function estimate(record: CallRecord, request: ChatRequest, chars: number): void {
  const input = request.messages.reduce((sum, message) => sum + message.content.length, 0)
  record.inputTokens = Math.ceil(input / 4)
  record.outputTokens = Math.ceil(chars / 4)
  record.estimated = true
}

function failed(choice: Candidate, what: string): PlinthError {
  return new PlinthError('UPSTREAM_FAILED', `The provider ${choice.provider.name} ${what}.`)
}

function left(): PlinthError {
  return new PlinthError('CANCELLED', 'The call was cancelled.')
}

/** No place in time, or none at all: said at once. */
function busy({ candidate }: Try, { retryAfterMs }: NotGranted): PlinthError {
  return new PlinthError('UNAVAILABLE', {
    detail: `The provider ${candidate.provider.name} takes no further call now.`,
    ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) }),
  })
}
