import type { Paging } from './basics.ts'

export interface Citation {
  /** What `[n]` in the text refers to. */
  number: number
  chunkId: number
  documentId: string
  versionId: string
  title: string
  headingPath: string[]
  quote: string
  /** Span of the document's stored text. */
  start: number
  end: number
  page: number | null
  /** The sentence of the answer: offsets into the answer's text. */
  sentenceStart: number
  sentenceEnd: number
  /** 1 for a verbatim sentence; else the lexical support score. */
  support: number
  exact: boolean
}

export interface AskRequest {
  question: string
  assistant?: string | undefined
  conversationId?: string | null | undefined
  save?: boolean
  filter?: Record<string, unknown>
}

export type Outcome = 'answered' | 'ungrounded' | 'denied' | 'withheld' | 'failed' | 'cancelled'

export interface Unsupported {
  start: number
  end: number
  support: number
}

export interface Answer {
  outcome: Outcome
  /** The answer with `[n]` markers; for other outcomes a sentence that says why. */
  text: string
  reason: string | null
  citations: Citation[]
  unsupported: Unsupported[]
  assistant: string
  model: string | null
  conversationId: string | null
  messageId: string | null
  traceId: string
  auditSeq: number | null
  releaseDigest: string | null
  usage: { inputTokens: number; outputTokens: number; costUsd: number | null }
  tookMs: number
}

export interface Passage {
  number: number
  chunkId: number
  documentId: string
  versionId: string
  title: string
  headingPath: string[]
  text: string
  start: number
  end: number
  page: number | null
  score: number
  lexicalScore: number | null
  denseScore: number | null
}

export type AskEvent =
  | { type: 'step'; step: string; note?: string }
  | { type: 'passages'; passages: Passage[] }
  | { type: 'text'; text: string }
  | { type: 'citation'; citation: Citation }
  | { type: 'unsupported'; start: number; end: number; support: number }
  | { type: 'answer'; answer: Answer }
  | { type: 'error'; problem: unknown }

export interface Assistant {
  name: string
  description: string
  suggestions: string[]
  knowledgeBases: string[]
  model: string | null
}

export interface Conversation {
  id: string
  title: string
  assistant: string
  messageCount: number
  createdAt: string
  updatedAt: string
}

export interface Message {
  id: string
  role: 'user' | 'assistant'
  content: string
  outcome: Outcome | null
  citations: Citation[]
  /** Sentences without sufficient support, where the server keeps them with the message. */
  unsupported?: Unsupported[]
  traceId: string | null
  rating: number | null
  createdAt: string
}

export interface ConversationDetail extends Conversation {
  messages: Message[]
}

export interface FeedbackRequest {
  traceId: string
  rating: 1 | -1
  comment?: string
}

export interface Span {
  name: string
  /** Milliseconds from the trace's start, and how long. */
  startMs: number
  durationMs: number
  status: 'ok' | 'error'
  attributes: Record<string, unknown>
  children: Span[]
}

export interface TraceSummary {
  id: string
  kind: 'answer' | 'ingest' | 'search' | 'completion' | 'embedding'
  name: string
  user: string | null
  assistant: string | null
  outcome: string
  startedAt: string
  durationMs: number
  inputTokens: number | null
  outputTokens: number | null
  costUsd: number | null
  rating: number | null
}

export interface TraceDetail extends TraceSummary {
  auditSeq: number | null
  releaseDigest: string | null
  snapshotDigest: string | null
  spans: Span[]
  answer: Answer | null
  passages: Passage[]
  route: { model: string; reason: string; used: boolean }[]
  checks: { check: string; result: string; detail: string }[]
  feedback: { user: string; rating: number; comment: string; at: string }[]
}

export interface TraceQuery extends Paging {
  kind?: string | undefined
  outcome?: string | undefined
  assistant?: string | undefined
  user?: string | undefined
  search?: string | undefined
  from?: string | undefined
  to?: string | undefined
}
