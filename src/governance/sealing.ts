import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { inspect } from 'node:util'
import { PlinthError } from '#kernel'

/** Where a sealed value belongs. All four are authenticated: elsewhere the value does not open. */
export interface SealBinding {
  organizationId: string
  table: string
  rowId: string
  column: string
}

const formatVersion = 1
const keyIdBytes = 8
const nonceBytes = 12
const tagBytes = 16
const headerBytes = 1 + keyIdBytes + nonceBytes
/** Derived keys kept in memory; the least recently used is derived again when needed. */
const cachedKeysMax = 1_000

interface MasterKey {
  id: Buffer
  key: KeyObject
}

/**
 * Seals values at rest with AES-256-GCM (NIST SP 800-38D). The key of an organization is derived
 * from the
 * master key with HKDF-SHA-256 (RFC 5869); nonces are random, which allows 2^32 values an
 * organization.
 * Layout: version (1 byte), key id (8), nonce (12), ciphertext, tag (16).
 * Nothing of the keys shows in JSON, in logs or in an inspection of the object.
 */
export class Sealer {
  readonly #current: MasterKey
  readonly #masters: ReadonlyMap<string, MasterKey>
  readonly #organizationKeys = new Map<string, KeyObject>()

  /**
   * @param masterKey 32 bytes from a secret store.
   * @param retired earlier master keys: they still open what they sealed, and seal nothing new.
   */
  constructor(masterKey: Uint8Array, retired: readonly Uint8Array[] = []) {
    this.#current = toMaster(masterKey)
    this.#masters = new Map(
      [this.#current, ...retired.map(toMaster)].map((master) => [
        master.id.toString('hex'),
        master,
      ]),
    )
  }

  /** Id of the key that seals now: 16 hexadecimal digits that say nothing about the key. */
  get keyId(): string {
    return this.#current.id.toString('hex')
  }

  seal(plain: Uint8Array | string, binding: SealBinding): Uint8Array {
    const nonce = randomBytes(nonceBytes)
    const header = Buffer.concat([Buffer.from([formatVersion]), this.#current.id, nonce])
    const cipher = createCipheriv(
      'aes-256-gcm',
      this.#organizationKey(this.#current, binding),
      nonce,
    )
    cipher.setAAD(associatedData(header, binding))
    const sealed = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain)
    return Buffer.concat([header, sealed, cipher.final(), cipher.getAuthTag()])
  }

  /**
   * The bytes that were sealed. Throws INTEGRITY where the value was changed, was moved to another
   * organization, table, row or column, or was sealed with a key that this sealer does not hold.
   */
  open(sealed: Uint8Array, binding: SealBinding): Uint8Array {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
    if (bytes.length < headerBytes + tagBytes || bytes[0] !== formatVersion) {
      throw broken(binding, 'is not a sealed value of a known format')
    }
    const master = this.#masters.get(bytes.toString('hex', 1, 1 + keyIdBytes))
    if (!master) throw broken(binding, 'was sealed with another master key')
    const header = bytes.subarray(0, headerBytes)
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.#organizationKey(master, binding),
      header.subarray(1 + keyIdBytes),
      { authTagLength: tagBytes },
    )
    decipher.setAAD(associatedData(header, binding))
    decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
    try {
      return Buffer.concat([
        decipher.update(bytes.subarray(headerBytes, bytes.length - tagBytes)),
        decipher.final(),
      ])
    } catch {
      throw broken(binding, 'was changed or moved since it was sealed')
    }
  }

  /** The same as text. */
  openText(sealed: Uint8Array, binding: SealBinding): string {
    return Buffer.from(this.open(sealed, binding)).toString('utf8')
  }

  /**
   * A keyed digest (HMAC-SHA-256, 32 bytes) by which equal values of one organization and purpose
   * are found
   * without opening any. It belongs to the current master key: after a rotation, look for both or
   * seal anew.
   */
  fingerprint(value: string, scope: { organizationId: string; purpose: string }): Uint8Array {
    const key = derive(
      this.#current.key,
      `plinth/fingerprint/1/${JSON.stringify([scope.organizationId, scope.purpose])}`,
    )
    return createHmac('sha256', key).update(value).digest()
  }

  /** Whether a value was sealed with a retired key and should be sealed anew. */
  isStale(sealed: Uint8Array): boolean {
    return !this.#current.id.equals(sealed.subarray(1, 1 + keyIdBytes))
  }

  #organizationKey(master: MasterKey, { organizationId }: SealBinding): KeyObject {
    const cacheKey = `${master.id.toString('hex')}:${organizationId}`
    let key = this.#organizationKeys.get(cacheKey)
    if (key) this.#organizationKeys.delete(cacheKey)
    else key = derive(master.key, `plinth/seal/1/organization/${organizationId}`)
    this.#organizationKeys.set(cacheKey, key)
    if (this.#organizationKeys.size > cachedKeysMax) {
      this.#organizationKeys.delete(this.#organizationKeys.keys().next().value!)
    }
    return key
  }

  toJSON(): string {
    return '[Sealer]'
  }

  [inspect.custom](): string {
    return '[Sealer]'
  }
}

function toMaster(bytes: Uint8Array): MasterKey {
  if (bytes.length !== 32) {
    throw new PlinthError('INVALID_INPUT', {
      detail: `A master key has 32 bytes, not ${bytes.length}.`,
      remedy: 'Make one with `openssl rand -base64 32`.',
    })
  }
  const key = createSecretKey(bytes)
  const id = Buffer.from(hkdfSync('sha256', key, '', 'plinth/seal/1/key-id', 32))
  return { key, id: createHash('sha256').update(id).digest().subarray(0, keyIdBytes) }
}

function derive(master: KeyObject, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', master, '', purpose, 32)))
}

/** Header and binding, as a JSON list: no two bindings give the same bytes. */
function associatedData(header: Buffer, b: SealBinding): Buffer {
  return Buffer.concat([
    header,
    Buffer.from(JSON.stringify([b.organizationId, b.table, b.rowId, b.column])),
  ])
}

function broken({ table, column, rowId }: SealBinding, what: string): PlinthError {
  return new PlinthError('INTEGRITY', {
    detail: `The value in ${table}.${column} ${what}.`,
    where: `${table}/${rowId}`,
  })
}
