import { createScriptedModel, upstreamError } from '#adapters'
import type { GatewayHouse } from '#apps'
import type { Config } from '#config'
import { BudgetLedger } from '#governance'
import { limits, PlinthError, systemClock } from '#kernel'
import {
  AnswerCache,
  anthropicPassThrough,
  type Candidate,
  dispatchInProcess,
  type ErrorBody,
  openAiPassThrough,
  responsesPassThrough,
} from '#models'
import { UsageBook } from '#ops'
import type { Dialect, OutboundDispatcher } from '#ports'
import type { Chat } from './chat.ts'
import { dialectOf } from './dialects.ts'
import type { Foundation, Log } from './foundation.ts'

/** Calls of models by applications: budgets, accounts, and the protocols that are passed through. */
export function openGateway(
  foundation: Foundation,
  chat: Chat,
  { log, responsesKeptDays }: { log: Log } & Pick<Config, 'responsesKeptDays'>,
): GatewayHouse {
  const { store, snapshots, appendAudit } = foundation
  const ledger = new BudgetLedger(store)
  const usage = new UsageBook({
    store,
    ledger,
    appendAudit,
    onProblem: (error) => log({ level: 'error', message: `booking calls: ${String(error)}` }),
  })
  return {
    store,
    snapshots,
    appendAudit,
    clock: systemClock,
    router: chat.router,
    ledger,
    usage,
    answers: new AnswerCache(limits.answerCacheBytes),
    outbound: chat.outbound,
    dialect: dialectOf,
    responsesKeptDays,
    inProcess: inProcessModels(),
    passThrough: {
      'openai-chat': openAiPassThrough,
      'openai-completions': openAiPassThrough,
      'openai-responses': responsesPassThrough,
      anthropic: anthropicPassThrough,
    },
    errorOf: (candidate, answer) =>
      errorOf(dialectOf(candidate.provider.spec.protocol)!, candidate, answer),
  }
}

/** Scripted models, each made once for as long as its Provider stands. */
function inProcessModels(): GatewayHouse['inProcess'] {
  const made = new WeakMap<object, OutboundDispatcher>()
  return ({ provider: { name, spec } }) => {
    if (spec.protocol !== 'scripted' || !spec.script) return undefined
    const known = made.get(spec)
    if (known) return known
    const one = dispatchInProcess(createScriptedModel(name, spec.script), dialectOf('openai')!)
    made.set(spec, one)
    return one
  }
}

/** A request that the endpoint itself refused is the caller's to mend; all else is the endpoint's. */
function errorOf(
  dialect: Dialect,
  { provider }: Candidate,
  answer: ErrorBody & { secrets: readonly string[] },
): PlinthError {
  const { status, headers, body, secrets } = answer
  const flat = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]),
  )
  const problem = dialect.readError(status, flat, body)
  const keyName = provider.spec.apiKey?.env
  const endpoint = { provider: provider.name, secrets, ...(keyName ? { keyName } : {}) }
  const error = upstreamError(problem, endpoint)
  if (problem.code !== 'INVALID_INPUT') return error
  return new PlinthError('INVALID_INPUT', { detail: error.message, where: 'body' })
}
