import { digestOfBytes } from '#kernel'
import type { CallRow } from './call-row.ts'

/** What a digest tells of a call. */
export type ToldCall = Pick<
  CallRow,
  | 'id'
  | 'principalId'
  | 'model'
  | 'outcome'
  | 'inputTokens'
  | 'cachedTokens'
  | 'outputTokens'
  | 'reasoningTokens'
  | 'costNanousd'
>

/**
 * What the audit log says of a batch of calls: SHA-256 over one line for each, in the order of their ids. A line holds,
 * with tabs between: id, principal, model, outcome, tokens of input, cached, output and reasoning, cost in billionths
 * of a US dollar; `-` where there is none.
 */
export function digestOfCalls(calls: readonly ToldCall[]): string {
  const lines = calls.map((call) =>
    [
      call.id,
      call.principalId,
      call.model ?? '-',
      call.outcome,
      call.inputTokens,
      call.cachedTokens,
      call.outputTokens,
      call.reasoningTokens,
      call.costNanousd ?? '-',
    ].join('\t'),
  )
  return digestOfBytes(`${lines.sort().join('\n')}\n`)
}
