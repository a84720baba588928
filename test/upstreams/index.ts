import { bedrock } from './bedrock.ts'
import { cohere } from './cohere.ts'
import { gemini, vertex } from './gemini.ts'
import { ollama } from './ollama.ts'
import { azure, mistral, tgi } from './openai-like.ts'
import type { Wire } from './wire.ts'

export { startUpstream, type Upstream } from './server.ts'
export { inputTokens, outputTokens, type Said, type Wire } from './wire.ts'

/** Every protocol but those that are passed through, which have servers of their own. */
export function wires(): Wire[] {
  return [gemini, vertex(), bedrock, cohere, ollama, azure, mistral, tgi]
}
