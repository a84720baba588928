/** Parameters of a call that an endpoint of this protocol may not know. */
export type Parameter =
  | 'parallelToolCalls'
  | 'topK'
  | 'minP'
  | 'frequencyPenalty'
  | 'presencePenalty'
  | 'seed'
  | 'n'
  | 'logprobs'
  | 'logitBias'
  | 'reasoning'
  | 'user'
  | 'metadata'
  | 'cacheKey'
  | 'serviceTier'

/** How an endpoint differs from OpenAI's own chat completions. */
export interface ChatVariant {
  id: string
  path(model: string): string
  lacks: readonly Parameter[]
  seedName: 'seed' | 'random_seed'
  requiredName: 'required' | 'any'
  /** Streams carry usage without being asked, and refuse to be asked. */
  usageUnasked: boolean
  /** Content parts that it takes besides text. */
  media: ReadonlySet<'image' | 'file' | 'audio'>
  /** Marks of where a cached prompt ends. */
  cacheMarkers: boolean
  /** Knows developers beside systems, and names of participants. */
  developers: boolean
  names: boolean
  /** Ids of tool calls must have a form of their own. */
  callId?(id: string): string
}

/** OpenAI’s own, which most others follow. */
export const openAi: ChatVariant = {
  id: 'openai-chat',
  path: () => '/chat/completions',
  lacks: [],
  seedName: 'seed',
  requiredName: 'required',
  usageUnasked: false,
  media: new Set(['image', 'file', 'audio']),
  cacheMarkers: true,
  developers: true,
  names: true,
}

export const family = 'openai-chat'
