import { PlinthError } from '#kernel'
import type { Bounds, FilterNode, Metadata, MetadataType, MetadataValue } from './filter-match.ts'

export * from './filter-match.ts'

/** Types of a knowledge base's metadata fields, as its resource declares them. */
export type MetadataSchema = Readonly<Record<string, MetadataType>>

const maxFields = 32
const maxValues = 1_000
const dateOnly = /^\d{4}-\d{2}-\d{2}$/
const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/
const dayMs = 86_400_000

/**
 * Compiles what people write, `{field: value | [value, …] | {gte, gt, lte, lt, exists}}`, fields
 * joined by AND. A date without a time means the whole day (UTC): equal to it, after it, up to it.
 * Throws INVALID_INPUT on an unknown field, a value of another type, or more than
 * 32 fields or 1,000 values.
 */
export function compileFilter(
  filter: Readonly<Record<string, unknown>>,
  schema: MetadataSchema,
): FilterNode {
  const fields = Object.entries(filter)
  if (fields.length > maxFields) invalid('', `it has ${fields.length} fields; at most ${maxFields}`)
  const nodes = fields.flatMap(([field, condition]) => {
    const type = Object.hasOwn(schema, field) ? schema[field] : undefined
    if (type === undefined) {
      const known = Object.keys(schema).join(', ') || 'none is declared'
      return invalid(field, `there is no such metadata field (${known})`)
    }
    return compileField(field, type, condition)
  })
  return { op: 'and', nodes }
}

function compileField(field: string, type: MetadataType, condition: unknown): FilterNode[] {
  if (Array.isArray(condition)) {
    if (condition.length > maxValues) invalid(field, `more than ${maxValues} values`)
    return [equals(field, type, condition)]
  }
  if (typeof condition !== 'object' || condition === null) return [equals(field, type, [condition])]
  const nodes: FilterNode[] = []
  const bounds: Bounds = {}
  for (const [name, value] of Object.entries(condition)) {
    if (name === 'exists') {
      if (typeof value !== 'boolean') invalid(field, '"exists" takes true or false')
      nodes.push({ op: 'exists', field, exists: value as boolean })
    } else if (name === 'gte' || name === 'gt' || name === 'lte' || name === 'lt') {
      Object.assign(bounds, boundOf(field, type, { name, value }))
    } else invalid(field, `"${name}" is none of gte, gt, lte, lt, exists`)
  }
  if (Object.keys(bounds).length > 0) {
    nodes.push({ op: 'range', field, type: type as 'number' | 'date', ...bounds })
  }
  if (nodes.length === 0) invalid(field, 'the condition is empty')
  return nodes
}

function equals(field: string, type: MetadataType, values: readonly unknown[]): FilterNode {
  if (type !== 'date') {
    return {
      op: 'in',
      field,
      type,
      values: values.map((value) => typedOrRefuse(field, type, value)),
    }
  }
  const instants: MetadataValue[] = []
  const days: FilterNode[] = []
  for (const value of values) {
    const start = typedOrRefuse(field, type, value) as string
    if (!dateOnly.test(String(value))) instants.push(start)
    else days.push({ op: 'range', field, type, gte: start, lt: dayAfter(start) })
  }
  const exact: FilterNode = { op: 'in', field, type, values: instants }
  if (days.length === 0) return exact
  return { op: 'or', nodes: instants.length === 0 ? days : [exact, ...days] }
}

/** One bound; for a date without a time the edge of its day. */
function boundOf(
  field: string,
  type: MetadataType,
  { name, value }: { name: keyof Bounds; value: unknown },
): Bounds {
  if (type !== 'number' && type !== 'date') {
    return invalid(field, `"${name}" needs a number or a date; the field is a ${type}`)
  }
  const edge = typedOrRefuse(field, type, value) as number | string
  if (type === 'date' && dateOnly.test(String(value))) {
    if (name === 'gt') return { gte: dayAfter(edge as string) }
    if (name === 'lte') return { lt: dayAfter(edge as string) }
  }
  return { [name]: edge }
}

function dayAfter(start: string): string {
  return new Date(Date.parse(start) + dayMs).toISOString()
}

function typedOrRefuse(field: string, type: MetadataType, value: unknown): MetadataValue {
  const typed = type === 'date' ? canonicalDate(value) : value
  const expected = type === 'date' ? 'string' : type
  if (typeof typed !== expected || (type === 'number' && !Number.isFinite(typed))) {
    return invalid(field, `${JSON.stringify(value)} is not a ${type}`)
  }
  return typed as MetadataValue
}

/**
 * `YYYY-MM-DD` or a date with time and zone as canonical text in UTC; undefined for anything
 * else.
 */
export function canonicalDate(value: unknown): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : iso(value)
  if (typeof value !== 'string') return undefined
  if (!dateOnly.test(value) && !dateTime.test(value)) return undefined
  const date = new Date(value)
  if (Number.isNaN(date.getTime())) return undefined
  // 2024-02-30 must not pass for the first of March.
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`)
  if (Number.isNaN(day.getTime()) || iso(day)?.slice(0, 10) !== value.slice(0, 10)) return undefined
  return iso(date)
}

function iso(date: Date): string | undefined {
  const text = date.toISOString()
  return text.length === 24 ? text : undefined
}

/**
 * A document's metadata as it is stored and filtered: only declared fields, each of its declared
 * type. Text that spells a number, boolean or date is taken as one; what does not fit is left out.
 */
export function typedMetadata(
  raw: Readonly<Record<string, unknown>>,
  schema: MetadataSchema,
): Metadata {
  const typed: Record<string, MetadataValue> = {}
  for (const [field, type] of Object.entries(schema)) {
    const value = Object.hasOwn(raw, field) ? typedValue(raw[field], type) : undefined
    if (value !== undefined) typed[field] = value
  }
  return typed
}

function typedValue(value: unknown, type: MetadataType): MetadataValue | undefined {
  if (type === 'date') return canonicalDate(value)
  if (type === 'string') {
    return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined
  }
  if (type === 'boolean') {
    if (typeof value === 'boolean') return value
    return value === 'true' ? true : value === 'false' ? false : undefined
  }
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function invalid(field: string, reason: string): never {
  throw new PlinthError('INVALID_INPUT', {
    detail: field === '' ? `The filter: ${reason}.` : `The filter on "${field}": ${reason}.`,
    where:
      field === '' ? '/filter' : `/filter/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`,
  })
}
