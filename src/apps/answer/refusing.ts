import type { Found } from '#data'
import type { Decision } from '#governance'
import type { ErrorCode, PlinthError } from '#kernel'
import type { Price } from '#models'
import type { AnswerAccess, Denied } from './authorizing.ts'
import { type AskedText, maskFault } from './masking.ts'
import type { Citation, Outcome, ShownPassage, Unsupported } from './parts.ts'
import type { Run } from './run.ts'

export type AccessDenied = Extract<Decision, { denied: true }>

/** What the pipeline came to, before it is recorded. */
export interface Conclusion {
  outcome: Outcome
  text: string
  reason: string | null
  /** Why it failed, where it did. */
  code?: ErrorCode
  /** The permission that was missing. */
  denial?: AccessDenied
  access: AnswerAccess | undefined
  /** The question as the guardrail lets it through; absent where that was not reached: then nothing of it is stored. */
  asked: AskedText | undefined
  citations: Citation[]
  unsupported: Unsupported[]
  passages: ShownPassage[]
  dense: Found['dense'] | null
  model: string | null
  modelPrice: Price | undefined
  usage: { inputTokens: number; outputTokens: number }
  route: { model: string; reason: string; used: boolean }[]
  checks: { check: string; result: string; detail: string }[]
}

const nothing: Conclusion = {
  outcome: 'failed',
  text: '',
  reason: null,
  access: undefined,
  asked: undefined,
  citations: [],
  unsupported: [],
  passages: [],
  dense: null,
  model: null,
  modelPrice: undefined,
  usage: { inputTokens: 0, outputTokens: 0 },
  route: [],
  checks: [],
}

/** A conclusion from the facts that are known; the rest is empty. */
export function conclude(facts: Partial<Conclusion> & Pick<Conclusion, 'outcome'>): Conclusion {
  return { ...nothing, ...facts }
}

/** The asker may not ask this, with the rule that says so. */
export function denied(denial: Denied): Conclusion {
  return conclude({
    outcome: 'denied',
    text: denial.reason,
    reason: denial.reason,
    ...(denial.decision ? { denial: denial.decision } : {}),
    checks: [{ check: 'authorize', result: 'denied', detail: denial.rule }],
  })
}

/** Nothing that the asker may read answers the question. */
export function ungrounded(
  access: AnswerAccess,
  at: { asked: AskedText; found: Found },
): Conclusion {
  const reason = 'None of the documents that you may read says anything about this.'
  return conclude({
    outcome: 'ungrounded',
    text: reason,
    reason,
    access,
    asked: at.asked,
    dense: at.found.dense,
    checks: [{ check: 'ground', result: 'empty', detail: 'No passage was found.' }],
  })
}

/** A fault, an outage, or a caller who left. */
export async function failed(
  run: Run,
  access: AnswerAccess,
  error: PlinthError,
): Promise<Conclusion> {
  const { asked, choices } = run.reached
  const message = await maskFault(error.message, asked?.scope)
  const cancelled = error.code === 'CANCELLED'
  return conclude({
    outcome: cancelled ? 'cancelled' : 'failed',
    text: cancelled ? 'The question was cancelled.' : message,
    reason: cancelled ? null : `${message} ${error.remedy}`,
    ...(cancelled ? {} : { code: error.code }),
    access,
    asked,
    route: choices?.explained(null) ?? [],
    checks: [{ check: 'execute', result: error.code, detail: message }],
  })
}
