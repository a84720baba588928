import { z } from 'zod'
import { limits } from '#kernel'

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    where: z.string().optional(),
    remedy: z.string(),
    requestId: z.string(),
    problems: z
      .array(z.object({ where: z.string(), detail: z.string(), remedy: z.string() }))
      .optional()
      .describe('All findings where a request had several.'),
  })
  .meta({
    id: 'Problem',
    description: "RFC 9457 problem details, with Plinth's code, where and remedy.",
  })

export const time = z.iso.datetime().meta({ description: 'UTC, ISO 8601' })

/** A time as a filter takes it: of a year that a database keeps. */
export const timeGiven = time.refine((text) => !text.startsWith('0000'), 'There is no year 0.')

/** Query parameters of every list. `cursor` is opaque and comes from the previous page. */
export const paging = z.object({
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSizeDefault),
  cursor: z.string().max(500).optional(),
})

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().nullable(),
    total: z.number().int().optional(),
  })

export const storedError = z
  .object({
    code: z.string(),
    detail: z.string(),
    where: z.string().optional(),
    remedy: z.string().optional(),
  })
  .meta({ id: 'StoredError' })

export const acknowledged = z
  .object({ ok: z.literal(true), auditSeq: z.number().int().optional() })
  .meta({ id: 'Acknowledged' })
