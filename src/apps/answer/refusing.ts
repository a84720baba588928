import type { Found } from '#data'
import type { ErrorCode, PlinthError } from '#kernel'
import type { Price } from '#models'
import type { AnswerAccess, Denied } from './authorizing.ts'
import { type AskedText, maskFault } from './masking.ts'
import type { Citation, Outcome, ShownPassage, Unsupported } from './parts.ts'
import type { Run } from './run.ts'

/** What the pipeline came to, before it is recorded. */
export interface Conclusion {
  outcome: Outcome
  text: string
  reason: string | null
  /** Why it failed, where it did. */
  code?: ErrorCode
  access: AnswerAccess | undefined
  /** Masked question; absent where masking was not reached: then nothing of the question is stored. */
  asked: AskedText | undefined
  citations: Citation[]
  unsupported: Unsupported[]
  passages: ShownPassage[]
  terms: string[]
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
  terms: [],
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
    terms: at.found.terms,
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
