/** A message as a model receives it. Retrieved text never enters a `system` message. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** A numbered passage given to the model as untrusted data. */
export interface Passage {
  /** 1-based: what `[n]` in an answer refers to. */
  number: number
  chunkId: string
  documentId: string
  documentVersionId: string
  title: string
  headingPath: readonly string[]
  text: string
  /** Offsets of `text` within the document version's stored text. */
  start: number
  end: number
  page?: number
  pageEnd?: number
  /** When the document says it takes effect or was written (ISO 8601), where known: newer wins a contradiction. */
  date?: string
  /** Fused retrieval score, 0 to 1; and both legs where they found it. */
  score: number
  lexicalScore?: number
  denseScore?: number
}

export interface ChatRequest {
  /** The upstream's name for the model. */
  model: string
  messages: readonly ChatMessage[]
  /** For models that read passages as data (the built-in extractive one); others find them in the messages. */
  passages?: readonly Passage[]
  question?: string
  /** ISO 639-1 of the question, where known. */
  language?: string
  /** For models that abstain by confidence: the least confidence (0 to 1) that they answer with. */
  abstainBelow?: number
  temperature?: number
  maxOutputTokens?: number
  stop?: readonly string[]
}

export type ChatPart =
  | { type: 'text'; text: string }
  | { type: 'abstain'; reason: string; score: number }
  | { type: 'usage'; inputTokens: number; outputTokens: number }
  | { type: 'finish'; reason: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other' }

export interface ChatModel {
  readonly version: 'chat-model/1'
  readonly id: string
  /**
   * Streams the answer. Ends with exactly one `finish` part; a stream that breaks before it throws
   * UPSTREAM_FAILED, a time-out UPSTREAM_TIMEOUT. Aborting the signal cancels the upstream call.
   */
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart>
}
