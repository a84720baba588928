import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { typeOf } from '../scripts/make-sdk-types/schema-types.ts'
import { makeSdkTypes } from '../scripts/make-sdk-types.ts'

const generated = fileURLToPath(new URL('../sdk/src/generated/', import.meta.url))
const way = { indent: 0, sent: false }

describe('the types of the client', () => {
  it('are those of the OpenAPI document: npm run sdk-types changes nothing [M40.sdk-types]', () => {
    const made = makeSdkTypes()
    expect(Object.keys(made)).toEqual(['schemas.ts', 'operations.ts'])
    for (const [file, text] of Object.entries(made)) {
      expect(readFileSync(generated + file, 'utf8')).toBe(text)
    }
  })

  it('come from every form of schema that the document uses [M40.sdk-types]', () => {
    const cases: [object, string][] = [
      [{}, 'unknown'],
      [{ $ref: '#/components/schemas/User' }, 'User'],
      [{ type: ['string', 'null'] }, 'string | null'],
      [{ type: 'array', items: { type: ['string', 'null'] } }, '(string | null)[]'],
      [{ type: 'array', items: { enum: ['a', "b'c"] } }, `('a' | "b'c")[]`],
      [{ anyOf: [{ const: 1 }, { const: null }] }, '1 | null'],
      [{ type: 'object', additionalProperties: { type: 'integer' } }, 'Record<string, number>'],
      [{ type: 'object', additionalProperties: {} }, 'Record<string, unknown>'],
      [
        {
          type: 'object',
          properties: { a: { type: 'string' }, 'b-c': { type: 'boolean' } },
          required: ['a'],
        },
        '{ a: string; "b-c"?: boolean }',
      ],
    ]
    for (const [schema, type] of cases) expect(typeOf(schema, way)).toBe(type)
    const optional = { type: 'object', properties: { a: { type: 'string' } } }
    expect(typeOf(optional, { indent: 0, sent: true })).toBe('{ a?: string | undefined }')
    expect(() => typeOf({ $ref: 'elsewhere.json' }, way)).toThrow('elsewhere.json')
    expect(() => typeOf({ type: 'tuple' }, way)).toThrow('tuple')
  })
})
