import type { ErrorCode, PlinthError } from '#kernel'
import type {
  CallUsage,
  FinishReason,
  JsonObject,
  ModelCall,
  ModelReply,
  TokenLogprob,
} from './dialect-call.ts'
import type { OutboundClient } from './outbound.ts'

/**
 * Something that a dialect cannot say. `meaning`: the answer may differ, a caller is refused unless it agreed;
 * `changed`: said in another way that comes near; `hint`: no answer differs (caching, tracking).
 */
export interface Loss {
  /** Within the call: `messages/2/content/0`, `logprobs`. */
  path: string
  effect: 'meaning' | 'changed' | 'hint'
  detail: string
}

/** A piece of a streamed answer. `choice` is the number of the answer where more than one was asked for. */
export type StreamEvent =
  | { type: 'start'; id?: string; model?: string; created?: number }
  | { type: 'text'; text: string; choice?: number; logprobs?: readonly TokenLogprob[] }
  | { type: 'refusal'; text: string; choice?: number }
  | { type: 'reasoning'; text: string; choice?: number }
  /** Ends the reasoning before it: what the provider needs to recognise it. */
  | {
      type: 'reasoning-end'
      signedBy: string
      signature?: string
      encrypted?: string
      id?: string
      choice?: number
    }
  /** `call` counts the tool calls of an answer from 0; `id` and `name` come with the first piece. */
  | {
      type: 'tool-call'
      call: number
      id?: string
      name?: string
      arguments: string
      choice?: number
    }
  /** A part that only one dialect knows, whole. */
  | { type: 'opaque'; family: string; value: Readonly<JsonObject>; choice?: number }
  | { type: 'finish'; reason: FinishReason; stopSequence?: string; choice?: number }
  | { type: 'usage'; usage: CallUsage }
  /** The stream failed: nothing follows. */
  | { type: 'error'; problem: UpstreamProblem }

/** Reads a stream whose bytes may be split anywhere. */
export interface StreamReader {
  /** Events that are whole now. After an `error` event, and after the end mark, further bytes are ignored. */
  push(bytes: Uint8Array): StreamEvent[]
  /** The bytes ended: what is left, and an `error` event where the stream was cut. */
  end(): StreamEvent[]
  /** The protocol's own end mark was seen. */
  readonly complete: boolean
}

/** Writes a stream. What it returns is to be sent as it is; an empty string is nothing to send. */
export interface StreamWriter {
  readonly contentType: string
  write(event: StreamEvent): string | Uint8Array
  /** The end mark of a whole answer. */
  end(): string | Uint8Array
  /** An error within the stream, in the words of the dialect; no end mark follows. */
  fail(error: PlinthError, at: ErrorPlace): string | Uint8Array
  /** What this dialect could not say so far. */
  readonly losses: readonly Loss[]
}

export interface StreamWriterOptions {
  /** The name that the caller gave the model. */
  model: string
  id: string
  /** Seconds since 1970. */
  created: number
  includeUsage?: boolean
}

export interface WireRequest {
  /** Below the base address, with a query where it needs one: `/chat/completions`. */
  path: string
  headers: Readonly<Record<string, string>>
  body: JsonObject
  losses: readonly Loss[]
}

export interface Written {
  body: JsonObject
  losses: readonly Loss[]
}

/** What an endpoint said when it refused or failed. Not redacted: it may repeat what it was sent. */
export interface UpstreamProblem {
  /** `INVALID_INPUT` where the caller's own request was refused. */
  code: ErrorCode
  /** HTTP status; absent within a stream. */
  status?: number
  /** The endpoint's words; where it said nothing, what was seen: `broke off in the middle of the answer`. */
  message: string
  /** `message` are the endpoint's words. */
  said: boolean
  /** The endpoint's own word for it. */
  type?: string
  param?: string
  retryAfterSeconds?: number
  /** Another try, or another endpoint, may do better. */
  retryable: boolean
  /** The stream ended without its end mark. */
  cut?: boolean
}

export interface ErrorPlace {
  requestId: string
  /** The dialect's own code, where a door knows a better one than the table. */
  code?: string
}

export interface WireError {
  status: number
  headers: Readonly<Record<string, string>>
  body: JsonObject
}

