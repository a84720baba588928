import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomInt,
} from 'node:crypto'
import { inspect } from 'node:util'
import { crc32 } from 'node:zlib'
import { Secret } from '#kernel'

export type CredentialKind = 'api-key' | 'session' | 'sign-in-link'

/**
 * Turns credentials into what is stored of them: HMAC-SHA-256 under a key derived from the master key (RFC 5869),
 * one for each kind. A copy of the database alone can neither be used to sign in nor to guess keys.
 */
export class CredentialHasher {
  readonly #keys: Record<CredentialKind, KeyObject>

  /** @param masterKey 32 bytes from a secret store; servers on one database need the same. */
  constructor(masterKey: Uint8Array) {
    const derive = (kind: CredentialKind): KeyObject =>
      createSecretKey(
        Buffer.from(hkdfSync('sha256', masterKey, '', `plinth/credential/1/${kind}`, 32)),
      )
    this.#keys = {
      'api-key': derive('api-key'),
      session: derive('session'),
      'sign-in-link': derive('sign-in-link'),
    }
  }

  hmac(kind: CredentialKind, token: string): Buffer {
    return createHmac('sha256', this.#keys[kind]).update(token).digest()
  }

  toJSON(): string {
    return '[CredentialHasher]'
  }

  [inspect.custom](): string {
    return '[CredentialHasher]'
  }
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomChars = 30
const checkChars = 6
/** What of a key may be shown: `plk_` and 8 of its 30 random characters; 22 (131 bits) stay unknown. */
export const shownChars = 12

const keyPattern = /^plk_[0-9A-Za-z]{30}_[0-9A-Za-z]{6}$/

/**
 * A new API key: `plk_`, 30 random characters (178 bits), `_`, and six of checksum (CRC-32 in base 62), so that a
 * scanner of sources finds leaked keys without asking, and a mistyped one costs no statement.
 */
export function newApiKey(): Secret {
  let body = 'plk_'
  for (let i = 0; i < randomChars; i++) body += base62[randomInt(62)]
  return new Secret(`${body}_${checksum(body)}`)
}

/** Whether a text has the form and checksum of an API key (not whether there is such a key). */
export function isApiKey(text: string): boolean {
  if (!keyPattern.test(text)) return false
  return text.slice(-checkChars) === checksum(text.slice(0, 4 + randomChars))
}

function checksum(body: string): string {
  let rest = crc32(body)
  let out = ''
  for (let i = 0; i < checkChars; i++) {
    out = base62[rest % 62] + out
    rest = Math.floor(rest / 62)
  }
  return out
}

const tokenPattern = /^pl[sl]_[0-9A-Za-z_-]{43}$/

/** A new token of 256 random bits: `pls_…` for a session, `pll_…` for a sign-in link. */
export function newToken(kind: 'session' | 'sign-in-link'): Secret {
  return new Secret(`${prefixOf(kind)}${randomBytes(32).toString('base64url')}`)
}

/** Whether a text has the form of such a token. */
export function isToken(kind: 'session' | 'sign-in-link', text: string): boolean {
  return tokenPattern.test(text) && text.startsWith(prefixOf(kind))
}

function prefixOf(kind: 'session' | 'sign-in-link'): string {
  return kind === 'session' ? 'pls_' : 'pll_'
}
