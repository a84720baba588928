import type { Reading } from '#data'
import type { ErrorCode } from '#kernel'

/** What an answer is made of while it streams, and at its end. Offsets are UTF-16 code units into the answer's text. */
export interface Citation {
  number: number
  chunkId: number
  documentId: string
  versionId: string
  title: string
  headingPath: string[]
  /** The supporting text, and where it stands in the version's stored text. */
  quote: string
  start: number
  end: number
  page: number | null
  sentenceStart: number
  sentenceEnd: number
  support: number
  exact: boolean
}

export interface ShownPassage {
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

/** A sentence of an answer without sufficient support: offsets into the answer's text. */
export interface Unsupported {
  start: number
  end: number
  support: number
}

export type Part =
  | { type: 'step'; step: string; note?: string }
  | { type: 'passages'; passages: ShownPassage[] }
  | { type: 'text'; text: string }
  | { type: 'citation'; citation: Citation }
  | ({ type: 'unsupported' } & Unsupported)

export type Outcome = 'answered' | 'ungrounded' | 'denied' | 'withheld' | 'failed' | 'cancelled'

/** Documents that this answer could not be made from, because they were still being read. */
export interface StillReading extends Reading {
  /** The same as a sentence. */
  note: string
}

/** Whether an answer was given before, and why or why not. */
export interface CacheNote {
  verdict: 'hit' | 'miss' | 'bypass'
  reason: string
}

export interface Answered {
  outcome: Outcome
  text: string
  reason: string | null
  /** Why it failed, where it did. */
  code?: ErrorCode
  citations: Citation[]
  unsupported: Unsupported[]
  /** Absent where all that the asker may read had been read. */
  reading?: StillReading
  /** Absent where the assistant keeps no answers. */
  cache?: CacheNote
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

/** What a person asks. */
export interface Question {
  text: string
  /** Assistant by name; absent: the organization's first. */
  assistant?: string
  /** One Model by name, instead of the assistant's route: for comparisons. */
  model?: string
  conversationId?: string
  /** Keep question and answer in a conversation. */
  save: boolean
  /** The caller's header of this name. */
  cacheControl?: string
  /** Told what the header x-plinth-cache says, before anything else is. */
  onCache?(said: string): void
  /** Metadata filter, ANDed with the assistant's own. */
  filter?: Readonly<Record<string, unknown>>
  /** Earlier turns, where the caller keeps them itself (compatible APIs). */
  history?: readonly { role: 'user' | 'assistant'; content: string }[]
}
