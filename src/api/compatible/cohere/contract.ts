import { z } from 'zod'

/** Whether a path belongs to this door, so that its errors are told in its words. */
export function isCoherePath(url: string): boolean {
  return /^\/v1\/rerank(\/|\?|$)/.test(url)
}

/** `POST /v1/rerank`, as Cohere's version 2 has it; nothing else is understood, and so nothing left out. */
export const rerankRequest = z
  .strictObject({
    /** A Model or Route whose provider ranks. */
    model: z.string().min(1).max(300),
    query: z.string().min(1),
    documents: z
      .array(z.union([z.string(), z.strictObject({ text: z.string() })]))
      .min(1)
      .max(10_000),
    top_n: z.number().int().min(1).optional(),
    max_tokens_per_doc: z.number().int().min(1).optional(),
  })
  .meta({ id: 'CohereRerankRequest' })

export const rerankReply = z
  .looseObject({
    id: z.string().optional(),
    results: z.array(z.looseObject({ index: z.number(), relevance_score: z.number() })),
  })
  .meta({ id: 'CohereRerankReply' })

/** The error shape of the original. */
export const cohereError = z
  .object({ id: z.string(), message: z.string() })
  .meta({ id: 'CohereError' })
