import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PlinthError, Secret } from '#kernel'
import { CredentialHasher, isApiKey, newApiKey, newToken } from './credentials.ts'
import { hashPassword, verifyPassword } from './passwords.ts'

const hasher = new CredentialHasher(new Uint8Array(32).fill(7))
const good = new Secret('correct horse battery staple')
const failure = async (work: Promise<unknown>): Promise<PlinthError> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(PlinthError)
  return error as PlinthError
}

describe('secrets', () => {
  it('do not show wherever they are written [M27.secret-type]', () => {
    const secret = new Secret('hunter2')
    const texts = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret, { depth: 9, showHidden: true }),
      inspect({ nested: [secret] }),
      Object.values(secret).join(),
      JSON.stringify(structuredClone({ secret })),
      inspect(new PlinthError('INTERNAL', { detail: 'x', cause: secret })),
      inspect(hasher, { depth: 9 }),
      JSON.stringify(hasher),
    ]
    for (const text of texts) expect(text).not.toMatch(/hunter2|7,7,7|0707/)
    expect(secret.reveal()).toBe('hunter2')
  })

  it('are keys with a checksum that finds every single mistyped character [M27.key-format]', () => {
    for (let i = 0; i < 200; i++) {
      const key = newApiKey().reveal()
      expect(key).toMatch(/^plk_[0-9A-Za-z]{30}_[0-9A-Za-z]{6}$/)
      expect(isApiKey(key)).toBe(true)
    }
    const key = newApiKey().reveal()
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom(...'abcXYZ019'), (at, char) => {
        if (key[at] === char) return
        expect(isApiKey(key.slice(0, at) + char + key.slice(at + 1))).toBe(false)
      }),
    )
    expect(new Set(Array.from({ length: 500 }, () => newToken('session').reveal())).size).toBe(500)
  })
})

describe('passwords', () => {
  const of = { email: 'ada.lovelace@example.org', name: 'Ada Lovelace' }

  it('are hashed with Argon2id, salted, and verified in any keyboard’s spelling [M27.passwords]', async () => {
    const [first, second] = [await hashPassword(good, of), await hashPassword(good, of)]
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(first).not.toBe(second)
    expect(await verifyPassword(good, first)).toBe(true)
    expect(await verifyPassword(new Secret('correct horse battery stapler'), first)).toBe(false)
    const composed = await hashPassword(new Secret('Ünique ﬁsh and more'), of)
    expect(await verifyPassword(new Secret('U\u0308nique fish and more'), composed)).toBe(true)
    expect(await verifyPassword(new Secret(first), first)).toBe(false)
    expect(await verifyPassword(good, null)).toBe(false)
    expect(await verifyPassword(good, 'not a hash')).toBe(false)
  })

  it('that anybody would try are refused with the reason [M27.passwords]', async () => {
    const weak = [
      'short',
      'aaaaaaaaaaaaaaaa',
      'abababababab',
      'Password123456',
      'password-password',
      'qwertyqwerty12',
      '123456789012345',
      'abcdefghijklmnop',
      'ada.lovelace@example.org',
      'AdaLovelace1',
      'x'.repeat(2_000),
    ]
    for (const text of weak) {
      const error = await failure(hashPassword(new Secret(text), of))
      expect([text, error.code]).toEqual([text, 'INVALID_INPUT'])
      expect(inspect(error)).not.toContain(text.length > 8 ? text : 'no such text')
    }
    await hashPassword(new Secret('tidal-wombat-ledger'), of)
  })
})
