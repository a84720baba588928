import type { Dialect } from '#ports'
import { createAnthropic } from './anthropic/index.ts'
import { createAzureOpenAi } from './azure-openai/index.ts'
import { createBedrock } from './bedrock/index.ts'
import { createCohere } from './cohere/index.ts'
import { createGemini } from './gemini/index.ts'
import { createHuggingFace } from './huggingface/index.ts'
import { createMistral } from './mistral/index.ts'
import { createOllama } from './ollama/index.ts'
import { createOpenAiChat } from './openai-chat/index.ts'
import { createOpenAiCompletions } from './openai-completions/index.ts'
import { createOpenAiResponses } from './openai-responses/index.ts'

/** Every dialect by its name; each is pure and may be used by everybody at once. */
export function createDialects() {
  return {
    'openai-chat': createOpenAiChat(),
    'openai-responses': createOpenAiResponses(),
    'openai-completions': createOpenAiCompletions(),
    anthropic: createAnthropic(),
    bedrock: createBedrock(),
    gemini: createGemini(),
    cohere: createCohere(),
    ollama: createOllama(),
    mistral: createMistral(),
    'azure-openai': createAzureOpenAi(),
    huggingface: createHuggingFace(),
  } as const satisfies Readonly<Record<string, Dialect>>
}
