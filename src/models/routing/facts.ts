import type { Capability } from '#kernel'

/** What is asked of a model. */
export type Operation = Extract<
  Capability,
  'chat' | 'embeddings' | 'rerank' | 'images' | 'speech' | 'transcription' | 'moderation'
>

/** What routing needs to know of a request. What is not said is unknown, and meets no condition. */
export interface RequestFacts {
  operation: Operation
  /** What the request uses beside the operation: `tools`, `vision`, `json-schema`, … */
  needs: readonly Capability[]
  /** Tokens of the prompt, counted or estimated. */
  inputTokens: number
  /** The most it asks for; not given: what the model may give. */
  maxOutputTokens?: number
  /** Classes of the data in it. A model that is not cleared for each never gets it. */
  dataClasses?: readonly string[]
  /** Regions that it must not leave (`eu` means all below it). An empty list lets no outside model have it. */
  regions?: readonly string[]
  /** Ids of who asks: the user, and the key where one is used. */
  principals?: readonly string[]
  groups?: readonly string[]
  /** Who asks may use models that nobody approved. */
  unapproved?: boolean
  project?: string
  useCase?: string
  /** Language tag. */
  language?: string
  /** For routes that keep a conversation with one model. */
  conversation?: string
  /** Milliseconds since 1970. */
  now: number
}
