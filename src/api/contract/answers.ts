import { z } from 'zod'
import { limits } from '#kernel'
import { pageOf, paging, time } from './basics.ts'

export const citation = z
  .object({
    /** What `[n]` in the text refers to. */
    number: z.number().int(),
    chunkId: z.number(),
    documentId: z.string(),
    versionId: z.string(),
    title: z.string(),
    headingPath: z.array(z.string()),
    /** The cited passage, and within the document's stored text the span that supports the sentence. */
    quote: z.string(),
    start: z.number(),
    end: z.number(),
    page: z.number().nullable(),
    /** The sentence of the answer: offsets into the answer's text. */
    sentenceStart: z.number(),
    sentenceEnd: z.number(),
    /** 1 for a verbatim sentence; else the lexical support score. */
    support: z.number(),
    exact: z.boolean(),
  })
  .meta({ id: 'Citation' })

export const askRequest = z.object({
  question: z.string().min(1).max(limits.questionChars),
  assistant: z.string().optional(),
  /** Continues a conversation; `null` or absent starts one; `save: false` keeps nothing but the trace. */
  conversationId: z.string().nullish(),
  save: z.boolean().default(true),
  filter: z.record(z.string(), z.unknown()).optional(),
  stream: z.boolean().default(false),
})

/** Why there is no (or only part of an) answer. */
export const outcome = z.enum([
  'answered',
  'ungrounded',
  'denied',
  'withheld',
  'failed',
  'cancelled',
])

export const answer = z
  .object({
    outcome,
    /** The answer with `[n]` markers; for other outcomes a sentence that says why. */
    text: z.string(),
    reason: z.string().nullable(),
    /** Error code where the outcome is `failed`. */
    code: z.string().optional(),
    citations: z.array(citation),
    /** Sentences (offsets into `text`) without sufficient support. */
    unsupported: z.array(z.object({ start: z.number(), end: z.number(), support: z.number() })),
    assistant: z.string(),
    model: z.string().nullable(),
    conversationId: z.string().nullable(),
    messageId: z.string().nullable(),
    traceId: z.string(),
    auditSeq: z.number().nullable(),
    releaseDigest: z.string().nullable(),
    usage: z.object({
      inputTokens: z.number(),
      outputTokens: z.number(),
      costUsd: z.number().nullable(),
    }),
    tookMs: z.number(),
  })
  .meta({ id: 'Answer' })

/** Server-sent events of `POST /api/v1/ask` with `stream: true`: `event:` is `type`, `data:` the object. */
export const askEvent = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('step'), step: z.string(), note: z.string().optional() }),
    z.object({ type: z.literal('passages'), passages: z.array(z.lazy(() => passage)) }),
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('citation'), citation }),
    z.object({
      type: z.literal('unsupported'),
      start: z.number(),
      end: z.number(),
      support: z.number(),
    }),
    z.object({ type: z.literal('answer'), answer }),
    z.object({ type: z.literal('error'), problem: z.unknown() }),
  ])
  .meta({ id: 'AskEvent' })

export const passage = z
  .object({
    number: z.number(),
    chunkId: z.number(),
    documentId: z.string(),
    versionId: z.string(),
    title: z.string(),
    headingPath: z.array(z.string()),
    text: z.string(),
    start: z.number(),
    end: z.number(),
    page: z.number().nullable(),
    score: z.number(),
    lexicalScore: z.number().nullable(),
    denseScore: z.number().nullable(),
  })
  .meta({ id: 'Passage' })

export const assistant = z
  .object({
    name: z.string(),
    description: z.string(),
    suggestions: z.array(z.string()),
    knowledgeBases: z.array(z.string()),
    model: z.string().nullable(),
  })
  .meta({ id: 'AssistantSummary' })

export const conversation = z
  .object({
    id: z.string(),
    title: z.string(),
    assistant: z.string(),
    messageCount: z.number(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Conversation' })

export const message = z
  .object({
    id: z.string(),
    role: z.enum(['user', 'assistant']),
    content: z.string(),
    outcome: outcome.nullable(),
    citations: z.array(citation),
    traceId: z.string().nullable(),
    /** The asker's own rating of this answer. */
    rating: z.number().nullable(),
    createdAt: time,
  })
  .meta({ id: 'Message' })

export const conversationDetail = conversation
  .extend({ messages: z.array(message) })
  .meta({ id: 'ConversationDetail' })

export const feedbackRequest = z.object({
  traceId: z.string(),
  rating: z.union([z.literal(1), z.literal(-1)]),
  comment: z.string().max(5_000).default(''),
})

export const span = z
  .object({
    name: z.string(),
    /** Milliseconds from the trace's start, and how long. */
    startMs: z.number(),
    durationMs: z.number(),
    status: z.enum(['ok', 'error']),
    attributes: z.record(z.string(), z.unknown()),
    children: z.array(z.unknown()),
  })
  .meta({ id: 'Span' })

export const traceSummary = z
  .object({
    id: z.string(),
    kind: z.enum(['answer', 'ingest', 'search', 'completion', 'embedding']),
    /** The (masked) question, or the document. */
    name: z.string(),
    user: z.string().nullable(),
    assistant: z.string().nullable(),
    outcome: z.string(),
    startedAt: time,
    durationMs: z.number(),
    inputTokens: z.number().nullable(),
    outputTokens: z.number().nullable(),
    costUsd: z.number().nullable(),
    rating: z.number().nullable(),
  })
  .meta({ id: 'TraceSummary' })

export const traceDetail = traceSummary
  .extend({
    auditSeq: z.number().nullable(),
    releaseDigest: z.string().nullable(),
    snapshotDigest: z.string().nullable(),
    spans: z.array(span),
    answer: answer.nullable(),
    passages: z.array(passage),
    /** Why this model: the ordered choices with their reasons. */
    route: z.array(z.object({ model: z.string(), reason: z.string(), used: z.boolean() })),
    checks: z.array(z.object({ check: z.string(), result: z.string(), detail: z.string() })),
    feedback: z.array(
      z.object({ user: z.string(), rating: z.number(), comment: z.string(), at: time }),
    ),
  })
  .meta({ id: 'TraceDetail' })

export const traceQuery = paging.extend({
  kind: z.string().optional(),
  outcome: z.string().optional(),
  assistant: z.string().optional(),
  user: z.string().optional(),
  search: z.string().max(200).optional(),
  from: time.optional(),
  to: time.optional(),
})

export const conversationPage = pageOf(conversation)
export const tracePage = pageOf(traceSummary)
export const assistantPage = pageOf(assistant)
