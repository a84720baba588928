import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileFilter, type FilterNode, type Metadata, matches, typedMetadata } from './filter.ts'
import { DocumentTable } from './search/documents.ts'

const schema = { kind: 'string', year: 'number', open: 'boolean', signed: 'date' } as const

const date = fc.constantFrom(
  '2024-01-31',
  '2024-02-01',
  '2024-01-31T23:30:00Z',
  '2024-02-01T00:30:00+01:00',
)
const raw = fc.record(
  {
    kind: fc.constantFrom('form', 'Form', ''),
    year: fc.constantFrom(2023, 2024.5, -1),
    open: fc.boolean(),
    signed: date,
  },
  { requiredKeys: [] },
)
const bounds = <T>(value: fc.Arbitrary<T>) =>
  fc
    .record(
      { gte: value, gt: value, lte: value, lt: value, exists: fc.boolean() },
      { requiredKeys: [] },
    )
    .filter((made) => Object.keys(made).length > 0)
const condition = <T>(value: fc.Arbitrary<T>) => fc.oneof(value, fc.array(value, { maxLength: 3 }))
const filter = fc.record(
  {
    kind: condition(fc.constantFrom('form', 'Form', 'letter')),
    year: fc.oneof(
      condition(fc.constantFrom(2023, 2024)),
      bounds(fc.constantFrom(2023, 2024, 2025)),
    ),
    open: condition(fc.boolean()),
    signed: fc.oneof(condition(date), bounds(date)),
  },
  { requiredKeys: [] },
)

describe('compileFilter', () => {
  it('gives the same documents as bitmap and document by document [M3.filter-bitmap]', () => {
    fc.assert(
      fc.property(fc.array(raw, { maxLength: 12 }), filter, (documents, written) => {
        const node = compileFilter(written, schema)
        const table = new DocumentTable()
        const all = documents.map((document) => typedMetadata(document, schema))
        all.forEach((metadata, i) => {
          const ordinal = table.ensure(`d${i}`)
          table.setPermission(ordinal, 7)
          table.setMetadata(ordinal, metadata)
        })
        expect([...table.allowed([7], node)]).toEqual(all.map((m) => (matches(node, m) ? 1 : 0)))
      }),
      { numRuns: 500 },
    )
  })

  it('means whole days by dates without a time [M3.filter-dates]', () => {
    const at = (signed: string): Metadata => typedMetadata({ signed }, schema)
    const is = (condition: unknown, signed: string) =>
      matches(compileFilter({ signed: condition }, schema), at(signed))
    expect(is('2024-01-31', '2024-01-31T23:59:59.999Z')).toBe(true)
    expect(is('2024-01-31', '2024-02-01T00:30:00+01:00')).toBe(true)
    expect(is({ lte: '2024-01-31' }, '2024-01-31T10:00:00Z')).toBe(true)
    expect(is({ gt: '2024-01-31' }, '2024-01-31T10:00:00Z')).toBe(false)
    expect(is({ lt: '2024-01-31T10:00:00Z' }, '2024-01-31T10:00:00Z')).toBe(false)
  })

  it.each([
    [{ colour: 'red' }, '/filter/colour'],
    [{ year: '2024' }, '/filter/year'],
    [{ year: Number.NaN }, '/filter/year'],
    [{ open: 'true' }, '/filter/open'],
    [{ signed: '2024-02-30' }, '/filter/signed'],
    [{ signed: 'yesterday' }, '/filter/signed'],
    [{ kind: { gte: 'a' } }, '/filter/kind'],
    [{ kind: null }, '/filter/kind'],
    [{ kind: {} }, '/filter/kind'],
    [{ year: { above: 1 } }, '/filter/year'],
    [{ year: { exists: 1 } }, '/filter/year'],
    [{ constructor: 'x' }, '/filter/constructor'],
    [{ kind: Array(1_001).fill('x') }, '/filter/kind'],
  ])('refuses %j and says where [M3.filter-types]', (written, where) => {
    expect(() => compileFilter(written, schema)).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', where }),
    )
  })

  it('takes only declared fields of the declared type into the metadata [M3.metadata-types]', () => {
    const raw = { kind: 7, year: '2024', open: 'false', signed: '2024-01-31', other: 1 }
    expect(typedMetadata(raw, schema)).toEqual({
      kind: '7',
      year: 2024,
      open: false,
      signed: '2024-01-31T00:00:00.000Z',
    })
    expect(typedMetadata({ year: 'many', open: 1, signed: 'soon' }, schema)).toEqual({})
    const node: FilterNode = compileFilter({ year: { exists: false } }, schema)
    expect(matches(node, typedMetadata({ year: 'many' }, schema))).toBe(true)
  })
})
