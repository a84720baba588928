import { PlinthError, toPlinthError } from '#kernel'
import type { ChatModel, ChatPart, ChatRequest } from '#ports'
import type { ModelCatalog } from './catalog/catalog.ts'
import type { ModelChoice } from './route.ts'
import { costOf, priceAt } from './routing/price.ts'
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

/** Errors after which the next model may do better. */
const retryable = new Set([
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_BLOCKED',
  'TOO_MANY_REQUESTS',
  'UNAVAILABLE',
  'UNSUPPORTED',
])
/** Milliseconds that an adapter may take beyond its own total time-out before it is given up on. */
const grace = 1_000

/**
 * Calls the models of a route in order until one begins to answer. The next one is tried only before the first text
 * was given out: an answer is never stitched together. Throws the last error when none answers, and
 * UNAVAILABLE where there is none to call.
 */
export function callModel(
  choices: readonly ModelChoice[],
  request: CallRequest,
  at: { catalog: ModelCatalog; signal: AbortSignal; now?: () => number },
): { parts: AsyncGenerator<ChatPart, void>; record: CallRecord } {
  const record: CallRecord = {
    attempts: [],
    totalMs: 0,
    inputTokens: 0,
    outputTokens: 0,
    estimated: false,
  }
  return {
    parts: run(choices, request, { ...at, now: at.now ?? (() => performance.now()), record }),
    record,
  }
}

interface Run {
  catalog: ModelCatalog
  signal: AbortSignal
  now: () => number
  record: CallRecord
}

async function* run(
  choices: readonly ModelChoice[],
  request: CallRequest,
  at: Run,
): AsyncGenerator<ChatPart, void> {
  const { record, now } = at
  const started = now()
  let last: PlinthError | undefined
  try {
    for (const choice of choices) {
      const began = now()
      let sent = false
      try {
        for await (const part of attempt(choice, request, at)) {
          if (!sent && (part.type === 'text' || part.type === 'abstain')) {
            sent = true
            record.firstTokenMs = now() - started
          }
          yield part
        }
        record.attempts.push(tried(choice, { ms: now() - began, outcome: 'answered' }))
        return
      } catch (thrown) {
        last = at.signal.aborted
          ? new PlinthError('CANCELLED', 'The call was cancelled.')
          : toPlinthError(thrown)
        const outcome = last.code === 'CANCELLED' ? 'cancelled' : 'failed'
        record.attempts.push(
          tried(choice, { ms: now() - began, outcome, code: last.code, detail: last.message }),
        )
        if (sent || !retryable.has(last.code)) throw last
      }
    }
    throw last ?? noneUsable()
  } finally {
    record.totalMs = now() - started
  }
}

/** Parts of one model, with the accounting. A finish without text is a failure, so that the next model is tried. */
async function* attempt(
  choice: ModelChoice,
  request: CallRequest,
  at: Run,
): AsyncGenerator<ChatPart> {
  const { record } = at
  const asked = requestFor(choice, request)
  let chars = 0
  let counted = false
  record.inputTokens = 0
  record.outputTokens = 0
  let finish: CallRecord['finish']
  const wellFormed = new WellFormedText()
  for await (const part of inTime(at.catalog.open(choice.provider), asked, {
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
    if (record.model === undefined) Object.assign(record, identity(choice))
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

function requestFor(choice: ModelChoice, request: CallRequest): ChatRequest {
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
  at: { choice: ModelChoice; signal: AbortSignal },
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

function identity(choice: ModelChoice): Partial<CallRecord> {
  const { model, provider, reason } = choice
  return {
    model: model.name,
    ...(model.digest === undefined ? {} : { modelDigest: model.digest }),
    provider: provider.name,
    upstreamModel: model.spec.upstreamModel,
    reason,
  }
}

function tried(
  choice: ModelChoice,
  how: Omit<CallAttempt, 'model' | 'provider' | 'upstreamModel'>,
): CallAttempt {
  const { model, provider } = choice
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

function failed(choice: ModelChoice, what: string): PlinthError {
  return new PlinthError('UPSTREAM_FAILED', `The provider ${choice.provider.name} ${what}.`)
}

function noneUsable(): PlinthError {
  return new PlinthError('UNAVAILABLE', {
    detail: 'No model of the route can be used.',
    remedy:
      'See why with `plinth doctor`: a key that is not set, or a resource that does not exist.',
  })
}
