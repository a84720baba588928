import { crc32 } from 'node:zlib'

/**
 * Named typed arrays in one byte string: 8 bytes of magic, CRC-32 of what follows, length of the
 * header, the header as JSON, then the arrays, each on a multiple of 8 so that reading copies
 * nothing.
 */
type Section = Uint8Array | Uint32Array | Float32Array | Float64Array
const types = { u8: Uint8Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array } as const
type TypeName = keyof typeof types

interface Header {
  meta: unknown
  sections: { name: string; type: TypeName; at: number; length: number }[]
}

const magic = new TextEncoder().encode('PLNTIDX1')
const headerAt = 16

/** Bytes that were cut, changed or written by another version. */
export class DamagedBytes extends Error {}

export function pack(meta: unknown, sections: Readonly<Record<string, Section>>): Uint8Array {
  const header: Header = { meta, sections: [] }
  let at = 0
  for (const [name, array] of Object.entries(sections)) {
    header.sections.push({ name, type: typeOf(array), at, length: array.length })
    at += padded(array.byteLength)
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const dataAt = padded(headerAt + text.length)
  const bytes = new Uint8Array(dataAt + at)
  bytes.set(magic)
  bytes.set(text, headerAt)
  header.sections.forEach(({ name, at: offset }) => {
    const array = sections[name]!
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), dataAt + offset)
  })
  const view = new DataView(bytes.buffer)
  view.setUint32(12, text.length, true)
  view.setUint32(8, crc32(bytes.subarray(12)), true)
  return bytes
}

/** The arrays are views into `bytes`. Throws DamagedBytes. */
export function unpack(bytes: Uint8Array): { meta: unknown; sections: Record<string, Section> } {
  const whole = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength)
  if (whole.length < headerAt || magic.some((byte, i) => whole[i] !== byte)) {
    throw new DamagedBytes('These bytes are no index part.')
  }
  if (view.getUint32(8, true) !== crc32(whole.subarray(12))) {
    throw new DamagedBytes('The checksum of an index part does not match.')
  }
  const headerEnd = headerAt + view.getUint32(12, true)
  const header: Header = JSON.parse(new TextDecoder().decode(whole.subarray(headerAt, headerEnd)))
  const dataAt = padded(headerEnd)
  const sections: Record<string, Section> = {}
  for (const { name, type, at, length } of header.sections) {
    sections[name] = new types[type](
      whole.buffer as ArrayBuffer,
      whole.byteOffset + dataAt + at,
      length,
    )
  }
  return { meta: header.meta, sections }
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8
}

function typeOf(array: Section): TypeName {
  if (array instanceof Uint32Array) return 'u32'
  if (array instanceof Float32Array) return 'f32'
  return array instanceof Float64Array ? 'f64' : 'u8'
}
