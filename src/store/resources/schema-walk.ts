import type { z } from 'zod'

/** A schema's definition as zod 4 keeps it; only what the walk reads. */
interface Definition {
  type: string
  shape?: Record<string, z.ZodType>
  innerType?: z.ZodType
  element?: z.ZodType
  valueType?: z.ZodType
  in?: z.ZodType
  entries?: Record<string, string | number>
}

function definition(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition
}

/** The schema below defaults, optionals and pipes. */
function unwrapped(schema: z.ZodType): Definition {
  let at = definition(schema)
  for (let i = 0; i < 16; i++) {
    const inner = at.innerType ?? at.in
    if (!inner) return at
    at = definition(inner)
  }
  return at
}

/** The schema of the value at a path, where the schema knows one. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let at: z.ZodType | undefined = schema
  for (const step of path) {
    if (!at) return undefined
    const { shape, element, valueType } = unwrapped(at)
    at = shape ? shape[String(step)] : (element ?? valueType)
  }
  return at
}

/** The keys an object may have at a path; empty where any are allowed or nothing is known. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const at = schemaAt(schema, path)
  return Object.keys((at && unwrapped(at).shape) ?? {})
}

/**
 * The same value with keys in the order in which the schema lists them, and by code unit where it lists none:
 * one value always reads the same, and reads as the documentation does.
 */
export function inSchemaOrder(value: unknown, schema: z.ZodType | undefined): unknown {
  const at = schema && unwrapped(schema)
  if (Array.isArray(value)) return value.map((item) => inSchemaOrder(item, at?.element))
  if (value === null || typeof value !== 'object') return value
  const rank = new Map(Object.keys(at?.shape ?? {}).map((key, i) => [key, i]))
  const last = rank.size
  const keys = Object.keys(value).sort(
    (a, b) => (rank.get(a) ?? last) - (rank.get(b) ?? last) || (a < b ? -1 : 1),
  )
  const source = value as Record<string, unknown>
  return Object.fromEntries(
    keys.map((key) => [key, inSchemaOrder(source[key], at?.shape?.[key] ?? at?.valueType)]),
  )
}
