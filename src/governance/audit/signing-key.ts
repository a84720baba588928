import {
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PlinthError } from '#kernel'
import { rootOf, type Tree } from './tree.ts'

const ed25519Type = 1
/** PKCS #8 around a 32-byte Ed25519 seed (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * Signs checkpoints (c2sp.org/tlog-checkpoint in c2sp.org/signed-note). One Ed25519 key serves all
 * logs of a server: the name in each signature is the log's origin, and the origin is what is
 * signed, so no signature fits two logs.
 */
export class CheckpointKey {
  readonly #key: KeyObject
  readonly #publicKey: Buffer

  /** @param seed 32 bytes. */
  constructor(seed: Uint8Array) {
    if (seed.length !== 32) throw new PlinthError('INTEGRITY', 'An Ed25519 seed has 32 bytes.')
    const der = Buffer.concat([pkcs8Head, seed])
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' })
    this.#publicKey = spki.subarray(-32)
  }

  /** The verifier key that auditors note: `<origin>+<key id>+<base64>`. */
  vkey(origin: string): string {
    const encoded = Buffer.concat([Buffer.from([ed25519Type]), this.#publicKey])
    return `${origin}+${this.keyId(origin).toString('hex')}+${encoded.toString('base64')}`
  }

  /** First four bytes of SHA-256(origin, newline, 0x01, public key). */
  keyId(origin: string): Buffer {
    const head = Buffer.from(`${demandOrigin(origin)}\n\x01`)
    return hash('sha256', Buffer.concat([head, this.#publicKey]), 'buffer').subarray(0, 4)
  }

  /** The signed note over a text that ends in a newline. */
  signNote(name: string, text: string): string {
    const signature = sign(null, Buffer.from(text), this.#key)
    const encoded = Buffer.concat([this.keyId(name), signature]).toString('base64')
    return `${text}\n— ${name} ${encoded}\n`
  }

  /** The signed checkpoint of a tree. */
  signCheckpoint(origin: string, tree: Tree): string {
    const root = Buffer.from(rootOf(tree)).toString('base64')
    return this.signNote(origin, `${origin}\n${tree.size}\n${root}\n`)
  }

  /**
   * Whether a note carries a signature by this key (by its id; the signature itself is not
   * checked).
   */
  signed(origin: string, note: string): boolean {
    const encoded = note.slice(note.lastIndexOf(' ') + 1).trim()
    return Buffer.from(encoded, 'base64').subarray(0, 4).equals(this.keyId(origin))
  }
}

function demandOrigin(origin: string): string {
  if (origin !== '' && !/[\s+\x00-\x1f]/u.test(origin)) return origin
  throw new PlinthError('INVALID_INPUT', `"${origin}" cannot name a log: no spaces, no "+".`)
}

/** The name of an organization's log; the server's own name may stand before it. */
export function auditOrigin(organizationId: string, server = 'plinth'): string {
  return `${server}/audit/${organizationId}`
}

/**
 * The seed in a file (base 64, mode 600), made on first start. Two processes that start at once get
 * the same one. Every replica must be given the same file: a log has one key.
 */
export async function loadSigningSeed(file: string): Promise<Uint8Array> {
  return (await readSeed(file)) ?? (await makeSeed(file))
}

async function readSeed(file: string): Promise<Uint8Array | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const seed = Buffer.from(text.trim(), 'base64')
  if (seed.length === 32) return seed
  throw new PlinthError('INTEGRITY', {
    detail: 'The audit signing key is damaged.',
    where: file,
    remedy: 'Restore the file from a backup; a new key would make a new log in auditors’ eyes.',
  })
}

async function makeSeed(file: string): Promise<Uint8Array> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(`${randomBytes(32).toString('base64')}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    // Linking fails where the name exists: whoever comes second reads the first one's seed.
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  const seed = await readSeed(file)
  if (!seed) throw new PlinthError('UNAVAILABLE', `${file} vanished while it was made.`)
  return seed
}
