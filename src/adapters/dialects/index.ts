import type { Dialect } from '#ports'
import { createAnthropic } from './anthropic/index.ts'
import { createOpenAiChat } from './openai-chat/index.ts'

export type DialectId = 'openai-chat' | 'anthropic'

/** Every dialect by its name; each is pure and may be used by everybody at once. */
export function createDialects(): Readonly<Record<DialectId, Dialect>> {
  return {
    'openai-chat': createOpenAiChat(),
    anthropic: createAnthropic(),
  }
}
