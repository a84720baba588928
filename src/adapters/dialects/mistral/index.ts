import { createHash } from 'node:crypto'
import type { Dialect } from '#ports'
import { createOpenAiChat } from '../openai-chat/index.ts'
import { openAi } from '../openai-chat/variant.ts'

/** Chat completions as Mistral has them: other names for some parameters, usage unasked, short ids of tool calls. */
export function createMistral(): Dialect {
  return createOpenAiChat({
    ...openAi,
    id: 'mistral',
    lacks: [
      ...(['topK', 'minP', 'logprobs', 'logitBias', 'reasoning'] as const),
      ...(['user', 'metadata', 'cacheKey', 'serviceTier'] as const),
    ],
    seedName: 'random_seed',
    requiredName: 'any',
    usageUnasked: true,
    media: new Set(['image']),
    cacheMarkers: false,
    developers: false,
    names: false,
    callId: shortId,
  })
}

const short = /^[a-zA-Z0-9]{9}$/

/** Nine letters and digits; from a longer id always the same. */
function shortId(id: string): string {
  if (short.test(id)) return id
  return createHash('sha256').update(id).digest('hex').slice(0, 9)
}
