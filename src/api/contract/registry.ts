import { z } from 'zod'
import { modelStages } from '#kernel'
import { pageOf, paging, time } from './basics.ts'

const stage = z.enum(modelStages)
const note = z.string().max(2_000).default('')
const state = z.enum(['open', 'approved', 'rejected'])

export const promotion = z
  .object({
    id: z.string(),
    model: z.string(),
    fromStage: z.string().nullable().describe('Null: it had none.'),
    toStage: z.string(),
    revision: z.number().describe('The version that it is about.'),
    digest: z.string(),
    note: z.string(),
    state: state.describe('`open`: a second person has to decide.'),
    askedBy: z.string(),
    askedByName: z.string(),
    askedAt: time,
    decidedBy: z.string().nullable().describe('Null: it took one person, or nobody decided yet.'),
    decidedByName: z.string().nullable(),
    decidedAt: time.nullable(),
    decisionNote: z.string().nullable(),
  })
  .meta({ id: 'Promotion' })

export const promotionRequest = z
  .object({
    model: z.string().min(1).max(253),
    to: stage,
    note,
    force: z.boolean().default(false).describe('Retire it although a Route has nothing else.'),
  })
  .meta({ id: 'PromotionRequest' })

export const promotionDecision = z
  .object({ approve: z.boolean(), note })
  .meta({ id: 'PromotionDecision' })

export const promotionQuery = paging.extend({
  state: state.optional(),
  model: z.string().max(253).optional(),
})

export const promotionPage = pageOf(promotion).extend({
  approvers: z.number().describe('How many people it takes to let a Model into production.'),
})

export const approversRequest = z
  .object({ people: z.union([z.literal(1), z.literal(2)]) })
  .meta({ id: 'ApproversRequest' })

export const modelUsesReport = z
  .object({
    model: z.string(),
    routes: z.array(
      z.object({
        name: z.string(),
        only: z.boolean().describe('Nothing else is left in it.'),
        shadow: z.boolean().describe('It is only compared with.'),
      }),
    ),
    assistants: z.array(z.string()).describe('That answer through these routes.'),
    callers: z
      .array(z.object({ id: z.string(), name: z.string(), calls: z.number(), lastAt: time }))
      .describe('Of the last 30 days, those with the most calls first.'),
    more: z.boolean().describe('There are more callers than are named.'),
  })
  .meta({ id: 'ModelUses' })
