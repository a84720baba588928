import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import { Sealer } from '../sealing.ts'
import { PlaceholderScope } from './placeholder.ts'
import { keepInVault, openVaultScope, revealFromVault, type VaultPlace } from './vault-store.ts'

let test: TestStore
let other: string
beforeAll(async () => {
  test = await openTestStore()
  other = await addOrganization(test.store)
})
afterAll(() => test.close())

const key = new Uint8Array(32).fill(9)
const sealer = new Sealer(key)
const placeOf = (conversationId: string, organizationId = test.organizationId): VaultPlace => ({
  organizationId,
  conversationId,
})

function filled(...values: string[]): PlaceholderScope {
  const scope = new PlaceholderScope()
  for (const value of values) scope.mint('EMAIL', value)
  return scope
}

function keep(place: VaultPlace, scope: PlaceholderScope, by = sealer): Promise<number> {
  return test.store.within(place.organizationId, (tx) =>
    keepInVault({ tx, sealer: by, place }, scope.entries()),
  )
}

function open(place: VaultPlace, by = sealer): Promise<PlaceholderScope> {
  return test.store.within(place.organizationId, (tx) => openVaultScope({ tx, sealer: by, place }))
}

describe('the vault', () => {
  it('keeps each value once and gives the scope back, beyond one batch [M11.vault]', async () => {
    const place = placeOf('cnv_1')
    const values = Array.from({ length: 1_203 }, (_, i) => `u${i}@example.org`)
    expect(await keep(place, filled(...values))).toBe(1_203)
    const scope = await open(place)
    expect(scope.lookup('<EMAIL_1203>')).toBe('u1202@example.org')
    expect(scope.mint('EMAIL', 'u0@example.org')).toBe('<EMAIL_1>')
    expect(scope.mint('EMAIL', 'new@example.org')).toBe('<EMAIL_1204>')
    expect(await keep(place, scope)).toBe(1)
  })

  it('reveals what was kept there and nothing else [M11.vault]', async () => {
    await keep(placeOf('cnv_2'), filled('a@example.org', 'b@example.org'))
    const seen = (place: VaultPlace) =>
      test.store.within(place.organizationId, (tx) =>
        revealFromVault({ tx, sealer, place }, ['<EMAIL_2>', '<EMAIL_9>']),
      )
    expect([...(await seen(placeOf('cnv_2')))]).toEqual([['<EMAIL_2>', 'b@example.org']])
    expect((await seen(placeOf('cnv_none'))).size).toBe(0)
    expect((await seen(placeOf('cnv_2', other))).size).toBe(0)
  })

  it('holds no value in the clear, and no sealed value opens in another row [M11.vault]', async () => {
    const place = placeOf('cnv_3')
    await keep(place, filled('first@example.org', 'second@example.org'))
    await test.store.within(test.organizationId, async (tx) => {
      const rows = await tx
        .selectFrom('vault_entry')
        .selectAll()
        .where('conversation_id', '=', 'cnv_3')
        .orderBy('id')
        .execute()
      for (const row of rows)
        expect(Buffer.from(row.sealed).toString('latin1')).not.toContain('example')
      await tx
        .updateTable('vault_entry')
        .set({ sealed: rows[0]!.sealed })
        .where('id', '=', rows[1]!.id)
        .execute()
    })
    await expect(open(place)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('refuses a placeholder that already stands for another value [M11.vault]', async () => {
    const place = placeOf('cnv_4')
    await keep(place, filled('a@example.org'))
    await expect(keep(place, filled('b@example.org'))).rejects.toMatchObject({ code: 'CONFLICT' })
    const rotated = new Sealer(new Uint8Array(32).fill(1), [key])
    expect(await keep(place, filled('a@example.org'), rotated)).toBe(0)
    expect((await open(place, rotated)).lookup('<EMAIL_1>')).toBe('a@example.org')
  })
})
