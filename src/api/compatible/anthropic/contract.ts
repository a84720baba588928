import { z } from 'zod'

/** `POST /v1/messages`. Its dialect reads the rest, and names what is wrong in it. */
export const messagesRequest = z
  .looseObject({
    /** An assistant, or a Model resource. */
    model: z.string().min(1).max(300),
    messages: z
      .array(z.looseObject({ role: z.string() }))
      .min(1)
      .max(10_000),
    max_tokens: z.number().int().min(1).optional(),
    stream: z.boolean().nullish(),
  })
  .meta({ id: 'AnthropicMessagesRequest' })

export const message = z
  .looseObject({
    id: z.string(),
    type: z.literal('message'),
    role: z.literal('assistant'),
    model: z.string(),
    content: z.array(z.looseObject({ type: z.string() })),
    stop_reason: z.string().nullable(),
    stop_sequence: z.string().nullable(),
    usage: z.looseObject({ input_tokens: z.number(), output_tokens: z.number() }),
    /** Beyond the original: what the answer can be proven with. */
    plinth: z
      .looseObject({
        traceId: z.string(),
        auditSeq: z.number().nullable(),
        citations: z.array(z.record(z.string(), z.unknown())).optional(),
      })
      .optional(),
  })
  .meta({ id: 'AnthropicMessage' })

export const messageEvent = z
  .looseObject({ type: z.string() })
  .meta({ id: 'AnthropicMessageEvent' })

export const tokenCount = z.object({ input_tokens: z.number() }).meta({ id: 'AnthropicTokenCount' })

/** The error shape of the original. */
export const anthropicError = z
  .object({
    type: z.literal('error'),
    error: z.object({ type: z.string(), message: z.string() }),
    request_id: z.string(),
  })
  .meta({ id: 'AnthropicError' })
