import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { unzipSync } from 'fflate'
import { PlinthError } from '#kernel'

/** What a model archive may hold. */
const maxFiles = 200
const maxBytes = 4 * 1024 * 1024 * 1024
const maxZipBytes = 1024 * 1024 * 1024

/** Unpacks a `.zip`, `.tar` or `.tar.gz` into a folder: plain files only, inside it only, within limits. */
export async function unpack(archive: string, into: string): Promise<void> {
  const head = await firstBytes(archive)
  if (head[0] === 0x50 && head[1] === 0x4b) return unzip(archive, into)
  const stream = createReadStream(archive)
  if (head[0] === 0x1f && head[1] === 0x8b) return untar(stream.pipe(createGunzip()), into)
  if (head.subarray(257, 262).toString('latin1') === 'ustar') return untar(stream, into)
  stream.destroy()
  throw new PlinthError('UNSUPPORTED', {
    detail: 'The file is no .zip, .tar or .tar.gz archive.',
    where: archive,
    remedy: 'Give a folder with the model’s files, or one of these archives.',
  })
}

async function firstBytes(path: string): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function unzip(archive: string, into: string): Promise<void> {
  const { size } = await stat(archive)
  if (size > maxZipBytes) throw tooLarge(archive)
  const budget = new Budget(archive)
  const files = unzipSync(await readFile(archive), {
    filter: (file) => {
      if (file.name.endsWith('/')) return false
      budget.file(file.originalSize)
      return true
    },
  })
  for (const [name, bytes] of Object.entries(files)) {
    const path = await pathFor(name, into)
    if (!path) continue
    const handle = await open(path, 'wx')
    await handle.writeFile(bytes)
    await handle.close()
  }
}

/** Reads ustar and the long names of GNU and pax; links and devices are left out. */
async function untar(stream: AsyncIterable<Buffer>, into: string): Promise<void> {
  const budget = new Budget(into)
  const source = new ByteSource(stream)
  let longName: string | undefined
  for (;;) {
    const header = await source.take(512)
    if (header.length < 512 || header.every((byte) => byte === 0)) return
    const size = Number.parseInt(text(header, 124, 136), 8) || 0
    const type = String.fromCharCode(header[156] || 48)
    const padded = Math.ceil(size / 512) * 512
    if (type === 'L' || type === 'x') {
      if (size > 65_536) throw damaged(into)
      const block = (await source.take(padded)).subarray(0, size)
      longName =
        type === 'L' ? text(block, 0, size) : /^\d+ path=(.*)$/m.exec(block.toString('utf8'))?.[1]
      continue
    }
    const prefix = text(header, 345, 500)
    const name = longName ?? (prefix ? `${prefix}/${text(header, 0, 100)}` : text(header, 0, 100))
    longName = undefined
    const path = type === '0' ? await pathFor(name, into) : undefined
    if (path) budget.file(size)
    await copy(source, { path, size, padded, into })
  }
}

async function copy(
  source: ByteSource,
  to: { path: string | undefined; size: number; padded: number; into: string },
): Promise<void> {
  const handle = to.path === undefined ? undefined : await open(to.path, 'wx')
  try {
    let left = to.size
    for (let read = 0; read < to.padded; ) {
      const chunk = await source.some(to.padded - read)
      if (chunk.length === 0) throw damaged(to.into)
      read += chunk.length
      await handle?.writeFile(chunk.subarray(0, Math.max(0, left)))
      left -= chunk.length
    }
  } finally {
    await handle?.close()
  }
}

/** Bytes of a stream in the portions asked for. */
class ByteSource {
  readonly #iterator: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: AsyncIterable<Buffer>) {
    this.#iterator = stream[Symbol.asyncIterator]()
  }

  /** At least one byte and at most `most`; empty at the end. */
  async some(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#iterator.next()
      if (done) return this.#rest
      this.#rest = value
    }
    const chunk = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(chunk.length)
    return chunk
  }

  async take(count: number): Promise<Buffer> {
    const chunks: Buffer[] = []
    for (let left = count; left > 0; ) {
      const chunk = await this.some(left)
      if (chunk.length === 0) break
      chunks.push(chunk)
      left -= chunk.length
    }
    return Buffer.concat(chunks)
  }
}

class Budget {
  readonly #where: string
  #files = 0
  #bytes = 0

  constructor(where: string) {
    this.#where = where
  }

  file(bytes: number): void {
    this.#files++
    this.#bytes += bytes
    if (this.#files > maxFiles || this.#bytes > maxBytes) throw tooLarge(this.#where)
  }
}

/** Where an entry goes; undefined for one that is left out. Never outside of the folder. */
async function pathFor(name: string, into: string): Promise<string | undefined> {
  const parts = name.split(/[\\/]+/).filter((part) => part !== '' && part !== '.')
  if (parts.length === 0 || parts.length > 8) return undefined
  if (parts.some((part) => part === '..' || /[\0:]/.test(part) || part.length > 200))
    return undefined
  const path = join(into, ...parts)
  await mkdir(dirname(path), { recursive: true })
  return path
}

function text(bytes: Buffer, from: number, to: number): string {
  return bytes.subarray(from, to).toString('utf8').replace(/\0.*$/s, '').trim()
}

function tooLarge(where: string): PlinthError {
  return new PlinthError('TOO_LARGE', {
    detail: `The archive holds more than ${maxFiles} files or ${maxBytes} bytes.`,
    where,
  })
}

function damaged(where: string): PlinthError {
  return new PlinthError('INVALID_INPUT', { detail: 'The archive is damaged.', where })
}
