import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { fakeIo } from '../../src/cli/io.fixture.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const assistant = (name: string, route: string, unsupported: string) => `---
kind: Guardrail
name: ${name}
spec: { citations: { unsupported: ${unsupported} } }
---
kind: Assistant
name: ${name}
spec: { knowledgeBases: [notes], route: ${route}, prompt: plain, guardrail: ${name} }
`
const resources = (upstream: FakeUpstream, folder: string) => `
kind: KnowledgeBase
name: notes
spec: { readers: [everyone], masking: { mode: off } }
---
kind: Source
name: notes
spec:
  knowledgeBase: notes
  folder: { path: ${JSON.stringify(folder)} }
  access: [{ path: "board/**", readers: ["group:board"] }]
---
kind: KnowledgeBase
name: masked
spec: { readers: [everyone], masking: { mode: mask } }
---
kind: Source
name: masked
spec: { knowledgeBase: masked, upload: {} }
---
kind: Role
name: reader
spec: { permissions: [documents.read] }
---
kind: Prompt
name: plain
spec: { system: You are the guide of this house. }
---
kind: Provider
name: outside
spec: { protocol: openai, baseUrl: "${upstream.url}/v1" }
---
kind: Model
name: outside
spec: { provider: outside, upstreamModel: m-1 }
---
kind: Route
name: outside
spec: { models: [outside] }
---
kind: Route
name: built-in
spec: { models: [extractive] }
${assistant('marking', 'outside', 'mark')}${assistant('removing', 'outside', 'remove')}${assistant('withholding', 'outside', 'withhold')}${assistant('quoting', 'built-in', 'mark')}`

/** Personal data that stands in documents, their names, questions and what the model says. */
const personal = ['anna@example.org', 'berta@example.org', 'DE89 3704 0044 0532 0130 00']
const [anna = '', berta = '', iban = ''] = personal
const notice = `# Notice

