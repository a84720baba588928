/**
 * Bytes to text: byte order marks first, then UTF-8, then UTF-16 by its zeros, else windows-1252.
 */
export interface Decoded {
  text: string
  /** WHATWG label of the encoding that was used. */
  encoding: string
  warning?: string
}

const sampleBytes = 64 * 1024

/** Decodes text of unknown encoding; never throws. `declared` is tried where UTF-8 fails. */
export function decodeText(bytes: Uint8Array, declared?: string): Decoded {
  const marked = byteOrderMark(bytes)
  if (marked) return { text: new TextDecoder(marked).decode(bytes), encoding: marked }
  const wide = utf16WithoutMark(bytes)
  if (wide) return { text: new TextDecoder(wide).decode(bytes), encoding: wide }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' }
  } catch {
    return decodeDamaged(bytes, declared)
  }
}

function decodeDamaged(bytes: Uint8Array, declared: string | undefined): Decoded {
  if (declared && !/^utf-?8$/i.test(declared)) {
    try {
      return { text: new TextDecoder(declared).decode(bytes), encoding: declared.toLowerCase() }
    } catch {
      // An unknown label: fall through to guessing.
    }
  }
  const lenient = new TextDecoder('utf-8').decode(bytes)
  const broken = count(lenient, /\uFFFD/g)
  // A few broken sequences among many good ones: damaged UTF-8, not another encoding.
  if (broken * 10 < count(lenient, /[\u0080-\uFFFC]/g)) {
    const warning = `${broken} byte sequences are not valid UTF-8 and were replaced`
    return { text: lenient, encoding: 'utf-8', warning }
  }
  return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252' }
}

function count(text: string, pattern: RegExp): number {
  let found = 0
  for (const _ of text.matchAll(pattern)) found++
  return found
}

function byteOrderMark(b: Uint8Array): string | undefined {
  if (b[0] === 0xef && b[1] === 0xbb && b[2] === 0xbf) return 'utf-8'
  if (b[0] === 0xff && b[1] === 0xfe) return 'utf-16le'
  if (b[0] === 0xfe && b[1] === 0xff) return 'utf-16be'
  return undefined
}

/** UTF-16 of mostly Latin text has a zero in nearly every second byte, always on the same side. */
function utf16WithoutMark(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const end = Math.min(bytes.length, sampleBytes) & ~1
  if (end < 4) return undefined
  let even = 0
  let odd = 0
  for (let i = 0; i < end; i += 2) {
    if (bytes[i] === 0) even++
    if (bytes[i + 1] === 0) odd++
  }
  const pairs = end / 2
  if (odd > pairs * 0.6 && even < pairs * 0.02) return 'utf-16le'
  if (even > pairs * 0.6 && odd < pairs * 0.02) return 'utf-16be'
  return undefined
}

/** True where decoded text holds more control characters than text ever does. */
export function looksBinary(text: string): boolean {
  const sample = text.slice(0, sampleBytes)
  if (sample.length === 0) return false
  let control = 0
  for (let i = 0; i < sample.length; i++) {
    const c = sample.charCodeAt(i)
    if ((c < 32 && c !== 9 && c !== 10 && c !== 12 && c !== 13 && c !== 27) || c === 0xfffd)
      control++
    else if (c >= 0x7f && c < 0xa0) control++
  }
  return control > sample.length * 0.02 + (sample.length > 64 ? 1 : 0)
}
