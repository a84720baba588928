import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SseEvent, SseParser } from './sse.ts'

function parse(chunks: Uint8Array[]): SseEvent[] {
  const parser = new SseParser()
  return chunks.flatMap((chunk) => parser.push(chunk))
}

const bytes = (text: string) => new TextEncoder().encode(text)

describe('SseParser', () => {
  it('reads fields, comments, several lines and every line end [M15.sse]', () => {
    const text =
      ': hello\r\nevent: a\r\ndata: one\r\ndata:two\rdata\n\nid: 7\n\ndata: {"x":1}\n\ndata: lost'
    expect(parse([bytes(text)])).toEqual([
      { event: 'a', data: 'one\ntwo\n' },
      { event: 'message', data: '{"x":1}' },
    ])
  })

  it('reads the same at every split of the bytes, within characters too [M15.sse-any-split]', () => {
    const stream = bytes(
      '\ufeffevent: é\r\ndata: 你好 🙂\r\n\r\n:c\r\rdata: a\n\rdata: b\r\n\ndata: ü\n\n',
    )
    const whole = parse([stream])
    expect(whole.map((event) => event.data)).toEqual(['你好 🙂', 'a', 'b', 'ü'])
    for (let i = 0; i <= stream.length; i++) {
      for (let j = i; j <= stream.length; j++) {
        expect(parse([stream.subarray(0, i), stream.subarray(i, j), stream.subarray(j)])).toEqual(
          whole,
        )
      }
    }
  })

  it('gives back any data written to it, at any split [M15.sse-any-split]', () => {
    const data = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))
    const ends = fc.constantFrom('\n', '\r\n', '\r')
    fc.assert(
      fc.property(fc.array(fc.tuple(data, ends)), fc.array(fc.nat(400)), (events, cuts) => {
        const stream = bytes(events.map(([text, end]) => `data: ${text}${end}${end}`).join(''))
        const places = [
          0,
          ...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b),
          stream.length,
        ]
        const chunks = places.slice(1).map((to, i) => stream.subarray(places[i], to))
        expect(parse(chunks).map((event) => event.data)).toEqual(events.map(([text]) => text))
      }),
    )
  })

  it('gives up on an event that never ends [M15.sse-limit]', () => {
    const parser = new SseParser()
    const line = bytes(`data: ${'x'.repeat(1024 * 1024)}\n`)
    expect(() => Array.from({ length: 6 }, () => parser.push(line))).toThrow(RangeError)
  })
})