The notice period is three months. Questions about the notice go to ${berta}. Fees go to ${iban}.
`
const board = '# Takeover\n\nThe takeover of Glasswick is planned for the autumn.\n'
const question = `I am ${anna}. How long is the notice period?`
const unsupported = 'Kangaroos are paid twice as much. [1]'

let house: OpenHouse
let upstream: FakeUpstream
let member: Person
let folder: string

beforeAll(async () => {
  upstream = await startFakeUpstream()
  house = await openHouse({ env: { PLINTH_ALLOWED_PRIVATE_HOSTS: upstream.host } })
  folder = await house.folder('notes')
  await house.folder('notes/board')
  await writeFile(join(folder, 'notice.md'), notice)
  await writeFile(join(folder, 'board', 'takeover.md'), board)
  await house.apply(resources(upstream, folder))
  await house.sync('notes')
  member = await house.person('member')
})
afterAll(async () => {
  await house?.close()
  await upstream?.close()
})
afterEach(() => {
  upstream.mode = 'normal'
})

interface Said {
  /** All that came through the door, as it came. */
  raw: string
  text: string
  /** Of the answer, or of the refusal: HTTP status, or exit code of the command line. */
  outcome: string
}

const jsonOf = (line = '{}') => JSON.parse(line)
const data = (raw: string) => [...raw.matchAll(/^data: (\{.*)$/gm)].map(([, line]) => jsonOf(line))

/** Every way to ask an assistant. What a stream shows piece by piece is put together. */
const doors: Record<string, (as: Person, assistant: string, asked: string) => Promise<Said>> = {
  'native interface': async (as, name, asked) => {
    const body = { question: asked, assistant: name }
    const { status, text, body: said } = await as.call('POST', '/api/v1/ask', { body })
    if (status !== 200) return refused(text, status)
    return { ...said, raw: text }
  },
  'native interface, streamed': async (as, name, asked) => {
    const body = { question: asked, assistant: name, stream: true }
    const { status, text } = await as.call('POST', '/api/v1/ask', { body })
    if (status !== 200) return refused(text, status)
    const events = data(text)
    const { answer } = events.at(-1)
    const told = events.map((one) => (one.type === 'text' ? one.text : '')).join('')
    return { ...answer, raw: text, text: answer.outcome === 'answered' ? told : answer.text }
  },
  'OpenAI’s interface': async (as, name, asked) => {
    const body = { model: name, messages: [{ role: 'user', content: asked }] }
    const { status, text, body: said } = await as.call('POST', '/v1/chat/completions', { body })
    if (status !== 200) return refused(text, status)
    return { ...said.plinth, raw: text, text: said.choices[0].message.content }
  },
  'OpenAI’s interface, streamed': async (as, name, asked) => {
    const body = { model: name, messages: [{ role: 'user', content: asked }], stream: true }
    const { status, text } = await as.call('POST', '/v1/chat/completions', { body })
    if (status !== 200) return refused(text, status)
    const chunks = data(text)
    const told = chunks.map((one) => one.choices[0]?.delta.content ?? '').join('')
    return { ...chunks.findLast((one) => one.plinth).plinth, raw: text, text: told }
  },
  'command line': async (as, name, asked) => {
    const env = { PLINTH_URL: house.url, PLINTH_API_KEY: as.key }
    const cli = fakeIo(() => undefined, { env, fetch })
    const code = await cli.run('ask', asked, '--assistant', name, '--json')
    if (code === 4) return refused(cli.text.err, 403)
    return { ...jsonOf(cli.text.out), raw: cli.text.out + cli.text.err }
  },
}

const refused = (raw: string, status: number): Said => ({
  raw,
  text: '',
  outcome: String(status),
})

interface Span {
  name: string
  startMs: number
  durationMs: number
  status: string
  children: Span[]
}
const traces = () =>
  house.house.foundation.store.read(house.organizationId, (tx) =>
    tx.selectFrom('trace').selectAll().execute(),
  )
const spansOf = (row: { spans: unknown }) => row.spans as Span[]
const eventsOf = async (traceId: string) => {
  const rows = await house.house.foundation.store.read(house.organizationId, (tx) =>
    tx
      .selectFrom('audit_event')
      .select(['kind', 'canonical'])
      .where(sql`canonical::text`, 'like', `%${traceId}%`)
      .orderBy('seq')
      .execute(),
  )
  return rows.map(({ kind, canonical }) => [kind, jsonOf(canonical).details])
}

/** How often the audit log says that somebody was refused. */
const denials = async () => {
  const rows = await house.house.foundation.store.read(house.organizationId, (tx) =>
    tx.selectFrom('audit_event').select('seq').where('kind', '=', 'access.denied').execute(),
  )
  return rows.length
}

/** Asks through every door, and demands the same of each: words, call of the model, policy, events, steps. */
async function sameEverywhere(name: string, asked = question, as = member): Promise<Said> {
  const seen: { said: Said; all: unknown }[] = []
  for (const [door, ask] of Object.entries(doors)) {
    upstream.requests.length = 0
    const before = new Set((await traces()).map((row) => row.id))
    const answer = await ask(as, name, asked)
    const rows = (await traces()).filter((row) => !before.has(row.id))
    expect(rows, door).toHaveLength(1)
    const [row] = rows
    const said = { ...answer, outcome: row?.outcome ?? answer.outcome }
    const sent = upstream.requests.map(({ body }) =>
      JSON.stringify(body).replace(/\b[0-9a-f]{24}\b/g, 'FENCE'),
    )
    for (const value of personal) {
      expect(said.raw, door).not.toContain(value)
      expect(sent.join(), door).not.toContain(value)
    }
    const events = row ? await eventsOf(row.id) : []
    const steps = row && spansOf(row).map((span) => [span.name, span.status])
    const text = said.outcome === 'failed' ? '' : said.text
    seen.push({ said, all: { text, outcome: said.outcome, sent, events, steps } })
    expect(seen.at(-1)?.all, door).toEqual(seen[0]?.all)
  }
  return seen[0]!.said
}

describe('every door', () => {
  it('masks what goes out and what comes back, and marks what no passage supports [M8.one-pipeline]', async () => {
    upstream.words = [
      'Three months. [1] Wri',
      'te to ber',
      'ta@exam',
      `ple.org. [1] ${unsupported}`,
    ]
    const said = await sameEverywhere('marking')
    expect(said).toMatchObject({ outcome: 'answered' })
    expect(said.text).toContain('<EMAIL_')
    expect(said.text).toContain('Kangaroos')
    expect(upstream.requests).toHaveLength(1)
  })

  it('removes it where the guardrail says so, also from a stream [M8.one-pipeline]', async () => {
    upstream.words = [
      'The notice period is ',
      'three months. [1] Kanga',
      'roos are paid twice. [1]',
    ]
    const said = await sameEverywhere('removing')
    expect(said).toMatchObject({ outcome: 'answered' })
    expect(said.text).toContain('three months')
    for (const ask of Object.values(doors)) {
      expect((await ask(member, 'removing', question)).raw).not.toContain('angaroo')
    }
  })

  it('withholds the whole answer where the guardrail says so, before a word of it is out [M8.one-pipeline]', async () => {
    upstream.words = ['As is well known, the notice period is three months. [1] ', unsupported]
    const said = await sameEverywhere('withholding')
    expect(said).toMatchObject({ outcome: 'withheld' })
    for (const ask of Object.values(doors)) {
      expect((await ask(member, 'withholding', question)).raw).not.toMatch(/well known|angaroo/)
    }
  })

  it('gives nobody a document of others, and asks no model without passages [M8.one-pipeline]', async () => {
    const asked = 'When is the takeover of Glasswick planned?'
    const said = await sameEverywhere('quoting', asked)
    expect(said).toMatchObject({ outcome: 'ungrounded' })
    expect(said.raw).not.toContain('autumn')
    const director = await house.person('director', { groups: ['board'] })
    const told = await sameEverywhere('quoting', asked, director)
    expect(told.text).toContain('autumn')
  })

  it('refuses who may not ask, and records a failure of the model as one [M8.one-pipeline]', async () => {
    const reader = await house.person('reader', { roles: ['reader'] })
    upstream.requests.length = 0
    for (const [door, ask] of Object.entries(doors)) {
      const before = await denials()
      expect(await ask(reader, 'marking', question), door).toMatchObject({ outcome: '403' })
      expect(await denials(), door).toBe(before + 1)
    }
    expect(upstream.requests).toEqual([])
    upstream.mode = { status: 500, message: `quota of ${berta} is used up` }
    expect(await sameEverywhere('marking')).toMatchObject({ outcome: 'failed' })
  })
})

const verbs = {
  answer: 'authorize mask retrieve ground plan route execute validate record'.split(' '),
  ingest: 'authorize fetch parse mask chunk enrich embed index record'.split(' '),
}

describe('traces', () => {
  it('are left by every question and every document: a tree of spans, without personal data [M9.span-tree]', async () => {
    await house.upload('masked', `${anna}.md`, `# Letter of ${anna}\n\nPay to ${iban}.\n`)
    await house.upload('masked', `${berta}.pdf`, `%PDF-1.7 broken by ${berta}`)
    await writeFile(join(folder, `${berta}.md`), `# ${berta}\n\nPay to ${iban}.\n`)
    await writeFile(join(folder, `${anna}.docx`), `PK no Word file, by ${anna}`)
    await house.sync('notes')
    await ask(`Who is ${berta}?`)
    const rows = await traces()
    const outcomes = (kind: string) =>
      new Set(rows.filter((row) => row.kind === kind).map((row) => row.outcome))
    expect(outcomes('answer')).toEqual(
      new Set(['answered', 'ungrounded', 'withheld', 'failed', 'denied']),
    )
    expect(outcomes('ingest')).toEqual(new Set(['indexed', 'failed']))
    for (const row of rows) {
      expect(JSON.stringify(row)).not.toMatch(/anna@|berta@|3704 0044/)
      expect(spansOf(row).map((span) => span.name)).toEqual(pathOf(row))
      expect(treeFaults(spansOf(row), { startMs: 0, durationMs: row.duration_ms })).toEqual([])
    }
    const documents = await house.house.foundation.store.read(house.organizationId, (tx) =>
      tx.selectFrom('document').select('id').execute(),
    )
    expect(documents).toHaveLength(6)
    for (const { id } of documents) {
      expect(rows.filter((row) => row.document_id === id)).toHaveLength(1)
    }
  })
})

const ask = (asked: string) => doors['native interface']!(member, 'quoting', asked)

/** The verbs of a pipeline in their order, until the one that ended it; recording closes every answer. */
function pathOf(row: { kind: string; spans: unknown }): string[] {
  const all = verbs[row.kind as keyof typeof verbs]
  const names = new Set(spansOf(row).map((span) => span.name))
  const last = all.findLastIndex((name) => name !== 'record' && names.has(name))
  return [...all.slice(0, last + 1), ...(names.has('record') ? ['record'] : [])]
}

/** Spans that do not lie within the span (or trace) around them. Half a millisecond is lost to rounding. */
function treeFaults(
  spans: readonly Span[],
  around: Pick<Span, 'startMs' | 'durationMs'>,
): string[] {
  const end = around.startMs + around.durationMs + 0.5
  return spans.flatMap((span) => [
    ...(span.startMs < around.startMs - 0.5 || span.startMs + span.durationMs > end
      ? [`${span.name} is not within what it belongs to`]
      : []),
    ...treeFaults(span.children, span),
  ])
}
