import { z } from 'zod'
import { capabilities } from '#kernel'

const names = z.array(z.string().min(1).max(200)).max(64)
const capability = z.enum(capabilities)

export const routeQuestion = z
  .object({
    operation: z
      .enum(['chat', 'embeddings', 'rerank', 'images', 'speech', 'transcription', 'moderation'])
      .default('chat'),
    needs: z.array(capability).max(capabilities.length).default([]),
    inputTokens: z.number().int().min(0).max(1e9).default(0),
    maxOutputTokens: z.number().int().min(1).max(1e9).optional(),
    dataClasses: names.optional(),
    regions: names.optional().describe('The request must not leave these.'),
    principals: names.optional().describe('Ids of who would ask; not given: the caller.'),
    groups: names.optional().describe('Not given: those of the caller.'),
    project: z.string().max(200).optional(),
    useCase: z.string().max(200).optional(),
    language: z.string().max(35).optional(),
    conversation: z.string().max(200).optional(),
  })
  .meta({
    id: 'RouteQuestion',
    description:
      'A request as routing sees it. What is not said is unknown and meets no condition.',
  })

const explainedCandidate = z
  .object({
    model: z.string(),
    provider: z.string().nullable(),
    place: z.number().nullable().describe('1 is tried first; null: it does not get the request.'),
    reason: z.string(),
    code: z.string().nullable().describe('Why it does not get the request, in one word.'),
    forecast: z
      .object({
        firstTokenMs: z.number().nullable(),
        totalMs: z.number().nullable(),
        costUsd: z.number().nullable().describe('null: a price is not known.'),
        answerTokens: z.number(),
      })
      .nullable(),
    live: z
      .object({
        breaker: z.enum(['closed', 'open', 'half-open']),
        down: z.boolean().describe('It does not answer its health checks.'),
        inFlight: z.number(),
        waiting: z.number(),
        usableKeys: z.number(),
        counts: z
          .object({
            ok: z.number(),
            caller: z.number(),
            policy: z.number(),
            provider: z.number(),
            plinth: z.number(),
          })
          .describe('Calls of this process by whose fault they failed.'),
      })
      .nullable(),
  })
  .meta({ id: 'ExplainedCandidate' })

export const routeExplanation = z
  .object({
    route: z.string(),
    strategy: z.enum([
      'ordered',
      'weighted',
      'lowest-latency',
      'least-busy',
      'lowest-cost',
      'objective',
    ]),
    reason: z.string(),
    candidates: z.array(explainedCandidate),
    shadow: z.string().nullable(),
  })
  .meta({ id: 'RouteExplanation' })
