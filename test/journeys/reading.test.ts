import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { followReading } from '#wiring'
import { fakeIo } from '../../src/cli/io.fixture.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const base = `
kind: KnowledgeBase
name: notes
spec: {}
---
kind: Prompt
name: plain
spec: { system: Answer briefly. }
---
kind: Guardrail
name: open
spec: { personalData: { input: allow, output: allow } }
---
kind: Route
name: built-in
spec: { models: [extractive] }
---
kind: Assistant
name: guide
spec: { knowledgeBases: [notes], route: built-in, prompt: plain, guardrail: open }
`

const source = (name: string, folder: string, readers: string) => `
kind: Source
name: ${name}
spec: { knowledgeBase: notes, folder: { path: ${JSON.stringify(folder)} }, readers: ['${readers}'] }
`

const question = 'When does the canteen open?'

/** Lets through what waits at it once it is opened. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('a question asked while documents are still being read', () => {
  let house: OpenHouse
  let insider: Person
  let listing = gate()
  let reading = gate()
  beforeAll(async () => {
    house = await openHouse({
      before: ({ pipelines: { ingest } }) => {
        const open = ingest.openSource
        ingest.openSource = (what) => {
          const from = open(what)
          const list = from.list.bind(from)
          const read = from.read.bind(from)
          from.list = async function* (signal) {
            await listing.opened
            yield* list(signal)
          }
          from.read = async (item, signal) => {
            if (!item.externalId.startsWith('first')) await reading.opened
            return read(item, signal)
          }
          return from
        }
      },
    })
    insider = await house.person('insider', { groups: ['pay'] })
    await house.apply(base)
  })
  afterEach(async () => {
    listing.open()
    reading.open()
    await expect.poll(async () => (await ask(insider)).reading, { timeout: 20_000 }).toBeUndefined()
    listing = gate()
    reading = gate()
  })
  afterAll(() => house?.close())

  const ask = async (person: Person) =>
    (await person.call('POST', '/api/v1/ask', { body: { question } })).body
  const begin = async (name: string, readers = 'everyone') => {
    const folder = await house.folder(name)
    await writeFile(join(folder, `first-${name}.md`), 'Parrots are welcome.')
    await writeFile(join(folder, `second-${name}.md`), 'The canteen opens at noon.')
    await house.apply(source(name, folder, readers))
    return (await house.owner.call('POST', `/api/v1/sources/${name}/sync`)).body.id as string
  }

  it('says so, and how many of how many, in every answer until they are read [M1.still-reading]', async () => {
    const job = await begin('open')
    const listed = await ask(house.owner)
    expect(listed).toMatchObject({
      outcome: 'ungrounded',
      reading: { done: 0, total: 0, listing: true },
    })
    expect(listed.reading.note).toMatch(/still being read: ask again/)
    listing.open()
    await expect.poll(async () => (await ask(house.owner)).reading.done).toBe(1)
    const early = await ask(house.owner)
    expect(early.reading).toMatchObject({ done: 1, total: 2, listing: false })
    expect(early.reading.note).toContain('1 of 2')
    const trace = await house.owner.call('GET', `/api/v1/traces/${early.traceId}`)
    expect(trace.body.answer.reading).toEqual(early.reading)
    const messages = [{ role: 'user', content: question }]
    const body = { model: 'guide', messages }
    const chat = (await house.owner.call('POST', '/v1/chat/completions', { body })).body
    expect(chat.choices[0].message.content).toContain(early.reading.note)
    expect(chat.plinth.reading).toEqual(early.reading)
    const { io, text } = terminal()
    expect(await io(['ask', question])).toBe(10)
    expect(text.out).toContain(early.reading.note)
    reading.open()
    await house.ended(job)
    const late = await ask(house.owner)
    expect(late).toMatchObject({ outcome: 'answered' })
    expect(late).not.toHaveProperty('reading')
  })

  it('counts only what the asker may read, and a document read again not at all [M27.still-reading]', async () => {
    await begin('pay', 'group:pay')
    listing.open()
    await expect.poll(async () => (await ask(insider)).reading?.done).toBe(3)
    expect((await ask(insider)).reading.total).toBe(4)
    expect(await ask(house.owner)).not.toHaveProperty('reading')
    const again = await house.owner.call('POST', '/api/v1/sources/open/sync', {
      body: { force: true },
    })
    expect(again.status).toBeLessThan(300)
    expect(await ask(house.owner)).toMatchObject({ outcome: 'answered' })
    expect(await ask(house.owner)).not.toHaveProperty('reading')
  })

  it('is asked by an evaluation when they are read, and the server says how far it is [M43.eval-waits]', async () => {
    await begin('late')
    listing.open()
    const said: string[] = []
    const { signal } = new AbortController()
    const followed = followReading(house.house, { say: (line) => said.push(line), signal })
    const file = join(house.root, 'questions.jsonl')
    const asked = { id: 'noon', question, assistant: 'guide', language: 'en' }
    await writeFile(
      file,
      `${JSON.stringify({ ...asked, asUser: null, answerable: true, expect: ['noon'], gold: [] })}\n`,
    )
    const { io, text } = terminal()
    const scored = io(['eval', 'samples', '--file', file])
    await expect.poll(() => text.err).toContain('still being read')
    await expect.poll(() => said, { timeout: 10_000 }).toContain('5 of 6 documents read')
    reading.open()
    expect(await scored).toBe(0)
    await followed
    expect(said.at(-1)).toBe('All documents are read.')
  })

  function terminal() {
    const env = { PLINTH_URL: house.url, PLINTH_API_KEY: house.owner.key }
    const sleep = async (ms: number) => void (await setTimeout(ms))
    const { run, text } = fakeIo(() => undefined, { env, fetch, sleep, now: Date.now })
    return { io: (args: string[]) => run(...args), text }
  }
})
