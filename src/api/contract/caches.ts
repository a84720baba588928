import { z } from 'zod'

export const cacheState = z
  .object({
    generation: z.number().describe('Goes up with each purge.'),
    answers: z
      .object({ entries: z.number(), bytes: z.number() })
      .describe('Answers of models that the process which was asked keeps for this organization.'),
    recalled: z
      .object({ entries: z.number(), bytes: z.number() })
      .describe('Lists of answers of assistants, one for each release and sight of the documents.'),
  })
  .meta({ id: 'CacheState' })

export const cachePurge = z
  .object({ generation: z.number().describe('What was kept before it is given to nobody.') })
  .meta({ id: 'CachePurge' })
