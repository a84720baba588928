/** The part of JSON Schema 2020-12 that an OpenAPI document of ours uses. */
export interface JsonSchema {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema
  description?: string
  format?: string
}

/** How an object's fields are written. */
export interface Style {
  /** Spaces before what stands inside. */
  indent: number
  /** What is sent: a field may also be given as `undefined`. */
  sent: boolean
}

const maxColumns = 100
const refPrefix = '#/components/schemas/'

/** The name that a `$ref` leads to. Throws for a reference out of the document's components. */
export function nameOf(ref: string): string {
  if (!ref.startsWith(refPrefix)) throw new Error(`${ref} is not in ${refPrefix}`)
  return ref.slice(refPrefix.length)
}

/** A schema as a TypeScript type, over several lines where one is too short. */
export function typeOf(schema: JsonSchema, style: Style): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref)
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum) return union(schema.enum.map(literal), style)
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives) {
    return union(
      alternatives.map((one) => typeOf(one, { ...style, indent: style.indent + 2 })),
      style,
    )
  }
  if (schema.allOf) return schema.allOf.map((one) => bracketed(one, style)).join(' & ')
  const types = [schema.type ?? []].flat()
  if (types.length === 0) return schema.properties ? object(schema, style) : 'unknown'
  return union(
    types.map((type) => ofType(type, schema, style)),
    style,
  )
}

function ofType(type: string, schema: JsonSchema, style: Style): string {
  switch (type) {
    case 'integer':
    case 'number':
      return 'number'
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'array':
      return `${bracketed(schema.items ?? {}, style)}[]`
    case 'object':
      return object(schema, style)
    default:
      throw new Error(`A schema of type ${type} is not known here.`)
  }
}

function object(schema: JsonSchema, style: Style): string {
  const { additionalProperties: others } = schema
  const fields = fieldsOf(schema, { ...style, indent: style.indent + 2 })
  if (typeof others === 'object') {
    const values = typeOf(others, style)
    if (fields.length === 0) return `Record<string, ${values}>`
    fields.push(`[key: string]: ${values}`)
  }
  if (fields.length === 0) return 'Record<string, unknown>'
  const line = `{ ${fields.join('; ')} }`
  const documented = fields.some((field) => field.includes('\n'))
  if (!documented && style.indent + line.length <= maxColumns - 20) return line
  return block(fields, style.indent)
}

/** Fields of an object, one each, with their documentation above. */
export function fieldsOf(schema: JsonSchema, style: Style): string[] {
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const type = spaced(typeOf(field, style))
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
    const missing = style.sent && !/\bundefined$/.test(type) ? ' | undefined' : ''
    const text = required.has(name) ? `${key}:${type}` : `${key}?:${type}${missing}`
    return documentation(field, style.indent) + text
  })
}

/** A type behind `:` or `=`; one over several lines begins on its own. */
export function spaced(type: string): string {
  return type.startsWith('\n') ? type : ` ${type}`
}

/** `{ … }` with one field on a line. */
export function block(fields: readonly string[], indent: number): string {
  const inside = ' '.repeat(indent + 2)
  return `{\n${fields.map((field) => `${inside}${field}\n`).join('')}${' '.repeat(indent)}}`
}

/** A comment above what it describes, or nothing. That times are UTC is said once, at the top. */
export function documentation({ description, format }: JsonSchema, indent: number): string {
  if (!description || format === 'date-time') return ''
  return `/** ${description.replaceAll('*/', '*\\/')} */\n${' '.repeat(indent)}`
}

function union(types: readonly string[], { indent }: Style): string {
  const all = [...new Set(types)]
  const line = all.join(' | ')
  if (all.length === 1 || (!line.includes('\n') && indent + line.length <= maxColumns - 20)) {
    return line
  }
  const inside = ' '.repeat(indent + 2)
  return all.map((type) => `\n${inside}| ${type}`).join('')
}

function bracketed(schema: JsonSchema, style: Style): string {
  const type = typeOf(schema, style)
  return several(schema) ? `(${type})` : type
}

/** Whether a schema's type needs brackets before `[]` or beside `&`. */
function several({ anyOf, oneOf, allOf, enum: values, type }: JsonSchema = {}): boolean {
  return [anyOf, oneOf, allOf, values, type].some((list) => Array.isArray(list) && list.length > 1)
}

function literal(value: unknown): string {
  const plain = typeof value === 'string' && !/['\\\n]/.test(value)
  return plain ? `'${value}'` : JSON.stringify(value)
}
