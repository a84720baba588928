import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPglite, type PgliteEngine } from './pglite.ts'

let engine: PgliteEngine

beforeAll(async () => {
  engine = await openPglite({ dataDir: 'memory://' })
  await sql`create table kept (id integer primary key, words text[], number double precision,
    flag boolean, at timestamptz, bytes bytea, body jsonb, big bigint, line text)`.execute(
    engine.db,
  )
})

afterAll(() => engine.close())

const line = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))
const row = fc.record({
  words: fc.option(fc.array(line, { maxLength: 5 })),
  number: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  flag: fc.option(fc.boolean()),
  at: fc.option(fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })),
  bytes: fc.option(fc.uint8Array({ maxLength: 50 })),
  body: fc.option(fc.dictionary(line, fc.oneof(line, fc.integer(), fc.constant(null)))),
  big: fc.option(fc.maxSafeInteger()),
  line: fc.option(line),
})

describe('the embedded engine', () => {
  it('gives back every value as it was written, in a first and in a prepared statement [M27.values]', async () => {
    let id = 0
    await fc.assert(
      fc.asyncProperty(row, async (values) => {
        id++
        const { words, number, flag, at, bytes, body, big, line } = values
        await sql`insert into kept values (${id}, ${words}, ${number}, ${flag}, ${at}, ${bytes},
          ${body === null ? null : JSON.stringify(body)}, ${big}, ${line})`.execute(engine.db)
        const found = await sql`select * from kept where id = ${id}`.execute(engine.db)
        const [kept] = found.rows as (typeof values)[]
        expect(kept).toEqual({ id, ...values, number: number === 0 ? kept?.number : number })
      }),
      { numRuns: 60 },
    )
  })

  it('goes on after a refused statement, prepared or not [M27.after-errors]', async () => {
    for (let round = 0; round < 4; round++) {
      const divided = sql`select 1 / ${round === 3 ? 1 : 0}::integer as n`.execute(engine.db)
      if (round === 3) expect((await divided).rows).toEqual([{ n: 1 }])
      else await expect(divided).rejects.toMatchObject({ code: '22012' })
      await expect(sql`selec`.execute(engine.db)).rejects.toMatchObject({ code: '42601' })
      await expect(
        engine.db.transaction().execute(async (tx) => {
          await sql`insert into kept (id) values (-1)`.execute(tx)
          await sql`insert into kept (id) values (-1)`.execute(tx)
        }),
      ).rejects.toMatchObject({ code: '23505' })
      const left = await sql`select 1 from kept where id = -1`.execute(engine.db)
      expect(left.rows).toEqual([])
    }
  })

  it('plans anew after the schema changed [M27.plans]', async () => {
    await sql`create table shape (id integer)`.execute(engine.db)
    await sql`insert into shape values (1)`.execute(engine.db)
    const read = () => sql`select * from shape`.execute(engine.db)
    for (let i = 0; i < 3; i++) expect((await read()).rows).toEqual([{ id: 1 }])
    await sql`alter table shape add column name text default 'a'`.execute(engine.db)
    for (let i = 0; i < 3; i++) expect((await read()).rows).toEqual([{ id: 1, name: 'a' }])
    await sql`drop table shape`.execute(engine.db)
    await expect(read()).rejects.toMatchObject({ code: '42P01' })
  })

  it('refuses half of a surrogate pair instead of storing something else [M27.values]', async () => {
    await expect(
      sql`insert into kept (id, line) values (-2, ${'a\ud800'})`.execute(engine.db),
    ).rejects.toMatchObject({ code: '22021' })
  })

  it('gives each of many statements at once its own rows, in order [M27.one-session]', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        if (n % 7 === 0) {
          return engine.db.transaction().execute(async (tx) => {
            const first = await sql<{ n: number }>`select ${n}::integer as n`.execute(tx)
            const second = await sql<{ n: number }>`select ${n}::integer as n`.execute(tx)
            expect(second.rows).toEqual(first.rows)
            return first.rows[0]?.n
          })
        }
        if (n % 11 === 0) return sql`select 1 / 0`.execute(engine.db).catch(() => n)
        return (await sql<{ n: number }>`select ${n}::integer as n`.execute(engine.db)).rows[0]?.n
      }),
    )
    expect(answers).toEqual(Array.from({ length: 300 }, (_, n) => n))
  })

  it('keeps statistics, and uses the room of dead rows again [M32.upkeep]', async () => {
    await sql`create table churn (id integer primary key, line text)`.execute(engine.db)
    await sql`insert into churn select n, repeat('x', 500) from generate_series(1, 2000) n`.execute(
      engine.db,
    )
    const pages = async () => {
      const found = await sql<{ rows: number; size: number }>`
        select reltuples::integer as rows, pg_relation_size(oid)::integer as size
        from pg_class where relname = 'churn'`.execute(engine.db)
      return found.rows[0]
    }
    await expect.poll(async () => (await pages())?.rows).toBe(2_000)
    const before = (await pages())?.size ?? 0
    for (let round = 0; round < 12; round++) {
      await sql`update churn set line = repeat('y', 500)`.execute(engine.db)
      await new Promise((done) => setTimeout(done, 400))
    }
    expect((await pages())?.size).toBeLessThan(before * 10)
  })
})
