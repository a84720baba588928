import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseFrames } from './sse-frames.ts'

function cut(pieces: readonly Buffer[]): { frames: string[]; rest: string } {
  const frames: string[] = []
  const cutter = new SseFrames()
  for (const piece of pieces) cutter.push(piece, (frame) => frames.push(frame.toString('utf8')))
  return { frames, rest: cutter.rest()?.toString('utf8') ?? '' }
}

describe('frames of a stream', () => {
  it('are the same wherever the bytes are split, and lose none [M15.frames-split]', () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .map((s) => s.replace(/[\r\n]/g, ' '))
    const frame = fc.tuple(
      fc.array(line, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('\n', '\r\n'),
    )
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(200)), (all, cuts) => {
        const text = all
          .map(([lines, end]) => lines.map((l) => `data: ${l}${end}`).join('') + end)
          .join('')
        const bytes = Buffer.from(text)
        const at = [...new Set(cuts.map((c) => c % (bytes.length + 1)))].sort((a, b) => a - b)
        const pieces = [...at, bytes.length].map((end, i) =>
          bytes.subarray(i === 0 ? 0 : at[i - 1], end),
        )
        const whole = cut([bytes])
        expect(cut(pieces)).toEqual(whole)
        expect(whole.frames.join('') + whole.rest).toBe(text)
        expect(whole.frames).toHaveLength(all.length)
      }),
    )
  })

  it('have an end, or the stream is broken', () => {
    const cutter = new SseFrames()
    const endless = Buffer.alloc(1024 * 1024, 'x')
    expect(() => {
      for (let i = 0; i < 8; i++) cutter.push(endless, () => undefined)
    }).toThrow(RangeError)
  })
})
