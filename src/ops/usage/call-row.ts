/** One call of a model by an application, as it is stored. Counts and names, never text. */
export interface CallRow {
  id: string
  at: Date
  /** `openai.chat`, `anthropic.messages` … */
  door: string
  principalId: string
  userId: string
  project: string
  useCase: string | null
  /** The name that was asked for. */
  asked: string
  model: string | null
  provider: string | null
  upstreamModel: string | null
  streamed: boolean
  outcome: 'answered' | 'failed' | 'cut' | 'cancelled' | 'refused'
  errorCode: string | null
  fault: 'caller' | 'policy' | 'provider' | 'plinth' | null
  cache: string | null
  inputTokens: number
  cachedTokens: number
  outputTokens: number
  reasoningTokens: number
  estimated: boolean
  /** Billionths of a US dollar; null: the price is not known. */
  costNanousd: number | null
  firstTokenMs: number | null
  totalMs: number
  attempts: number
  snapshotDigest: string | null
  detail: Record<string, unknown> | null
  /** What an answer that was not asked for again would have cost, and its tokens; absent: it was asked for. */
  savedNanousd?: number | null
  savedTokens?: number | null
}
