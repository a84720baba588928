import { describe, expect, it } from 'vitest'
import { requirements } from './requirements.ts'
import { allFiles, textOf } from './tidy/sources.ts'

const citation = /\[((?:M\d+|S\d+|HOUSE)\.[\w.-]+)\]/g

/** Ids in the titles of tests and kits, with the files that cite them. */
const cited = new Map<string, string[]>()
for (const file of allFiles) {
  if (!/\.test\.tsx?$|^conformance\/.+\.ts$/.test(file)) continue
  for (const [, id] of textOf(file).matchAll(citation)) {
    if (id) cited.set(id, [...(cited.get(id) ?? []), file])
  }
}
const known = new Map(requirements.map((row) => [row.id, row]))

describe('every requirement', () => {
  it('has one id, a text and a source [HOUSE.requirements]', () => {
    expect(requirements.length).toBeGreaterThan(250)
    expect(known.size).toBe(requirements.length)
    const bad = requirements.filter(
      ({ id, text, source }) =>
        !/^(M([1-9]|[1-3]\d|4[0-7])|S([1-9]|1[0-5])|HOUSE)\.[a-z]/.test(id) || !text || !source,
    )
    expect(bad).toEqual([])
  })

  it('is proven by a test that cites it, or owed with the reason [HOUSE.requirements]', () => {
    const unproven = requirements.filter((row) => !row.owed && !cited.has(row.id))
    expect(unproven.map((row) => row.id)).toEqual([])
  })

  it('that is owed is cited by no test: when it is proven, the note goes [HOUSE.requirements]', () => {
    const mended = requirements.filter((row) => row.owed && cited.has(row.id))
    expect(mended.map((row) => row.id)).toEqual([])
  })

  it('that a test cites exists [HOUSE.requirements]', () => {
    const unknown = [...cited].filter(([id]) => !known.has(id))
    expect(unknown.map(([id, files]) => `${id} in ${files.join(', ')}`)).toEqual([])
  })
})
