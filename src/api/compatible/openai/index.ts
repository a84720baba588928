import { chatRoutes } from './chat.ts'
import { completionRoutes } from './completions.ts'
import { embeddingRoutes } from './embeddings.ts'
import { modelRoutes } from './models.ts'
import { operationRoutes } from './operations.ts'
import { responseRoutes } from './responses.ts'

export { isOpenAiPath, sendOpenAiError } from './errors.ts'

/** The door for clients of OpenAI: the same pipelines, rights and records behind other words. */
export const openAiRoutes = [
  ...modelRoutes,
  ...chatRoutes,
  ...responseRoutes,
  ...completionRoutes,
  ...embeddingRoutes,
  ...operationRoutes,
]
