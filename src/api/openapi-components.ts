import { z } from 'zod'
import { canonicalJson, type Json } from '#kernel'

export type Schema = Record<string, unknown>
type Way = 'input' | 'output'

const prefix = '#/components/schemas/'

/**
 * Schemas of an OpenAPI document: what carries an id stands once under `components` and is referred to. One that reads
 * differently as input than as output (defaults) stands twice, the second with its way behind the name.
 */
export class Components {
  readonly schemas: Record<string, Schema> = {}
  readonly #texts = new Map<string, string>()

  /** A schema in place, or a reference where it has an id; its named parts by reference. */
  of(schema: z.ZodType, way: Way): Schema {
    const { $schema: _, $defs = {}, ...root } = convert(schema, way)
    const names = new Map<string, string>()
    for (const [id, definition] of Object.entries($defs)) {
      names.set(id, this.#nameFor(id, definition, way))
    }
    for (const [id, definition] of Object.entries($defs)) {
      const { id: __, ...rest } = definition
      this.schemas[names.get(id) as string] = redirected(rest, names) as Schema
    }
    return redirected(root, names) as Schema
  }

  #nameFor(id: string, definition: Schema, way: Way): string {
    const text = canonicalJson(definition as Json)
    const known = this.#texts.get(id)
    if (known !== undefined && known !== text) return id + (way === 'input' ? 'Input' : 'Output')
    this.#texts.set(id, text)
    return id
  }
}

function convert(schema: z.ZodType, way: Way): Schema & { $defs?: Record<string, Schema> } {
  return z.toJSONSchema(schema, {
    io: way,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // Answers gain fields in later versions; a client that refuses them would break.
      if (way === 'output' && jsonSchema.additionalProperties === false) {
        delete jsonSchema.additionalProperties
      }
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
    },
  }) as Schema
}

/** Moves references from `$defs` to the document's components. */
function redirected(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => redirected(one, names))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const id = key === '$ref' && typeof one === 'string' ? one.replace('#/$defs/', '') : undefined
      const name = id === undefined ? undefined : names.get(id)
      return [key, name === undefined ? redirected(one, names) : prefix + name]
    }),
  )
}
