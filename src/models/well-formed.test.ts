import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WellFormedText } from './well-formed.ts'

describe('text of a stream', () => {
  it('is well formed and the same wherever it is split [M15.well-formed]', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 0xffff })),
        fc.array(fc.nat(9)),
        (units, cuts) => {
          const text = String.fromCharCode(...units)
          const stream = new WellFormedText()
          let told = ''
          let at = 0
          for (const cut of cuts) {
            told += stream.push(text.slice(at, at + cut))
            at += cut
          }
          told += stream.push(text.slice(at)) + stream.flush()
          expect(told).toBe(text.replaceAll('\0', '\ufffd').toWellFormed())
        },
      ),
    )
  })
})
