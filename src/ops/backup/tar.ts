import { PlinthError } from '#kernel'

/** POSIX.1-2017 ustar: 512-byte blocks, a header block before each file, two zero blocks at the end. */
export const blockBytes = 512
/** Eleven octal digits. */
const sizeMax = 8 ** 11 - 1
const nameChars = 100
const prefixChars = 155

/** The header block of a regular file. Throws TOO_LARGE for a name or size that ustar cannot hold. */
export function tarHeader(file: { name: string; size: number; mtime: Date }): Uint8Array {
  const { name, prefix } = split(file.name)
  if (file.size > sizeMax) {
    throw new PlinthError('TOO_LARGE', `${file.name} is too large for a tar archive (8 GiB).`)
  }
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  block.write(name, 0, 'utf8')
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(file.size, 124, 12)
  octal(Math.floor(file.mtime.getTime() / 1000), 136, 12)
  block.write('0', 156, 'latin1')
  block.write('ustar\0', 257, 'latin1')
  block.write('00', 263, 'latin1')
  block.write(prefix, 345, 'utf8')
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** Zeros up to the next block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((blockBytes - (size % blockBytes)) % blockBytes)
}

export const tarEnd: Uint8Array = new Uint8Array(2 * blockBytes)

function split(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= nameChars) return { name: path, prefix: '' }
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const prefix = path.slice(0, at)
    const name = path.slice(at + 1)
    if (Buffer.byteLength(prefix) > prefixChars) break
    if (name !== '' && Buffer.byteLength(name) <= nameChars) return { name, prefix }
  }
  throw new PlinthError('TOO_LARGE', `The name ${path} is too long for a tar archive.`)
}

/** The sum of all bytes, with the checksum's own field as blanks. */
function checksum(block: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 32 : (block[i] ?? 0)
  return sum
}

export interface TarEntry {
  name: string
  size: number
  /** To be read whole before the next entry is asked for. */
  body: AsyncIterable<Uint8Array>
}

/** Reads an archive as `tarHeader` writes it. Throws INTEGRITY for anything else, and where it is cut off. */
export async function* readTar(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new Blocks(bytes)
  for (;;) {
    const header = await reader.take(blockBytes)
    if (header.every((byte) => byte === 0)) {
      const second = await reader.take(blockBytes)
      if (second.every((byte) => byte === 0)) return
      throw damaged('a block at its end is not empty')
    }
    const entry = parseHeader(header)
    let left = entry.size
    const body = async function* () {
      while (left > 0) {
        const piece = await reader.some(left)
        left -= piece.byteLength
        yield piece
      }
    }
    yield { ...entry, body: body() }
    if (left > 0) throw new PlinthError('INTERNAL', `${entry.name} was not read to its end.`)
    const padding = await reader.take(tarPadding(entry.size).byteLength)
    if (padding.some((byte) => byte !== 0)) throw damaged(`something stands after ${entry.name}`)
  }
}

function parseHeader(block: Uint8Array): { name: string; size: number } {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength)
  const text = (from: number, to: number) => {
    const field = bytes.subarray(from, to)
    const end = field.indexOf(0)
    return field.subarray(0, end < 0 ? field.length : end).toString('utf8')
  }
  const octal = (from: number, to: number) => {
    const digits = text(from, to).trim()
    if (!/^[0-7]+$/.test(digits)) throw damaged('a header holds no number where one belongs')
    return Number.parseInt(digits, 8)
  }
  if (text(257, 262) !== 'ustar') throw damaged('a header is not that of a tar archive')
  if (octal(148, 156) !== checksum(bytes)) throw damaged('the checksum of a header is wrong')
  if (text(156, 157) !== '0') throw damaged('it holds something that is not a file')
  const prefix = text(345, 500)
  return { name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`, size: octal(124, 136) }
}

/** Bytes of a stream in the pieces that are asked for. */
class Blocks {
  readonly #iterator: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#iterator = bytes[Symbol.asyncIterator]()
  }

  /** At least one byte, at most `most`. */
  async some(most: number): Promise<Uint8Array> {
    while (this.#rest.byteLength === 0) {
      const next = await this.#iterator.next()
      if (next.done) throw damaged('it is cut off')
      this.#rest = next.value
    }
    const piece = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(piece.byteLength)
    return piece
  }

  async take(length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const piece = await this.some(length - at)
      out.set(piece, at)
      at += piece.byteLength
    }
    return out
  }
}

export function damaged(why: string): PlinthError {
  return new PlinthError('INTEGRITY', {
    detail: `The backup cannot be used: ${why}.`,
    remedy: 'Nothing was restored. Use another copy of this backup, or an earlier one.',
  })
}
