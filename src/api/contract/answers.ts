import { z } from 'zod'
import { limits } from '#kernel'
import { pageOf, paging, problem, time, timeGiven } from './basics.ts'

export const citation = z
  .object({
    number: z.number().int().describe('What `[n]` in the text refers to.'),
    chunkId: z.number(),
    documentId: z.string(),
    versionId: z.string(),
    title: z.string(),
    headingPath: z.array(z.string()),
    quote: z
      .string()
      .describe(
        "The cited passage, and within the document's stored text the span that supports the sentence.",
      ),
    start: z.number(),
    end: z.number(),
    page: z.number().nullable(),
    sentenceStart: z
      .number()
      .describe("The sentence of the answer: offsets into the answer's text."),
    sentenceEnd: z.number(),
    support: z.number().describe('1 for a verbatim sentence; else the lexical support score.'),
    exact: z.boolean(),
  })
  .meta({ id: 'Citation' })

export const askRequest = z
  .object({
    question: z.string().min(1).max(limits.questionChars),
    assistant: z.string().optional(),
    conversationId: z
      .string()
      .nullish()
      .describe(
        'Continues a conversation; `null` or absent starts one; `save: false` keeps nothing but the trace.',
      ),
    save: z.boolean().default(true),
    filter: z.record(z.string(), z.unknown()).optional(),
    stream: z.boolean().default(false),
  })
  .meta({ id: 'AskRequest' })

export const outcome = z
  .enum(['answered', 'ungrounded', 'denied', 'withheld', 'failed', 'cancelled'])
  .meta({ id: 'Outcome', description: 'Why there is no (or only part of an) answer.' })

const unsupported = z.object({ start: z.number(), end: z.number(), support: z.number() })

export const stillReading = z
  .object({
    done: z.number().describe('Documents that you may read and that have been read.'),
    total: z.number().describe('Documents that you may read, as far as their sources are listed.'),
    listing: z.boolean().describe('A source is still to be listed: there may be more.'),
    note: z.string().describe('The same as a sentence.'),
  })
  .meta({ id: 'StillReading' })

export const answer = z
  .object({
    outcome,
    text: z
      .string()
      .describe('The answer with `[n]` markers; for other outcomes a sentence that says why.'),
    reason: z.string().nullable(),
    code: z.string().optional().describe('Error code where the outcome is `failed`.'),
    citations: z.array(citation),
    unsupported: z
      .array(unsupported)
      .describe('Sentences (offsets into `text`) without sufficient support.'),
    reading: stillReading
      .optional()
      .describe(
        'Present where documents were still being read: the answer may lack what they say.',
      ),
    cache: z
      .object({ verdict: z.enum(['hit', 'miss', 'bypass']), reason: z.string() })
      .optional()
      .describe('Whether the answer was given before. Absent where the assistant keeps none.'),
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
    z.object({ type: z.literal('error'), problem }),
  ])
  .meta({
    id: 'AskEvent',
    description:
      'Server-sent events of `POST /api/v1/ask` with `stream: true`: `event:` is `type`, `data:` the object.',
  })

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
    unsupported: z
      .array(unsupported)
      .describe('Sentences (offsets into `content`) without sufficient support.'),
    traceId: z.string().nullable(),
    rating: z.number().nullable().describe("The asker's own rating of this answer."),
    createdAt: time,
  })
  .meta({ id: 'Message' })

export const conversationDetail = conversation
  .extend({ messages: z.array(message) })
  .meta({ id: 'ConversationDetail' })

export const feedbackRequest = z
  .object({
    traceId: z.string(),
    rating: z.union([z.literal(1), z.literal(-1)]),
    comment: z.string().max(5_000).default(''),
  })
  .meta({ id: 'FeedbackRequest' })

export const span = z
  .object({
    name: z.string(),
    startMs: z.number().describe("Milliseconds from the trace's start, and how long."),
    durationMs: z.number(),
    status: z.enum(['ok', 'error']),
    attributes: z.record(z.string(), z.unknown()),
    get children() {
      return z.array(span)
    },
  })
  .meta({ id: 'Span' })

export const traceSummary = z
  .object({
    id: z.string(),
    kind: z.enum(['answer', 'ingest', 'search', 'completion', 'embedding']),
    name: z.string().describe('The (masked) question, or the document.'),
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
    route: z
      .array(z.object({ model: z.string(), reason: z.string(), used: z.boolean() }))
      .describe('Why this model: the ordered choices with their reasons.'),
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
  from: timeGiven.optional(),
  to: timeGiven.optional(),
})

export const conversationPage = pageOf(conversation)
export const tracePage = pageOf(traceSummary)
export const assistantPage = pageOf(assistant)
