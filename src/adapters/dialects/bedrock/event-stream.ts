import { crc32 } from 'node:zlib'
import type { Framer } from '../wire/reader.ts'

/** A message of Amazon's binary event stream: its headers that are strings, and its payload as text. */
export interface Message {
  headers: Readonly<Record<string, string>>
  payload: string
}

const preludeBytes = 12
const crcBytes = 4
/** The protocol’s own limit is 16 MiB of payload and 128 KiB of headers. */
const maxMessage = 17 * 1024 * 1024
const stringType = 7
/** Bytes of a header’s value by its type; strings and byte arrays tell their length. */
const fixed = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16]

/** Cuts bytes into messages. Throws an Error for a damaged one: both checksums must match. */
export class MessageFramer implements Framer<Message> {
  #kept: Buffer[] = []
  #bytes = 0

  push(bytes: Uint8Array): Message[] {
    this.#kept.push(Buffer.from(bytes))
    this.#bytes += bytes.length
    const messages: Message[] = []
    let buffer: Buffer | undefined
    for (;;) {
      if (this.#bytes < preludeBytes) break
      buffer = this.#kept.length === 1 ? this.#kept[0]! : Buffer.concat(this.#kept)
      this.#kept = [buffer]
      const total = totalOf(buffer)
      if (buffer.length < total) break
      messages.push(messageOf(buffer.subarray(0, total)))
      buffer = buffer.subarray(total)
      this.#kept = [buffer]
      this.#bytes = buffer.length
    }
    return messages
  }
}

function totalOf(buffer: Buffer): number {
  const total = buffer.readUInt32BE(0)
  if (buffer.readUInt32BE(8) !== crc32(buffer.subarray(0, 8)))
    throw new Error('sent a message whose beginning does not match its checksum')
  if (total > maxMessage) throw new RangeError('A message has no end.')
  if (total < preludeBytes + crcBytes + buffer.readUInt32BE(4))
    throw new Error('sent a message that is shorter than its headers')
  return total
}

function messageOf(bytes: Buffer): Message {
  const end = bytes.length - crcBytes
  if (bytes.readUInt32BE(end) !== crc32(bytes.subarray(0, end)))
    throw new Error('sent a message that does not match its checksum')
  const body = preludeBytes + bytes.readUInt32BE(4)
  return {
    headers: headersOf(bytes.subarray(preludeBytes, body)),
    payload: bytes.toString('utf8', body, end),
  }
}

function headersOf(bytes: Buffer): Record<string, string> {
  const headers: Record<string, string> = {}
  let at = 0
  while (at < bytes.length) {
    const name = bytes.toString('utf8', at + 1, at + 1 + bytes[at]!)
    at += 1 + bytes[at]!
    const type = bytes[at++] ?? -1
    const size = fixed[type]
    if (size === undefined) throw new Error('sent a header of an unknown type')
    const length = size < 0 ? readLength(bytes, at) : size
    const from = size < 0 ? at + 2 : at
    if (from + length > bytes.length) throw new Error('sent a header without its end')
    if (type === stringType) headers[name] = bytes.toString('utf8', from, from + length)
    at = from + length
  }
  return headers
}

function readLength(bytes: Buffer, at: number): number {
  if (at + 2 > bytes.length) throw new Error('sent a header without its end')
  return bytes.readUInt16BE(at)
}

/** A message as bytes, with its checksums. */
export function encodeMessage({ headers, payload }: Message): Buffer {
  const names = Object.entries(headers).map(([name, value]) => {
    const text = Buffer.from(value, 'utf8')
    const length = Buffer.alloc(2)
    length.writeUInt16BE(text.length)
    return Buffer.concat([
      Buffer.from([Buffer.byteLength(name)]),
      Buffer.from(name, 'utf8'),
      Buffer.from([stringType]),
      length,
      text,
    ])
  })
  const head = Buffer.concat(names)
  const body = Buffer.from(payload, 'utf8')
  const bytes = Buffer.alloc(preludeBytes + head.length + body.length + crcBytes)
  bytes.writeUInt32BE(bytes.length, 0)
  bytes.writeUInt32BE(head.length, 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8)
  head.copy(bytes, preludeBytes)
  body.copy(bytes, preludeBytes + head.length)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, bytes.length - crcBytes)), bytes.length - crcBytes)
  return bytes
}
