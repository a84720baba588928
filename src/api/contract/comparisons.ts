import { z } from 'zod'
import { pageOf, storedError, time } from './basics.ts'

const name = z.string().min(1).max(253)
const words = z.array(z.string().min(1).max(63)).max(64).default([])
const text = z.string().max(4_000)

const question = z.object({
  id: z.string().max(200),
  question: text,
  language: z.string().max(35).default('en'),
  assistant: name,
  asUser: z.string().max(320).nullable().default(null),
  answerable: z.boolean(),
  gold: z
    .array(z.object({ document: text, quote: text }))
    .max(50)
    .default([]),
  expect: z.array(text).max(50),
  forbid: z.array(text).max(50).default([]),
  deniedTo: z.array(z.string().max(320)).max(50).default([]),
})

export const comparisonRequest = z
  .object({
    name: z.string().max(200).default('comparison'),
    models: z.array(name).min(1).max(8),
    assistant: name.optional().describe('Instead of what each question names.'),
    questions: z
      .array(question)
      .min(1)
      .max(500)
      .describe('In the form of samples/questions.jsonl.'),
    concurrency: z.number().int().min(1).max(32).default(1),
    volume: z.number().int().min(1).max(1e9).default(10_000).describe('Answers a month.'),
    dataClasses: words,
    regions: words,
  })
  .meta({ id: 'ComparisonRequest' })

const share = z
  .object({
    n: z.number(),
    hits: z.number(),
    value: z.number().nullable(),
    low: z.number().nullable(),
    high: z.number().nullable(),
  })
  .meta({ id: 'Share', description: 'With its 95 % Wilson interval; null: nothing was counted.' })

const spread = z
  .object({ p50: z.number(), p95: z.number() })
  .nullable()
  .describe('Milliseconds, exact.')

const compared = z
  .object({
    model: z.string(),
    provider: z.string(),
    stage: z.string().nullable(),
    licence: z.string().nullable(),
    regions: z.array(z.string()),
    questions: z.number(),
    failed: z.number().describe('Questions that ended in an error: they count as wrong.'),
    right: share,
    expectedFacts: share,
    abstained: share,
    latencyMs: spread,
    firstTokenMs: spread,
    answersPerSecond: z.number().nullable().describe('At the concurrency of the comparison.'),
    inputTokens: z.number().nullable().describe('Of an answer, on average.'),
    outputTokens: z.number().nullable(),
    costPerAnswerUsd: z.number().nullable().describe('Null: not known.'),
    monthlyUsd: z.number().nullable().describe('At the volume.'),
    monthlyFrom: z.enum(['tokens', 'machines']).nullable(),
    unfit: z
      .array(z.string())
      .describe('What speaks against it: stage, classes, regions, licence.'),
  })
  .meta({ id: 'ComparedModel' })

export const comparison = z
  .object({
    id: z.string().describe('Of the job.'),
    name: z.string(),
    state: z.string(),
    models: z.array(z.string()),
    questions: z.number(),
    concurrency: z.number(),
    volume: z.number(),
    dataClasses: z.array(z.string()),
    regions: z.array(z.string()),
    createdAt: time,
    finishedAt: time.nullable(),
    error: storedError.nullable(),
    candidates: z.array(compared).describe('Empty until it has ended.'),
  })
  .meta({ id: 'Comparison' })

export const comparisonPage = pageOf(comparison)
