import type { Dialect } from '#ports'
import { createAnthropic } from './anthropic/index.ts'
import { createOpenAiChat } from './openai-chat/index.ts'
import { createOpenAiCompletions } from './openai-completions/index.ts'
import { createOpenAiResponses } from './openai-responses/index.ts'

export type DialectId = 'openai-chat' | 'openai-responses' | 'openai-completions' | 'anthropic'

/** Every dialect by its name; each is pure and may be used by everybody at once. */
export function createDialects(): Readonly<Record<DialectId, Dialect>> {
  return {
    'openai-chat': createOpenAiChat(),
    'openai-responses': createOpenAiResponses(),
    'openai-completions': createOpenAiCompletions(),
    anthropic: createAnthropic(),
  }
}
