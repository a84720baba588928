import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlinthError } from '#kernel'
import { type SealBinding, Sealer } from './sealing.ts'

const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7)
const place: SealBinding = {
  organizationId: 'org_a',
  table: 'vault_entry',
  rowId: 'vlt_1',
  column: 'sealed',
}

const code = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    return (error as PlinthError).code
  }
  return 'opened'
}

describe('Sealer', () => {
  it('opens what it sealed, any bytes [M11.seal]', () => {
    const sealer = new Sealer(key)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(Uint8Array.from(sealer.open(sealer.seal(bytes, place), place))).toEqual(bytes)
      }),
    )
    expect(sealer.openText(sealer.seal('Grüße 😀', place), place)).toBe('Grüße 😀')
    expect(sealer.seal('x', place)).not.toEqual(sealer.seal('x', place))
  })

  it('throws INTEGRITY where a value was moved to another organization, table, row or column [M11.seal-binding]', () => {
    const sealer = new Sealer(key)
    const sealed = sealer.seal('4111111111111111', place)
    for (const field of Object.keys(place) as (keyof SealBinding)[]) {
      expect(
        code(() => sealer.open(sealed, { ...place, [field]: `${place[field]}x` })),
        field,
      ).toBe('INTEGRITY')
    }
    const shifted = { ...place, rowId: 'vlt_1","sealed', column: '' }
    expect(code(() => sealer.open(sealed, shifted))).toBe('INTEGRITY')
  })

  it('throws INTEGRITY for every flipped bit and every cut [M11.seal-binding]', () => {
    const sealer = new Sealer(key)
    const sealed = sealer.seal('value', place)
    for (let i = 0; i < sealed.length * 8; i++) {
      const broken = Uint8Array.from(sealed)
      broken[i >> 3]! ^= 1 << (i & 7)
      expect(
        code(() => sealer.open(broken, place)),
        `bit ${i}`,
      ).toBe('INTEGRITY')
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(
        code(() => sealer.open(sealed.subarray(0, length), place)),
        `length ${length}`,
      ).toBe('INTEGRITY')
    }
  })

  it('opens with a retired key, seals with the new one, and refuses a strange one [M11.seal-rotation]', () => {
    const old = new Sealer(key)
    const next = new Sealer(randomBytes(32), [key])
    const sealed = old.seal('value', place)
    expect(next.openText(sealed, place)).toBe('value')
    expect(next.isStale(sealed)).toBe(true)
    expect(next.isStale(next.seal('value', place))).toBe(false)
    expect(code(() => old.open(next.seal('value', place), place))).toBe('INTEGRITY')
    expect(code(() => new Sealer(randomBytes(16)))).toBe('INVALID_INPUT')
  })

  it('gives equal values equal fingerprints within one organization and purpose only [M11.seal]', () => {
    const sealer = new Sealer(key)
    const at = (organizationId: string, purpose: string) =>
      Buffer.from(sealer.fingerprint('v', { organizationId, purpose })).toString('hex')
    expect(at('a', 'p')).toBe(at('a', 'p'))
    expect(new Set([at('a', 'p'), at('b', 'p'), at('a', 'q')]).size).toBe(3)
  })

  it('shows nothing of its keys [M11.seal-secrecy]', () => {
    const sealer = new Sealer(key)
    sealer.seal('warm the cache', place)
    const hex = Buffer.from(key).toString('hex')
    const shown = [
      JSON.stringify({ sealer }),
      inspect(sealer, { depth: 10, showHidden: true }),
      String(sealer),
      JSON.stringify(Object.entries(sealer)),
    ].join()
    expect(shown).not.toContain(hex.slice(0, 16))
    expect(shown).not.toContain(Buffer.from(key).toString('base64').slice(0, 12))
    expect(shown).toContain('[Sealer]')
    expect(() => structuredClone(sealer)).not.toThrow()
    expect(structuredClone(sealer)).toEqual({})
  })
})
