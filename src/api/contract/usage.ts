import { z } from 'zod'
import { usageDimensions } from '#ops'
import { pageOf, paging, time, timeGiven } from './basics.ts'

const none = 'empty: calls that have none'
const name = z.string().max(253).optional()

const filter = z.object({
  from: timeGiven.optional(),
  to: timeGiven.optional(),
  model: name.describe(`Model that answered (${none}, because nothing answered).`),
  asked: name.describe('The name that the application asked for: a Model or Route.'),
  provider: name.describe(`Provider of the answer (${none}).`),
  user: name.describe('Id of the user whose key or session called.'),
  key: name.describe(`Id of the API key (${none}, made in a session).`),
  project: name,
  useCase: name.describe(`What x-plinth-use-case said (${none}).`),
  outcome: name.describe('answered, failed, cut, cancelled or refused.'),
  fault: name.describe(`Whose fault: caller, policy, provider or plinth (${none}).`),
  door: name.describe('Through which API it came, e.g. openai.chat.'),
  unpriced: z.stringbool().optional().describe('Only calls whose price is not known.'),
})

export const callQuery = paging.extend(filter.shape)

export const callOutcome = z
  .enum(['answered', 'failed', 'cut', 'cancelled', 'refused'])
  .meta({ id: 'CallOutcome' })

export const fault = z.enum(['caller', 'policy', 'provider', 'plinth']).meta({ id: 'CallFault' })

export const callSummary = z
  .object({
    id: z.string(),
    at: time.describe('When it ended.'),
    door: z.string(),
    userId: z.string(),
    userName: z.string(),
    keyId: z.string().nullable().describe('Null: made in a session.'),
    keyName: z.string().nullable(),
    project: z.string(),
    useCase: z.string().nullable(),
    asked: z.string(),
    model: z.string().nullable().describe('The Model that answered; null where none did.'),
    provider: z.string().nullable(),
    upstreamModel: z.string().nullable(),
    streamed: z.boolean(),
    outcome: callOutcome,
    errorCode: z.string().nullable(),
    fault: fault.nullable(),
    cache: z.string().nullable().describe('hit, miss or bypass; null where no answers are kept.'),
    inputTokens: z.number(),
    cachedTokens: z.number().describe('Of the input tokens.'),
    outputTokens: z.number(),
    reasoningTokens: z.number().describe('Of the output tokens.'),
    estimated: z.boolean().describe('The provider counted no tokens: they were estimated.'),
    costUsd: z
      .number()
      .nullable()
      .describe('Null: the price is not known, or nothing was answered.'),
    unpriced: z.boolean().describe('A model answered, and its price is not known.'),
    savedUsd: z
      .number()
      .nullable()
      .describe('What a hit would have cost; null: unknown, or no hit.'),
    firstTokenMs: z.number().nullable(),
    totalMs: z.number(),
    attempts: z.number(),
  })
  .meta({ id: 'ModelCall' })

export const callDetail = callSummary
  .extend({
    snapshotDigest: z.string().nullable().describe('The resources that it was decided by.'),
    tries: z
      .array(
        z.object({
          model: z.string(),
          provider: z.string(),
          ms: z.number(),
          code: z.string().nullable().describe('Error of a try that failed.'),
          detail: z.string().nullable(),
        }),
      )
      .describe('In the order in which they were made.'),
    choices: z
      .array(z.object({ model: z.string(), reason: z.string() }))
      .describe('Why this model: who was there to choose from, in order. Empty where it was one.'),
    skipped: z
      .array(z.object({ model: z.string(), reason: z.string() }))
      .describe('Why not the others.'),
    reason: z.string().nullable().describe('Why it was refused.'),
    cacheReason: z
      .string()
      .nullable()
      .describe('Why `cache` is what it is, and why the answer is not kept.'),
  })
  .meta({ id: 'ModelCallDetail' })

export const callPage = pageOf(callSummary)

const dimension = usageDimensions.join('|')

export const usageQuery = filter.extend({
  by: z
    .string()
    .regex(new RegExp(`^(${dimension})(,(${dimension}))?$`), `one or two of ${usageDimensions}`)
    .optional()
    .describe(
      `One or two of ${usageDimensions.join(', ')}, with a comma between. Without: the sum only.`,
    ),
})

const percentiles = z
  .object({ p50: z.number(), p95: z.number(), calls: z.number() })
  .meta({ id: 'UsagePercentiles', description: 'Milliseconds, exact, over so many calls.' })

const sums = z.object({
  calls: z.number(),
  answered: z.number(),
  inputTokens: z.number(),
  cachedTokens: z.number(),
  outputTokens: z.number(),
  reasoningTokens: z.number(),
  estimatedCalls: z.number().describe('Calls whose tokens the provider did not count.'),
  costUsd: z
    .number()
    .nullable()
    .describe('Of the calls whose price is known; null where none is. Never counts the others.'),
  unpricedCalls: z.number().describe('Calls whose price is not known: their cost is in no sum.'),
  cacheHits: z.number().describe('Calls answered without asking a model.'),
  savedUsd: z.number().describe('What those would have cost, as far as prices are known.'),
  savedTokens: z.number(),
  errors: z.object({
    caller: z.number(),
    policy: z.number(),
    provider: z.number(),
    plinth: z.number(),
  }),
  firstTokenMs: percentiles.nullable().describe('Of answered streams; null where there is none.'),
  totalMs: percentiles.nullable().describe('Of answered calls; null where there is none.'),
})

export const usageSums = sums.meta({ id: 'UsageSums' })

export const usageReport = z
  .object({
    from: time,
    to: time,
    by: z.array(z.enum(usageDimensions)),
    total: usageSums,
    groups: z.array(
      sums
        .extend({
          keys: z
            .array(
              z.object({
                value: z.string().nullable().describe('Null: the calls have none.'),
                name: z.string().nullable().describe('What a user or key is called.'),
              }),
            )
            .describe('In the order of `by`.'),
        })
        .meta({ id: 'UsageGroup' }),
    ),
    truncated: z.boolean().describe('There are more groups; these are those with the most calls.'),
    own: z.boolean().describe('Of one’s own calls only: traces.read shows those of all.'),
  })
  .meta({ id: 'UsageReport' })

const amount = z
  .object({
    unit: z.enum(['usd', 'tokens', 'requests']),
    limit: z.number(),
    spent: z.number(),
    leased: z.number().describe('Held by servers for calls that may come.'),
    share: z.number().describe('Spent of the limit; above 1 where the budget is soft.'),
    forecast: z
      .object({
        atEnd: z.number().describe('Spent at the end of the window, at the pace so far.'),
        reachedAt: time.nullable().describe('When the limit is reached; null: not in this window.'),
      })
      .nullable()
      .describe('Null: there is no pace yet.'),
  })
  .meta({ id: 'BudgetAmount' })

export const budgetStatus = z
  .object({
    name: z.string(),
    project: z.string(),
    description: z.string(),
    per: z.enum(['organization', 'project', 'use-case', 'user', 'key', 'model']),
    only: z.array(z.string()),
    window: z.enum(['minute', 'hour', 'day', 'month']),
    enforce: z.enum(['hard', 'soft']),
    alerts: z.array(z.number()),
    windowStart: time,
    windowEnd: time,
    counters: z
      .array(
        z.object({
          subject: z.string().describe('`*`: the organization.'),
          subjectName: z.string(),
          amounts: z.array(amount),
        }),
      )
      .describe('Of the current window, those that spent most first.'),
    more: z.boolean().describe('There are more subjects than are shown.'),
  })
  .meta({ id: 'BudgetStatus' })

export const budgetPage = pageOf(budgetStatus)
