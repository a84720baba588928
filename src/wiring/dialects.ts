import { createDialects } from '#adapters'
import type { Protocol } from '#models'
import type { Dialect } from '#ports'

const dialects: Readonly<Record<string, Dialect>> = createDialects()

/** The dialect of what a Provider calls its protocol; none for a model within this process. */
export function dialectOf(protocol: string): Dialect | undefined {
  return dialects[protocol === 'openai' ? 'openai-chat' : protocol]
}

/** Protocols whose models are called over the network. */
export const remoteProtocols: readonly Protocol[] = [
  ...(['openai', 'openai-responses', 'azure-openai', 'anthropic', 'gemini'] as const),
  ...(['bedrock', 'cohere', 'mistral', 'ollama', 'huggingface'] as const),
]
