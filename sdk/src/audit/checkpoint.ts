import { type Bytes, fromBase64, type Sha256, subtle, toHex, utf8, webSha256 } from './bytes.ts'

/**
 * Checkpoints as transparency logs exchange them: c2sp.org/tlog-checkpoint (the text) in
 * c2sp.org/signed-note (the envelope), with Ed25519 signatures (type 0x01).
 */
export interface Checkpoint {
  /** Which log: the first line. */
  origin: string
  /** Leaves in the tree. */
  size: number
  root: Bytes
  /** Further lines; Plinth writes none. */
  extensions: string[]
}

/** A verifier key, `<name>+<hex key id>+<base64 of type and key>`, taken apart. */
export interface VerifierKey {
  name: string
  /** 8 lower-case hexadecimal digits. */
  keyId: string
  /** 32 bytes (RFC 8032). */
  publicKey: Bytes
}

export type Opened = { ok: true; checkpoint: Checkpoint } | { ok: false; what: string }

const ed25519 = 1
/** signed-note asks for at least 16 signatures; the reference implementation stops at 100. */
const maxSignatures = 100
const maxNoteChars = 64 * 1024

/** First four bytes of SHA-256(name, newline, 0x01, public key), in hexadecimal. */
export async function keyIdOf(
  name: string,
  publicKey: Uint8Array,
  sha256: Sha256 = webSha256,
): Promise<string> {
  const head = utf8(`${name}\n\x01`)
  const bytes = new Uint8Array(head.length + publicKey.length)
  bytes.set(head)
  bytes.set(publicKey, head.length)
  return toHex((await sha256(bytes)).subarray(0, 4))
}

/**
 * Reads a verifier key; undefined when it is malformed, of another type, or its key id does not
 * fit.
 */
export async function parseVerifierKey(text: string): Promise<VerifierKey | undefined> {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text.trim())
  if (!match) return undefined
  const [name, keyId, encoded] = [match[1]!, match[2]!, match[3]!]
  const bytes = fromBase64(encoded)
  if (bytes?.length !== 33 || bytes[0] !== ed25519) return undefined
  const publicKey = bytes.slice(1)
  return (await keyIdOf(name, publicKey)) === keyId ? { name, keyId, publicKey } : undefined
}

interface Signature {
  name: string
  keyId: string
  signature: Bytes
}

/**
 * Takes a signed note apart: the text that is signed (with its last newline) and the signatures.
 */
export function splitNote(
  note: string,
): { text: string; signatures: Signature[] } | { what: string } {
  if (note.length > maxNoteChars) return { what: `it is longer than ${maxNoteChars} characters` }
  if (/[\x00-\x09\x0b-\x1f]/.test(note)) return { what: 'it contains control characters' }
  const blank = note.lastIndexOf('\n\n')
  if (blank < 0 || !note.endsWith('\n')) return { what: 'it has no signature lines' }
  const text = note.slice(0, blank + 1)
  const lines = note.slice(blank + 2, -1).split('\n')
  if (lines.length > maxSignatures) return { what: `it has over ${maxSignatures} signatures` }
  const signatures: Signature[] = []
  for (const line of lines) {
    const match = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line)
    const bytes = match ? fromBase64(match[2]!) : undefined
    if (!bytes || bytes.length < 5) return { what: 'a signature line is malformed' }
    signatures.push({
      name: match![1]!,
      keyId: toHex(bytes.subarray(0, 4)),
      signature: bytes.slice(4),
    })
  }
  return { text, signatures }
}

/** Reads the text of a checkpoint (with its last newline); undefined when it is malformed. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.length < 3 || lines.some((line) => line === '')) return undefined
  const [origin, size, encoded, ...extensions] = lines as [string, string, string, ...string[]]
  const root = fromBase64(encoded)
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || root?.length !== 32) return undefined
  const leaves = Number(size)
  return Number.isSafeInteger(leaves) ? { origin, size: leaves, root, extensions } : undefined
}

/**
 * Opens a checkpoint: its text is believed only when a signature by one of the keys verifies.
 * Signatures by unknown keys are ignored (so that witnesses may add theirs); a wrong one by a known
 * key rejects the whole note.
 */
export async function openCheckpoint(note: string, keys: readonly VerifierKey[]): Promise<Opened> {
  const split = splitNote(note)
  if ('what' in split) return { ok: false, what: split.what }
  let verified = false
  for (const { name, keyId, signature } of split.signatures) {
    const key = keys.find((k) => k.name === name && k.keyId === keyId)
    if (!key) continue
    if (!(await verifyEd25519(key.publicKey, signature, utf8(split.text)))) {
      return { ok: false, what: `the signature by ${name} (key ${keyId}) is wrong` }
    }
    verified = true
  }
  if (!verified) {
    const by = split.signatures.map((s) => `${s.name} (key ${s.keyId})`).join(', ')
    return { ok: false, what: `it is signed by ${by}, not by a given key` }
  }
  const checkpoint = parseCheckpoint(split.text)
  if (!checkpoint) return { ok: false, what: 'its text is not a checkpoint' }
  return { ok: true, checkpoint }
}

const imported = new WeakMap<Uint8Array, Promise<CryptoKey>>()

async function verifyEd25519(key: Bytes, signature: Bytes, text: Bytes): Promise<boolean> {
  if (signature.length !== 64) return false
  let ready = imported.get(key)
  if (!ready) {
    ready = subtle().importKey('raw', key, { name: 'Ed25519' }, false, ['verify'])
    imported.set(key, ready)
  }
  return subtle().verify({ name: 'Ed25519' }, await ready, signature, text)
}

/**
 * The signed notes in a text that holds any number of them, one after the other with a blank line
 * between (the server's checkpoint file). Lines that belong to no note, as a crash may leave them,
 * are skipped.
 */
export function notesIn(text: string): string[] {
  const notes: string[] = []
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  for (let i = 0; i < lines.length; i++) {
    if (!lines[i]!.startsWith('— ') || lines[i - 1] !== '') continue
    let start = i - 1
    while (start > 0 && lines[start - 1] !== '') start--
    let end = i
    while (lines[end + 1]?.startsWith('— ')) end++
    if (start < i - 1) notes.push(`${lines.slice(start, end + 1).join('\n')}\n`)
    i = end
  }
  return notes
}
