import { upstreamError } from '#adapters'
import type { GatewayHouse } from '#apps'
import { BudgetLedger } from '#governance'
import { PlinthError, systemClock } from '#kernel'
import { openAiPassThrough, type PassThrough } from '#models'
import { UsageBook } from '#ops'
import type { Dialect } from '#ports'
import type { Chat } from './chat.ts'
import type { Foundation, Log } from './foundation.ts'

/** Calls of models by applications: budgets, accounts, and the protocols that are passed through. */
export function openGateway(foundation: Foundation, chat: Chat, log: Log): GatewayHouse {
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
    ledger,
    usage,
    outbound: chat.outbound,
    protocols: { openai: openAiPassThrough({ errorOf: errorOf(chat.dialects['openai-chat']!) }) },
    secret: chat.secret,
  }
}

/** A request that the endpoint itself refused is the caller's to mend; all else is the endpoint's. */
function errorOf(dialect: Dialect): PassThrough['errorOf'] {
  return ({ provider, secrets, status, headers, body }) => {
    const flat = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]),
    )
    const problem = dialect.readError(status, flat, body)
    const error = upstreamError(problem, { provider, secrets })
    if (problem.code !== 'INVALID_INPUT') return error
    return new PlinthError('INVALID_INPUT', { detail: error.message, where: 'body' })
  }
}
