import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { splitStatements } from '../../src/store/migrate.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const resources = `
kind: KnowledgeBase
name: guests
spec: { readers: [everyone], masking: { mode: mask }, metadata: { area: string } }
---
kind: Source
name: guests
spec: { knowledgeBase: guests, upload: {}, metadata: { area: north } }
`

describe('names that a base masks', () => {
  let house: OpenHouse
  let reader: Person
  beforeAll(async () => {
    house = await openHouse()
    await house.apply(resources)
    reader = await house.person('reader', { roles: ['data-engineer'] })
    await house.upload('guests', 'anna.bell@example.org.txt', 'The guest comes at noon.')
    await house.upload('guests', 'bob.miller@example.org.pdf', '%PDF-1.7 and nothing that follows')
  })
  afterAll(() => house?.close())

  const found = async (person: Person, search: string) => {
    const path = `/api/v1/documents?search=${encodeURIComponent(search)}`
    return (await person.call('GET', path)).body.items.length
  }

  it('are not found out by trying their letters in a search [M11.masked-names]', async () => {
    for (const guess of ['anna', 'anna.b', 'bell@example.org', 'bob', 'bob.miller@', 'example']) {
      expect([guess, await found(house.owner, guess)]).toEqual([guess, guess === 'example' ? 2 : 1])
      expect([guess, await found(reader, guess)]).toEqual([guess, 0])
    }
    const { items } = (await reader.call('GET', '/api/v1/documents')).body
    const shown = items.find((one: { state: string }) => one.state === 'ready').title
    expect(shown).not.toContain('anna')
    expect(await found(reader, shown)).toBe(1)
  })

  it('are taken out of traces from before they were masked there [M11.masked-names]', async () => {
    const { store } = house.house.foundation
    const file = new URL('../../src/store/migrations/0008_ingest_trace_names.sql', import.meta.url)
    const [statement = ''] = splitStatements(await readFile(file, 'utf8'))
    await store.system(async (tx) => {
      await sql`update trace set name = 'anna.bell@example.org.txt'
        where kind = 'ingest' and organization_id = ${house.organizationId}`.execute(tx)
      await sql.raw(statement).execute(tx)
    })
    const { body, text } = await house.owner.call('GET', '/api/v1/traces?kind=ingest')
    expect(body.items.length).toBeGreaterThan(1)
    expect(text).not.toContain('anna')
  })

  it('do not keep a source’s changed metadata from its documents [M18.source-metadata]', async () => {
    const area = async () =>
      [...(await house.documents('guests')).values()].find((one) => one.state === 'ready').metadata
        .area
    expect(await area()).toBe('north')
    const yaml = resources.replace('north', 'south')
    const applied = await house.owner.call('POST', '/api/v1/resources', { body: { yaml } })
    expect(applied.status).toBe(200)
    await expect.poll(area, { timeout: 100_000, interval: 200 }).toBe('south')
  })
})
