import { describe, expect, it } from 'vitest'
import { protocolPage } from '../scripts/make-protocol-tables.ts'

describe('the tables of protocols', () => {
  it('say what the dialects do: making them anew changes nothing [M15.dialect-tables]', () => {
    const { found, made } = protocolPage()
    expect(found).toBe(made)
  })
})
