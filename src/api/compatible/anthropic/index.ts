import { messageRoutes } from './messages.ts'

export { isAnthropicPath, sendDialectError } from './errors.ts'

/** The door for clients of Anthropic: the same pipelines, rights and records behind other words. */
export const anthropicRoutes = messageRoutes
