import { describe, expect, it } from 'vitest'
import { vectorBytes, vectorOf } from './indexing.ts'

describe('vectors as rows', () => {
  it('come back as they were, from a Buffer that is part of a larger one too [M4.vector-rows]', () => {
    const vector = new Float32Array([0.6, -0.8, 0.125])
    const bytes = vectorBytes(vector)
    expect(vectorOf(bytes)).toEqual(vector)
    // As node-postgres hands out bytea: at an odd offset in a buffer that holds other columns.
    const larger = Buffer.concat([Buffer.from('abc'), bytes, Buffer.from('rest of the message')])
    expect(vectorOf(larger.subarray(3, 3 + bytes.byteLength))).toEqual(vector)
  })
})