export interface EndpointOptions {
  baseUrl: string
  /** The secret that the Provider resource names: a key, or credentials as the dialect's page says. */
  apiKey?: string
  headers?: Readonly<Record<string, string>>
  /** For tokens that are fetched. */
  outbound: OutboundClient
  now?: () => Date
}

export interface Addressed {
  url: string
  headers: Record<string, string>
}

/** Where and as whom a dialect is spoken. */
export interface DialectEndpoint {
  /** Headers depend on the body or the time (a signature, a token that expires): ask for each request. */
  readonly perRequest: boolean
  /** Values that must never be written out. */
  readonly secrets: readonly string[]
  address(path: string, body: string): Addressed | Promise<Addressed>
}

/** Lists of texts into vectors. */
export interface EmbeddingCall {
  model: string
  /** Texts, or lists of token numbers. */
  input: readonly (string | readonly number[])[]
  dimensions?: number
  /** How the caller wants the vectors written. */
  encoding: 'float' | 'base64'
  purpose?: 'query' | 'passage' | 'classification' | 'clustering'
  user?: string
  /** Cut texts that are too long; absent: as the provider does. */
  truncate?: boolean
}

export interface EmbeddingReply {
  model?: string
  vectors: readonly (readonly number[])[]
  inputTokens?: number
}

export interface RerankCall {
  model: string
  query: string
  documents: readonly string[]
  topN?: number
  maxTokensPerDocument?: number
}

export interface RerankReply {
  id?: string
  model?: string
  results: readonly { index: number; score: number }[]
  inputTokens?: number
  searchUnits?: number
}

/** Both sides of an exchange that does not stream. */
export interface Exchange<Call, Reply> {
  /** @throws INVALID_INPUT with the place. */
  readRequest(body: unknown, path?: string): Call
  writeRequest(call: Call): WireRequest
  /** @throws UPSTREAM_FAILED for an answer of another shape. */
  readReply(body: unknown): Reply
  writeReply(reply: Reply, call: Call): Written
}

/** Operations whose bodies are handed through: only `model` is looked at. */
export type PassedThrough =
  | 'completions'
  | 'moderations'
  | 'images'
  | 'image-edits'
  | 'speech'
  | 'transcriptions'
  | 'translations'
  | 'files'
  | 'batches'
  | 'models'
  | 'count-tokens'

/** Parameters that only some endpoints of a dialect take, learned from a refusal. */
export interface Tolerance {
  /** The parameter that a refusal names and that can be left out or said otherwise. */
  refused(problem: UpstreamProblem): string | undefined
  /** The body without them. */
  without(body: JsonObject, parameters: ReadonlySet<string>): JsonObject
}

/**
 * A protocol in which models are called: read and written on both sides, so that any door can be served by any
 * provider. Pure but for `endpoint`. Nothing is dropped silently: what a dialect cannot say is among the losses.
 */
export interface Dialect {
  readonly version: 'dialect/1'
  readonly id: string
  /** Dialects of one family write each other's extra fields back. */
  readonly family: string
  /** `sse`, `ndjson`, or `binary` (Amazon's event stream). */
  readonly framing: 'sse' | 'ndjson' | 'binary'
  /** Headers of a caller that belong to the protocol: they go along to an endpoint of the same family. */
  readonly forwardedHeaders: readonly string[]

  /** `path` says what a dialect puts there (model, streaming). @throws INVALID_INPUT with the place. */
  readRequest(body: unknown, path?: string): ModelCall
  writeRequest(call: ModelCall): WireRequest
  /** @throws UPSTREAM_FAILED for an answer of another shape. */
  readReply(body: unknown): ModelReply
  writeReply(reply: ModelReply, options: StreamWriterOptions): Written
  readStream(): StreamReader
  writeStream(options: StreamWriterOptions): StreamWriter
  readError(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): UpstreamProblem
  writeError(error: PlinthError, at: ErrorPlace): WireError
  endpoint(options: EndpointOptions): DialectEndpoint

  readonly tolerance?: Tolerance
  readonly embeddings?: Exchange<EmbeddingCall, EmbeddingReply>
  readonly rerank?: Exchange<RerankCall, RerankReply>
  /** Paths, with `{model}` where the address names it. */
  readonly passThrough: Readonly<Partial<Record<PassedThrough, string>>>
}
