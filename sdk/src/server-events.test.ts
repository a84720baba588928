import { describe, expect, it } from 'vitest'
import { type ServerEvent, serverEvents } from './server-events.ts'

const stream =
  ': hello\r\nevent: text\r\ndata: {"text":"Größe 文"}\r\n\r\nid: 7\ndata: a\ndata:\ndata: b\n\nevent: answer\rdata: {}\r\rdata: cut'

async function read(pieces: Uint8Array[]): Promise<ServerEvent[]> {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
  const events: ServerEvent[] = []
  for await (const event of serverEvents(source)) events.push(event)
  return events
}

describe('serverEvents', () => {
  const bytes = new TextEncoder().encode(stream)
  const expected = [
    { event: 'text', data: '{"text":"Größe 文"}', id: undefined },
    { event: 'message', data: 'a\n\nb', id: '7' },
    { event: 'answer', data: '{}', id: '7' },
  ]

  it('reads the same events wherever the bytes are split [M9.sse-split]', async () => {
    for (let at = 0; at <= bytes.length; at++) {
      expect(await read([bytes.slice(0, at), bytes.slice(at)])).toEqual(expected)
    }
    expect(await read(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected)
  })
})
