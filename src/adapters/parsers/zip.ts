import { Inflate } from 'fflate'
import { limits, PlinthError } from '#kernel'
import { overLimit, unparsable } from './failures.ts'

/**
 * A ZIP archive read through its central directory (PKWARE APPNOTE 6.3.10), entry by entry, as a
 * stream. What an entry claims about its size is not believed: ratio and total are counted while
 * bytes come out.
 */
export class ZipArchive {
  readonly name: string
  private readonly bytes: Uint8Array
  private readonly entries: Map<string, ZipEntry>
  private expanded = 0

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes
    this.name = name
    this.entries = readDirectory(bytes, name)
  }

  get entryNames(): string[] {
    return [...this.entries.keys()]
  }

  has(path: string): boolean {
    return this.entries.has(normal(path))
  }

  /**
   * Hands the entry's bytes to `onChunk` in order. Throws UNPARSABLE where it is missing or
   * damaged.
   */
  stream(path: string, onChunk: (chunk: Uint8Array, final: boolean) => void): void {
    const entry = this.entries.get(normal(path))
    const where = `${this.name}, ${path}`
    if (!entry) throw unparsable('A part that the document needs is missing.', { where })
    if (entry.encrypted) {
      throw unparsable('The archive is encrypted.', {
        where,
        remedy: 'Remove its password and send it again.',
      })
    }
    const data = entryData(this.bytes, entry, where)
    const count = this.counter(data.length, where)
    if (entry.method === 0) {
      count(data.length)
      onChunk(data, true)
    } else if (entry.method === 8)
      inflate(data, where, (chunk, final) => {
        count(chunk.length)
        onChunk(chunk, final)
      })
    else throw unparsable(`Compression method ${entry.method} is not read.`, { where })
  }

  /** A small entry as text. UTF-8, or UTF-16 where it says so by a byte order mark. */
  text(path: string): string {
    let decoder: TextDecoder | undefined
    let text = ''
    this.stream(path, (chunk, final) => {
      decoder ??= new TextDecoder(encodingOf(chunk))
      text += decoder.decode(chunk, { stream: !final })
      if (text.length > limits.parserTextChars) {
        throw overLimit('parserTextChars', `${this.name}, ${path}`, 'A part is too long')
      }
    })
    return text
  }

  private counter(compressed: number, where: string): (more: number) => void {
    let own = 0
    return (more) => {
      own += more
      this.expanded += more
      if (this.expanded > limits.parserExpandedBytes) {
        throw overLimit('parserExpandedBytes', where, 'The archive expands to too many bytes')
      }
      if (own > ratioFloorBytes && own > compressed * limits.parserExpansionRatio) {
        throw overLimit('parserExpansionRatio', where, 'The archive expands too strongly')
      }
    }
  }
}

/** Small parts may compress as well as they like; the ratio says something only from here on. */
const ratioFloorBytes = 32 * 1024 * 1024
/** Deflate expands at most 1032 times: one push yields at most 16 MB before it is counted. */
const pushBytes = 16 * 1024

interface ZipEntry {
  method: number
  compressed: number
  offset: number
  encrypted: boolean
}

function inflate(
  data: Uint8Array,
  where: string,
  onChunk: (chunk: Uint8Array, final: boolean) => void,
): void {
  const stream = new Inflate(onChunk)
  try {
    for (let at = 0; at < data.length || at === 0; at += pushBytes) {
      stream.push(data.subarray(at, at + pushBytes), at + pushBytes >= data.length)
    }
  } catch (error) {
    if (error instanceof PlinthError) throw error
    // fflate's own errors are plain objects with a numeric code; others come from the consumer.
    if (typeof (error as { code?: unknown }).code !== 'number') throw error
    throw unparsable('A part of the archive is damaged.', { where, cause: error })
  }
}

function normal(path: string): string {
  return path.replace(/^\/+/, '').replaceAll('\\', '/').toLowerCase()
}

/** By byte order mark; UTF-8 without one. */
export function encodingOf(chunk: Uint8Array): string {
  if (chunk[0] === 0xff && chunk[1] === 0xfe) return 'utf-16le'
  if (chunk[0] === 0xfe && chunk[1] === 0xff) return 'utf-16be'
  return 'utf-8'
}

function entryData(bytes: Uint8Array, entry: ZipEntry, where: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (entry.offset + 30 > bytes.length || view.getUint32(entry.offset, true) !== 0x04034b50) {
    throw unparsable('The archive is damaged: an entry is not where its directory says.', { where })
  }
  const names = view.getUint16(entry.offset + 26, true) + view.getUint16(entry.offset + 28, true)
  const start = entry.offset + 30 + names
  const end = start + entry.compressed
  if (end > bytes.length) throw unparsable('The archive is cut off.', { where })
  return bytes.subarray(start, end)
}

function readDirectory(bytes: Uint8Array, name: string): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const directory = locateDirectory(view, name)
  const entries = new Map<string, ZipEntry>()
  const decoder = new TextDecoder()
  let at = directory.offset
  for (let i = 0; i < directory.count; i++) {
    if (i >= limits.parserArchiveEntries) {
      throw overLimit('parserArchiveEntries', name, 'The archive has too many entries')
    }
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw unparsable('The archive is damaged: its directory cannot be read.', { where: name })
    }
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const path = decoder.decode(bytes.subarray(at + 46, at + 46 + nameLength))
    const entry = {
      method: view.getUint16(at + 10, true),
      compressed: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
      encrypted: (view.getUint16(at + 8, true) & 1) === 1,
    }
    widen(entry, view, { at, from: at + 46 + nameLength, length: extraLength })
    // The first of two equal names wins, as in office programs.
    if (!entries.has(normal(path))) entries.set(normal(path), entry)
    at += 46 + nameLength + extraLength + view.getUint16(at + 32, true)
  }
  return entries
}

/** ZIP64: sizes of 0xffffffff stand in the extra field with id 1. */
function widen(
  entry: ZipEntry,
  view: DataView,
  extra: { at: number; from: number; length: number },
): void {
  const end = Math.min(extra.from + extra.length, view.byteLength)
  for (let at = extra.from; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue
    let field = at + 4
    const next = () => {
      const value = field + 8 <= end ? Number(view.getBigUint64(field, true)) : 0
      field += 8
      return value
    }
    if (view.getUint32(extra.at + 24, true) === 0xffffffff) next()
    if (entry.compressed === 0xffffffff) entry.compressed = next()
    if (entry.offset === 0xffffffff) entry.offset = next()
    return
  }
}

function locateDirectory(view: DataView, name: string): { offset: number; count: number } {
  const lowest = Math.max(0, view.byteLength - 22 - 0xffff)
  for (let at = view.byteLength - 22; at >= lowest; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue
    const count = view.getUint16(at + 10, true)
    const offset = view.getUint32(at + 16, true)
    if (offset !== 0xffffffff && count !== 0xffff) return { offset, count }
    return locateDirectory64(view, at) ?? { offset, count }
  }
  throw unparsable('The archive is damaged or cut off: it has no directory.', { where: name })
}

function locateDirectory64(
  view: DataView,
  end: number,
): { offset: number; count: number } | undefined {
  const locator = end - 20
  if (locator < 0 || view.getUint32(locator, true) !== 0x07064b50) return undefined
  const at = Number(view.getBigUint64(locator + 8, true))
  if (at + 56 > view.byteLength || view.getUint32(at, true) !== 0x06064b50) return undefined
  return {
    count: Number(view.getBigUint64(at + 32, true)),
    offset: Number(view.getBigUint64(at + 48, true)),
  }
}
