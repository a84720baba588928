import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PlinthError } from '../../src/kernel/index.ts'
import {
  type Dialect,
  ReplyGatherer,
  type StreamEvent,
  type StreamWriterOptions,
} from '../../src/ports/index.ts'
import type { DialectStream } from './kit.ts'

/** Bytes without an end in them that a reader may keep. */
const endless = 12 * 1024 * 1024

/** Streams well and badly behaved, split anywhere. */
export function dialectStreams(
  dialect: Dialect,
  streams: readonly DialectStream[],
  options: StreamWriterOptions,
): void {
  const lines = dialect.framing !== 'binary'

  it.each(streams)(
    'reads the stream "$name", whole at its end mark [M15.dialect-streams]',
    (stream) => {
      const { events, complete } = readAll(dialect, [bytesOf(stream)])
      expect(complete).toBe(true)
      expect(outcomeOf(events)).toEqual({ says: stream.says, finish: stream.finish })
    },
  )

  it.each(streams)('reads "$name" the same at every split [M15.dialect-any-split]', (stream) => {
    const bytes = bytesOf(stream)
    const whole = joined(readAll(dialect, [bytes]).events)
    for (let at = 1; at < bytes.length; at++) {
      const { events, complete } = readAll(dialect, [bytes.subarray(0, at), bytes.subarray(at)])
      expect(complete).toBe(true)
      expect(joined(events)).toEqual(whole)
    }
    const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
    expect(joined(readAll(dialect, single).events)).toEqual(whole)
  })

  it.each(streams)('flags "$name" when it is cut anywhere [M15.dialect-cut]', (stream) => {
    const bytes = bytesOf(stream)
    const step = Math.max(1, Math.floor(bytes.length / 400))
    for (let at = 0; at < bytes.length; at += step) {
      const { events, complete } = readAll(dialect, [bytes.subarray(0, at)])
      const finished = events.some(({ type }) => type === 'finish')
      const last = events.at(-1)
      if (complete) expect(finished).toBe(true)
      else expect(last).toMatchObject({ type: 'error', problem: { cut: true } })
    }
  })

  it('ignores what follows the end mark, a second one too [M15.dialect-end-mark]', () => {
    for (const stream of streams) {
      const bytes = bytesOf(stream)
      const whole = joined(readAll(dialect, [bytes]).events)
      expect(joined(readAll(dialect, [bytes, bytes, Buffer.from('\0\xff')]).events)).toEqual(whole)
    }
  })

  it('reads every line end, comments and white space between [M15.dialect-lines]', () => {
    for (const stream of lines ? streams : []) {
      const text = String(stream.bytes)
      const whole = joined(readAll(dialect, [Buffer.from(text)]).events)
      const crlf = text.replaceAll('\n', '\r\n')
      expect(joined(readAll(dialect, [Buffer.from(crlf)]).events)).toEqual(whole)
      if (dialect.framing !== 'sse') continue
      const noisy = text.replaceAll('\n\n', '\n: keep-alive\n\n:\nid: 7\nretry: 9\n\n')
      expect(joined(readAll(dialect, [Buffer.from(noisy)]).events)).toEqual(whole)
      const cr = text.replaceAll('\n', '\r')
      expect(joined(readAll(dialect, [Buffer.from(cr)]).events)).toEqual(whole)
    }
  })

  it('gives up on an event without end, and on garbage, and never throws [M15.dialect-garbage]', () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    const parts = [
      Buffer.from('data: '),
      ...Array.from({ length: endless / chunk.length }, () => chunk),
    ]
    expect(readAll(dialect, parts).events.at(-1)?.type).toBe('error')
    const some = streams.map(bytesOf)
    const bytes = fc.uint8Array({ maxLength: 200 })
    const damaged = fc.tuple(fc.constantFrom(...some), fc.nat(), bytes).map(([whole, at, more]) => {
      const from = at % whole.length
      return Buffer.concat([whole.subarray(0, from), more, whole.subarray(from + more.length)])
    })
    fc.assert(
      fc.property(fc.oneof(bytes, damaged), (input) => {
        const { events, complete } = readAll(dialect, [Buffer.from(input)])
        if (!complete) expect(events.at(-1)?.type).toBe('error')
      }),
      { numRuns: 200 },
    )
  })

  it('fails within a stream in its own words, and never as a whole answer [M15.dialect-in-band]', () => {
    const writer = dialect.writeStream(options)
    const error = new PlinthError('UPSTREAM_FAILED', 'The provider fell silent.')
    const pieces = [
      writer.write({ type: 'start' }),
      writer.write({ type: 'text', text: 'Three' }),
      writer.fail(error, { requestId: 'req_1' }),
    ]
    const { events, complete } = readAll(
      dialect,
      pieces.map((piece) => Buffer.from(piece)),
    )
    expect(complete).toBe(false)
    expect(events).toContainEqual(expect.objectContaining({ type: 'text', text: 'Three' }))
    expect(events.at(-1)).toMatchObject({
      type: 'error',
      problem: { said: true, message: expect.stringContaining('fell silent') },
    })
  })
}

function bytesOf({ bytes }: DialectStream): Buffer {
  return Buffer.from(bytes)
}

function readAll(dialect: Dialect, chunks: readonly Uint8Array[]) {
  const reader = dialect.readStream()
  const events = chunks.flatMap((chunk) => reader.push(chunk))
  events.push(...reader.end())
  return { events, complete: reader.complete }
}

function outcomeOf(events: readonly StreamEvent[]) {
  const says = events.map((event) => (event.type === 'text' ? event.text : '')).join('')
  const finish = events.find((event) => event.type === 'finish')
  return { says, finish: finish?.reason }
}

/** What events add up to. */
function joined(events: readonly StreamEvent[]) {
  const gatherer = new ReplyGatherer()
  for (const event of events) gatherer.add(event)
  return { reply: gatherer.reply(), errors: events.filter(({ type }) => type === 'error') }
}
