/** Bytes as WebCrypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>

/**
 * SHA-256 of bytes. WebCrypto's is asynchronous; a caller with a synchronous one may hand that in.
 */
export type Sha256 = (bytes: Bytes) => Bytes | Promise<Bytes>

const encoder = new TextEncoder()

/** UTF-8 bytes of a string. */
export function utf8(text: string): Bytes {
  return encoder.encode(text)
}

/** SHA-256 by WebCrypto: the same in Node and in a browser. */
export const webSha256: Sha256 = async (bytes) =>
  new Uint8Array(await subtle().digest('SHA-256', bytes))

/** WebCrypto, or an error that says why it is missing. */
export function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle
  if (found) return found
  throw new Error(
    'WebCrypto is not available here: open the page over HTTPS (or on localhost), or use Node 22 or newer.',
  )
}

export function concat(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Standard base 64 (RFC 4648 section 4) of short byte strings. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Bytes of standard base 64 in its one canonical spelling; undefined for anything else. */
export function fromBase64(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  return toBase64(bytes) === text ? bytes : undefined
}
