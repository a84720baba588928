/** What one chat call, its answer and its stream mean, whatever protocol carries them. */

export type JsonObject = Record<string, unknown>

/** Fields that only the dialect knows that they came from; the same dialect writes them back, others report them lost. */
export interface Extra {
  /** `family` of the dialect that read them. */
  family: string
  fields: Readonly<JsonObject>
}

/** Up to here the prompt should be kept in the provider's cache. */
export interface CacheMarker {
  /** How long, in the words of the dialect that asked; absent: its default. */
  ttl?: string
}

interface Marked {
  cache?: CacheMarker
  extra?: Extra
}

/** Where the bytes of an image, a sound or a document come from. */
export type MediaSource =
  | { kind: 'url'; url: string }
  /** Base 64. */
  | { kind: 'bytes'; data: string; mediaType: string }
  /** A file that the provider keeps. */
  | { kind: 'stored'; fileId: string }

export interface TextPart extends Marked {
  type: 'text'
  text: string
}

export interface ImagePart extends Marked {
  type: 'image'
  source: MediaSource
  detail?: string
}

export interface FilePart extends Marked {
  type: 'file'
  source: MediaSource
  name?: string
}

export interface AudioPart extends Marked {
  type: 'audio'
  source: MediaSource
}

export interface ToolCallPart extends Marked {
  type: 'tool-call'
  id: string
  name: string
  /** JSON text, as the model wrote it. */
  arguments: string
}

export interface ToolResultPart extends Marked {
  type: 'tool-result'
  callId: string
  content: readonly CallPart[]
  isError?: boolean
}

/** What a model thought before it answered; its signature proves it to the provider in the next turn. */
export interface ReasoningPart extends Marked {
  type: 'reasoning'
  text: string
  /** Family of the dialect whose provider signed or encrypted it: no other one can use that. */
  signedBy?: string
  signature?: string
  /** Thoughts that only the provider can read. */
  encrypted?: string
  id?: string
}

/** The model's own words for why it does not answer. */
export interface RefusalPart extends Marked {
  type: 'refusal'
  text: string
}

/** A part that only one dialect knows: written back there, lost elsewhere. */
export interface OpaquePart {
  type: 'opaque'
  family: string
  value: Readonly<JsonObject>
}

export type CallPart =
  | TextPart
  | ImagePart
  | FilePart
  | AudioPart
  | ToolCallPart
  | ToolResultPart
  | ReasoningPart
  | RefusalPart
  | OpaquePart

export interface CallMessage {
  /** `developer` is `system` where a dialect has only that. Results of tools stand in `tool` messages. */
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  content: readonly CallPart[]
  /** Tells participants of one role apart. */
  name?: string
  extra?: Extra
}

export interface FunctionTool extends Marked {
  type: 'function'
  name: string
  description?: string
  /** JSON schema of the arguments. */
  parameters?: Readonly<JsonObject>
  strict?: boolean
}

/** A tool that the provider runs, or another kind that only one dialect knows. */
export interface OpaqueTool {
  type: 'opaque'
  family: string
  value: Readonly<JsonObject>
}

export type CallTool = FunctionTool | OpaqueTool

export type ToolChoice = 'auto' | 'none' | 'required' | { name: string }

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json' }
  | {
      type: 'json-schema'
      name: string
      schema: Readonly<JsonObject>
      description?: string
      strict?: boolean
    }

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** How much a model thinks, and whether its thoughts are shown. */
export interface Reasoning {
  effort?: ReasoningEffort
  budgetTokens?: number
  /** The model decides how much. */
  adaptive?: boolean
  /** `auto`, `concise`, `detailed`, `summarized`, `omitted`: in the words of the dialect that asked. */
  summary?: string
}

export interface ModelCall {
  model: string
  messages: readonly CallMessage[]
  tools?: readonly CallTool[]
  toolChoice?: ToolChoice
  parallelToolCalls?: boolean
  format?: ResponseFormat
  maxOutputTokens?: number
  temperature?: number
  topP?: number
  topK?: number
  minP?: number
  frequencyPenalty?: number
  presencePenalty?: number
  seed?: number
  stop?: readonly string[]
  /** Answers asked for; absent: one. */
  n?: number
  /** Probabilities of the tokens, and of as many others at each place. */
  logprobs?: { top: number }
  logitBias?: Readonly<Record<string, number>>
  reasoning?: Reasoning
  /** The end user, as the caller calls them. */
  user?: string
  metadata?: Readonly<Record<string, string>>
  /** Key under which calls with the same beginning find the same cache. */
  cacheKey?: string
  serviceTier?: string
  stream: boolean
  /** A stream ends with usage. */
  includeUsage?: boolean
  extra?: Extra
}

export interface CallUsage {
  /** Tokens read, cached ones included. */
  inputTokens: number
  /** Tokens written, thoughts included. */
  outputTokens: number
  /** Of the input: read from the provider's cache. */
  cachedInputTokens?: number
  /** Of the input: written into it. */
  cacheWriteTokens?: number
  /** Of the output: thoughts. */
  reasoningTokens?: number
}

/** `pause`: the provider interrupted a long turn and wants to be asked again. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'pause' | 'other'

export interface TokenLogprob {
  token: string
  logprob: number
  bytes?: readonly number[]
  top?: readonly Omit<TokenLogprob, 'top'>[]
}

export interface ReplyChoice {
  content: readonly CallPart[]
  finish: FinishReason
  /** The stop sequence that ended it, where the provider says. */
  stopSequence?: string
  logprobs?: readonly TokenLogprob[]
  extra?: Extra
}

export interface ModelReply {
  id?: string
  model?: string
  /** Seconds since 1970. */
  created?: number
  choices: readonly ReplyChoice[]
  usage?: CallUsage
  extra?: Extra
}
