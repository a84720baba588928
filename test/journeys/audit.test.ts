import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eraseSubject, systemActor } from '#governance'
import { verifyExport } from '../../sdk/src/audit/index.ts'
import { type OpenHouse, openHouse, type Person, type Reply } from '../open-house.ts'

const resources = `
kind: KnowledgeBase
name: notes
spec: { readers: [everyone], masking: { mode: mask } }
---
kind: Source
name: notes
spec: { knowledgeBase: notes, upload: {} }
---
kind: Prompt
name: plain
spec: { system: Answer briefly. }
---
kind: Guardrail
name: open
spec: {}
---
kind: Route
name: built-in
spec: { models: [extractive] }
---
kind: Assistant
name: guide
spec: { knowledgeBases: [notes], route: built-in, prompt: plain, guardrail: open }
`

describe('the audit log of a working house', () => {
  let house: OpenHouse
  let owner: Person
  let documentId: string
  beforeAll(async () => {
    house = await openHouse()
    owner = house.owner
  })
  afterAll(() => house?.close())

  const events = () =>
    house.house.foundation.store.read(house.organizationId, (tx) =>
      tx.selectFrom('audit_event').select(['seq', 'kind', 'canonical']).orderBy('seq').execute(),
    )
  const good = async (reply: Promise<Reply>) => {
    const { status, text, body } = await reply
    expect([status < 300, text]).toEqual([true, expect.any(String)])
    return body
  }
  /** Which kinds of events an act left. */
  const left = async (act: () => Promise<unknown>) => {
    const before = (await events()).length
    await act()
    return (await events()).slice(before).map((event) => event.kind)
  }
  const call = (method: string, path: string, body?: unknown) =>
    good(owner.call(method, `/api/v1${path}`, body === undefined ? {} : { body }))

  it('holds an event of each act, by whom it was done [M28.every-act]', async () => {
    const apply = () => call('POST', '/resources', { yaml: resources })
    expect(await left(apply)).toEqual(Array(6).fill('resource.applied'))
    const text = {
      source: 'notes',
      externalId: 'a.txt',
      text: 'Write to anna@example.org about the tulips.',
    }
    const ingest = async () => {
      const sent = await call('POST', '/documents', text)
      documentId = sent.documentId
      await house.ended(sent.jobId)
    }
    expect(await left(ingest)).toEqual(['upload.received', 'document.ingested'])
    const bad = { ...text, externalId: 'b.txt', text: '\u0007\u0001\u0002\u0003\u0004\u0005\u0006' }
    const fail = async () => house.ended((await call('POST', '/documents', bad)).jobId)
    expect(await left(fail)).toEqual(['upload.received', 'document.failed'])
    let trace = ''
    let conversation = ''
    const ask = async () => {
      const answer = await call('POST', '/ask', { question: 'Whom to write to about the tulips?' })
      expect(answer.outcome).toBe('answered')
      trace = answer.traceId
      conversation = answer.conversationId
    }
    expect(await left(ask)).toEqual(['question.answered'])
    expect(await left(() => call('POST', '/ask', { question: 'Who built the pyramids?' }))).toEqual(
      ['question.declined'],
    )
    const acts: [string, () => Promise<unknown>][] = [
      [
        'documents.searched',
        () => call('POST', '/search', { query: 'tulips', knowledgeBases: ['notes'] }),
      ],
      [
        'vault.revealed',
        () => call('POST', `/documents/${documentId}/unmask`, { placeholders: ['<EMAIL_1>'] }),
      ],
      ['document.opened', () => call('GET', `/documents/${documentId}/original`)],
      [
        'document.changed',
        () => call('PUT', `/documents/${documentId}/readers`, { readers: ['everyone', 'group:x'] }),
      ],
      [
        'feedback.given',
        () => call('POST', '/feedback', { traceId: trace, rating: 1, comment: 'good' }),
      ],
      [
        'conversation.changed',
        () => call('PATCH', `/conversations/${conversation}`, { title: 'On flowers' }),
      ],
      ['conversation.exported', () => call('GET', `/conversations/${conversation}/export`)],
      ['conversation.deleted', () => call('DELETE', `/conversations/${conversation}`)],
      ['source.ran', async () => house.ended((await call('POST', '/sources/notes/sync')).id)],
      ['document.removed', () => call('DELETE', `/documents/${documentId}`)],
      ['group.changed', () => call('POST', '/groups', { name: 'gardeners' })],
      ['key.created', () => call('POST', '/keys', { name: 'robot' })],
      ['resource.deleted', () => call('DELETE', '/resources/Assistant/guide')],
      ['audit.exported', () => call('GET', '/audit/export')],
    ]
    for (const [kind, act] of acts) expect(await left(act)).toContain(kind)
  })

  it('holds who was invited and who was refused, and no personal data in the clear [M28.every-act]', async () => {
    const person = {
      email: 'pat@garden.test',
      name: 'Pat',
      groups: ['gardeners'],
      roles: ['member'],
    }
    const invited = await left(() => call('POST', '/users', person))
    expect(invited).toEqual(expect.arrayContaining(['user.created', 'link.created']))
    const stranger = await house.person('nosy', { roles: ['viewer'] })
    expect(await left(() => stranger.call('GET', '/api/v1/audit'))).toEqual(['access.denied'])
    const all = await events()
    expect(all.map((event) => event.seq)).toEqual(all.map((_, i) => i))
    for (const event of all) expect(event.canonical).not.toMatch(/anna@|pat@garden|"Pat"|tulips/)
  })

  it('verifies offline, and no change to it goes unseen [M28.export-verifies]', async () => {
    const { text } = await owner.call('GET', '/api/v1/audit/export')
    const state = (await owner.call('GET', '/api/v1/audit/state')).body
    const lines = text.trimEnd().split('\n')
    const { vkey } = JSON.parse(lines[0]!)
    const verify = (changed: readonly string[]) =>
      verifyExport([`${changed.join('\n')}\n`], { vkey })
    const report = await verify(lines)
    expect(report).toMatchObject({ ok: true, problems: [], organization: house.organizationId })
    expect(report.size).toBe(report.events)
    expect(state.size).toBeGreaterThanOrEqual(report.events)
    const at = lines.findIndex((line, i) => i > 5 && line.includes('question.answered'))
    expect(at).toBeGreaterThan(0)
    const tampered: Record<string, string[]> = {
      edited: lines.with(at, lines[at]!.replace('question.answered', 'question.declined')),
      deleted: lines.toSpliced(at, 1),
      doubled: lines.toSpliced(at, 0, lines[at]!),
      reordered: lines.with(at, lines[at + 1]!).with(at + 1, lines[at]!),
      truncated: lines.slice(0, at),
    }
    for (const [how, changed] of Object.entries(tampered)) {
      expect([how, (await verify(changed)).ok]).toEqual([how, false])
    }
  })

  it('verifies on after a person is erased, whose data is gone from it [M28.erase-verifies]', async () => {
    const { items } = (await owner.call('GET', '/api/v1/users?search=pat')).body
    const { id } = items[0]
    const seen = async () => (await owner.call('GET', '/api/v1/audit?limit=200')).text
    await house.house.foundation.store.within(house.organizationId, (tx) =>
      eraseSubject(tx, id, { actor: systemActor, reason: 'asked for' }),
    )
    expect(await seen()).not.toContain('pat@garden')
    const { text } = await owner.call('GET', '/api/v1/audit/export')
    expect(text).not.toContain('pat@garden')
    const report = await verifyExport([text], { vkey: JSON.parse(text.split('\n', 1)[0]!).vkey })
    expect(report).toMatchObject({ ok: true, problems: [] })
    const doctor = await house.house.api.upkeep.doctor({
      organizationIds: [house.organizationId],
      fsck: true,
    })
    expect(doctor.checks.filter((check) => check.result === 'failed')).toEqual([])
  })
})
