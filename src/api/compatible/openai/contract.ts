import { z } from 'zod'
import { limits } from '#kernel'
import { stillReading } from '../../contract/answers.ts'

/** A message's text: plain, or parts of which only text is understood. */
const content = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).max(256),
])

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: content.nullish(),
})

/**
 * `POST /v1/chat/completions`. Parameters that are not listed are accepted and ignored, as long as leaving them out
 * changes no meaning; the refused ones stand in `refusedParameters`.
 */
export const chatRequest = z
  .looseObject({
    /** An assistant, or a Model resource. */
    model: z.string().min(1).max(300),
    messages: z.array(message).min(1).max(1_000),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    /** Models only. */
    temperature: z.number().min(0).max(2).nullish(),
    max_tokens: z.number().int().min(1).nullish(),
    max_completion_tokens: z.number().int().min(1).nullish(),
    stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
    n: z.number().int().nullish(),
    tools: z.array(z.unknown()).nullish(),
    functions: z.array(z.unknown()).nullish(),
    response_format: z.looseObject({ type: z.string() }).nullish(),
    logprobs: z.boolean().nullish(),
    modalities: z.array(z.string()).nullish(),
  })
  .meta({ id: 'OpenAiChatRequest' })

const usage = z.object({
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  total_tokens: z.number(),
})

/** What an assistant's answer can be proven with. */
const provenance = z.object({
  traceId: z.string(),
  auditSeq: z.number().nullable(),
  outcome: z.string().optional(),
  releaseDigest: z.string().nullable().optional(),
  /** Documents were still being read: the answer may lack what they say. */
  reading: stillReading.optional(),
})

const citations = z.array(z.record(z.string(), z.unknown())).optional()
const finishReason = z.enum(['stop', 'length', 'content_filter'])

export const chatCompletion = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.number(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.number(),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string(),
          refusal: z.null(),
          /** Of an assistant's answer: what each `[n]` refers to (`Citation`). */
          citations,
        }),
        logprobs: z.null(),
        finish_reason: finishReason,
      }),
    ),
    usage,
    plinth: provenance,
  })
  .meta({ id: 'OpenAiChatCompletion' })

/** Server-sent events with `stream: true`; after the last one comes `data: [DONE]`. */
export const chatChunk = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created: z.number(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.number(),
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: z.string().optional(),
          citations,
        }),
        logprobs: z.null(),
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usage.nullable().optional(),
    plinth: provenance.optional(),
  })
  .meta({ id: 'OpenAiChatChunk' })

export const model = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.number(),
    owned_by: z.string(),
  })
  .meta({ id: 'OpenAiModel' })

export const modelList = z
  .object({ object: z.literal('list'), data: z.array(model) })
  .meta({ id: 'OpenAiModelList' })

/** Texts in one request, as with the original. */
const maxInputs = 2_048

export const embeddingRequest = z
  .looseObject({
    model: z.string().min(1).max(300),
    input: z.union([
      z.string(),
      z
        .array(z.union([z.string(), z.number(), z.array(z.number())]))
        .min(1)
        .max(maxInputs),
    ]),
    encoding_format: z.enum(['float', 'base64']).nullish(),
    dimensions: z.number().int().min(1).nullish(),
    /** Beyond the original: models that tell questions from passages embed `query` as a question. */
    input_type: z.enum(['query', 'passage']).nullish(),
  })
  .meta({ id: 'OpenAiEmbeddingRequest' })

export const embeddingList = z
  .object({
    object: z.literal('list'),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: z.number(),
        /** Numbers, or base 64 of 32-bit floats in little-endian order. */
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    ),
    model: z.string(),
    usage: z.object({ prompt_tokens: z.number(), total_tokens: z.number() }),
    plinth: z.object({ traceId: z.string() }),
  })
  .meta({ id: 'OpenAiEmbeddingList' })

/** The error shape of the original. */
export const openAiError = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  })
  .meta({ id: 'OpenAiError' })

/** Characters of one text to embed; a model's window is shorter, what is beyond it is cut. */
export const maxEmbeddingChars = limits.questionChars * 4
