import { z } from 'zod'

const items = z.array(z.looseObject({})).max(10_000)

/** `POST /v1/responses`. Its dialect reads the rest, and names what is wrong in it. */
export const responsesRequest = z
  .looseObject({
    /** An assistant, or a Model resource. */
    model: z.string().min(1).max(300),
    input: z.union([z.string(), items.min(1)]),
    stream: z.boolean().nullish(),
    /** Kept for the caller unless it says `false`. */
    store: z.boolean().nullish(),
    /** A stored answer of the same caller. */
    previous_response_id: z.string().max(300).nullish(),
  })
  .meta({ id: 'OpenAiResponsesRequest' })

export const response = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    created_at: z.number(),
    status: z.string(),
    model: z.string(),
    output: z.array(z.looseObject({ type: z.string() })),
    usage: z.looseObject({ input_tokens: z.number(), output_tokens: z.number() }).nullish(),
    /** Beyond the original: what an assistant's answer can be proven with, and answers of assistants that it continues. */
    plinth: z
      .looseObject({
        traceId: z.string().optional(),
        auditSeq: z.number().nullable().optional(),
        continues: z.array(z.object({ traceId: z.string() })).optional(),
        citations: z.array(z.record(z.string(), z.unknown())).optional(),
      })
      .optional(),
  })
  .meta({ id: 'OpenAiResponse' })

export const responseEvent = z
  .looseObject({ type: z.string(), sequence_number: z.number().optional() })
  .meta({ id: 'OpenAiResponseEvent' })

export const responseInput = z
  .object({
    object: z.literal('list'),
    data: z.array(z.looseObject({})),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.literal(false),
  })
  .meta({ id: 'OpenAiResponseInput' })

export const deletedResponse = z
  .object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) })
  .meta({ id: 'OpenAiDeletedResponse' })

/** `POST /v1/completions`. */
export const completionRequest = z
  .looseObject({
    model: z.string().min(1).max(300),
    prompt: z.union([z.string(), z.array(z.unknown()).min(1).max(2_048)]),
    stream: z.boolean().nullish(),
  })
  .meta({ id: 'OpenAiCompletionRequest' })

export const completion = z
  .looseObject({
    id: z.string(),
    object: z.literal('text_completion'),
    created: z.number(),
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: z.number(),
        text: z.string(),
        finish_reason: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'OpenAiCompletion' })
