import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '#api'
import { bindRole, createProject } from '#governance'
import { newId, systemPrincipal } from '#kernel'
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
const scratch = (system: string) => `kind: Prompt\nname: scratch\nspec: { system: ${system} }\n`
const prompted = { model: 'guide', input: 'Whom to write to about the tulips?' }
const question = { question: 'Whom to write to about the tulips?' }
const text = (externalId: string) => ({
  source: 'notes',
  externalId,
  text: `Write to anna@example.org about the tulips. ${externalId}`,
})

const comparing = {
  models: ['extractive'],
  questions: [{ id: 'a', question: 'Why?', assistant: 'guide', answerable: false, expect: [] }],
}

type Name = `${string} ${string}`
const named = ({ method, path }: { method: string; path: string }): Name => `${method} ${path}`
const withId = routes.filter(({ path }) => path.includes(':'))

/** One of each thing that a path of the table may name, by the first word of the path. */
type Ids = Record<string, string>

/** Bodies that are right but for the id in the path. */
const bodies: Record<Name, unknown> = {
  'PATCH /api/v1/conversations/:id': { title: 'mine' },
  'PUT /api/v1/documents/:id/readers': { readers: ['everyone'] },
  'POST /api/v1/documents/:id/unmask': { placeholders: ['<EMAIL_1>'] },
  'PUT /api/v1/uploads/:id': Buffer.from('123456789'),
  'PATCH /api/v1/users/:id': { name: 'Mine' },
  'POST /api/v1/promotions/:id/decide': { approve: false },
  'POST /api/v1/resources/:kind/:name/rollback': { revision: 1 },
  'PUT /api/v1/resources/:kind/:name/labels/:label': { revision: 1 },
}

/** Not of one organization, or numbers that every organization has. */
const everybodys: Record<Name, string> = {
  'GET /api/v1/schemas/:kind': 'Schemas are the same for everybody.',
  'GET /api/v1/audit/:seq': 'Every log counts from 0: a number of ours names an event of theirs.',
}

/** Ids in bodies: the same must hold. */
const inBodies: [path: string, thing: string, body: (id: string) => unknown][] = [
  ['/api/v1/feedback', 'traces', (traceId) => ({ traceId, rating: 1 })],
  ['/api/v1/keys', 'users', (userId) => ({ name: 'k', userId })],
  ['/api/v1/uploads', 'sources', (source) => ({ source, name: 'x.txt', size: 1 })],
  ['/api/v1/documents', 'sources', (source) => ({ ...text('x.txt'), source })],
  ['/api/v1/search', 'sources', (base) => ({ query: 'tulips', knowledgeBases: [base] })],
  ['/api/v1/ask', 'conversations', (conversationId) => ({ ...question, conversationId })],
  [
    '/v1/chat/completions',
    'models',
    (model) => ({ model, messages: [{ role: 'user', content: 'hi' }] }),
  ],
  ['/v1/responses', 'models', (model) => ({ model, input: 'hi' })],
  ['/v1/responses', 'responses', (id) => ({ ...prompted, previous_response_id: id })],
  ['/v1/completions', 'models', (model) => ({ model, prompt: 'hi' })],
  ['/v1/moderations', 'models', (model) => ({ model, input: 'hi' })],
  ['/v1/images/generations', 'models', (model) => ({ model, prompt: 'hi' })],
  ['/v1/audio/speech', 'models', (model) => ({ model, input: 'hi' })],
  ['/v1/rerank', 'models', (model) => ({ model, query: 'hi', documents: ['ho'] })],
]

/** Routes that change nothing that has to be proved later, with the reason. */
const silent: Record<Name, string> = {
  'POST /api/v1/routes/:name/explain':
    'A question with a body; nothing is called and nothing kept.',
  'POST /api/v1/uploads': 'Says what is to come; its content leaves upload.received.',
  'POST /v1/messages/count_tokens': 'Counts, and keeps nothing.',
  ...Object.fromEntries(
    [
      ...['moderations', 'images/generations', 'audio/speech', 'audio/transcriptions', 'rerank'],
    ].map((path) => [
      `POST /v1/${path}`,
      'Needs a model of a provider: operations.test.ts calls it with one and finds it booked.',
    ]),
  ),
  'POST /v1/embeddings': 'Needs an embedder: openai.test.ts calls it with one and finds it booked.',
}

describe('every route of the table', () => {
  let house: OpenHouse
  let ids: Ids
  beforeAll(async () => {
    house = await openHouse()
    await house.apply(resources)
    ids = await oneOfEach(house)
  })
  afterAll(() => house?.close())

  it('with an id answers another organization as for an absent one [M27.foreign-route]', async () => {
    const stranger = await house.stranger('Elsewhere')
    const tried = await probed(stranger, ids)
    expect(tried.size).toBe(withId.length - Object.keys(everybodys).length)
    for (const [name, status] of tried) expect([name, status]).toEqual([name, 404])
    for (const [path, thing, body] of inBodies) {
      const said = (id: string) => answerTo(stranger, ['POST', path, body(id)], id)
      const real = await said(ids[thing]!)
      expect([path, real]).toEqual([path, await said(absentLike(ids[thing]!))])
    }
    const unseen = Object.values(ids).filter((id) => id.includes('_'))
    for (const list of [
      'documents?source=notes',
      'traces',
      'jobs',
      'conversations',
      'keys',
      'users',
    ]) {
      const { text: page } = await stranger.call('GET', `/api/v1/${list}`)
      expect([list, unseen.filter((id) => page.includes(id))]).toEqual([list, []])
    }
  })

  it('with an id answers another project as for an absent one [M27.foreign-project]', async () => {
    const writer = await besides(house, 'writer', 'product-owner')
    const reader = await besides(house, 'reader', 'viewer')
    for (const [name, status] of await probed(writer, ids)) {
      const expected = /\/(resources|routes)\//.test(name) ? [404] : [403, 404]
      expect([name, expected]).toEqual([name, expect.arrayContaining([status])])
    }
    await probed(reader, ids)
  })

  it('that changes something leaves an event in the audit log [M28.every-route]', async () => {
    const acts = await actsOn(house, ids)
    const changing = routes.filter(({ method }) => method !== 'GET').map(named)
    expect([...acts.map(([name]) => name), ...Object.keys(silent)].sort()).toEqual(changing.sort())
    for (const [name, act] of acts) {
      const before = await eventsOf(house)
      await act()
      expect([name, (await eventsOf(house)) > before]).toEqual([name, true])
    }
  })
})

const absentLike = (id: string) => id.replace(/.{4}$/, 'zzzz')

/** A person whose rights hold in a project of their own only. */
async function besides({ house, ...open }: OpenHouse, name: string, role: string) {
  const { store, appendAudit } = house.foundation
  const by = { principal: systemPrincipal, appendAudit }
  const person = await open.person(name, { roles: [] })
  await store.within(open.organizationId, async (tx) => {
    await createProject(tx, { name: `of-${name}` }, by)
    await bindRole(tx, { subject: `user:${person.id}`, role, project: `of-${name}` }, by)
  })
  return person
}

/** Calls every route that has an id with a real and with an absent one. Returns the status of each route. */
async function probed(person: Person, ids: Ids): Promise<Map<Name, number>> {
  const tried = new Map<Name, number>()
  for (const route of withId) {
    const name = named(route)
    if (name in everybodys) continue
    const real = ids[/\/v1\/([\w-]+)\/:/.exec(route.path)?.[1] ?? '']
    if (real === undefined) throw new Error(`${name}: nothing was made that it could name.`)
    const said = (id: string) => {
      const place = route.path.replace(':kind', 'Prompt').replace(':label', 'live')
      const path = place.replace(/:(id|name)/, id) + (place.endsWith('/diff') ? '?from=1&to=1' : '')
      return answerTo(
        person,
        [route.method, path, bodies[name] ?? (route.body ? {} : undefined)],
        id,
      )
    }
    const forReal = await said(real)
    expect([name, forReal]).toEqual([name, await said(absentLike(real))])
    tried.set(name, forReal.status)
  }
  return tried
}

/** What was answered, but for the id itself and what differs from call to call. */
async function answerTo(
  person: Person,
  [method, path, body]: [method: string, path: string, body: unknown],
  id: string,
) {
  const reply = await person.call(method, path, body === undefined ? {} : { body })
  const said = JSON.stringify(reply.body).replaceAll(id, '(id)')
  const own =
    /"(requestId|traceId|conversationId|tookMs|durationMs|auditSeq|at)":("[^"]*"|[\d.]+)|req_\w+/g
  return { status: reply.status, said: said.replace(own, '') }
}

async function done(reply: Promise<Reply>) {
  const { status, text: said, body } = await reply
  expect([status < 300, said]).toEqual([true, expect.any(String)])
  return body
}

/** As the owner, under `/api/v1` unless a whole path is given. */
function doorOf({ owner }: OpenHouse) {
  return (method: string, path: string, body?: unknown) => {
    const at = path.startsWith('/v1') ? path : `/api/v1${path}`
    return done(owner.call(method, at, body === undefined ? {} : { body }))
  }
}

async function sendText(house: OpenHouse, name: string) {
  const sent = await doorOf(house)('POST', '/documents', text(name))
  await house.ended(sent.jobId)
  return sent as { documentId: string; jobId: string }
}

async function oneOfEach(house: OpenHouse): Promise<Ids> {
  const call = doorOf(house)
  const sent = await sendText(house, 'first.txt')
  const answer = await call('POST', '/ask', question)
  const upload = await call('POST', '/uploads', { source: 'notes', name: 'part.txt', size: 9 })
  const user = await call('POST', '/users', { email: 'known@x.example', name: 'Known' })
  await call('POST', '/groups', { name: 'known', description: '' })
  await call('POST', '/resources', { yaml: scratch('x') })
  await call('PUT', '/resources/Prompt/scratch/labels/live', { revision: 1 })
  await call('PUT', '/models/approvers', { people: 2 })
  const draft = 'spec: { provider: extractive, upstreamModel: extractive, stage: draft }'
  await call('POST', '/resources', { yaml: `kind: Model\nname: proposed\n${draft}\n` })
  const proposal = await call('POST', '/promotions', { model: 'proposed', to: 'approved' })
  await call('PUT', '/models/approvers', { people: 1 })
  return {
    promotions: proposal.id,
    comparisons: (await call('POST', '/comparisons', comparing)).id,
    conversations: answer.conversationId,
    documents: sent.documentId,
    uploads: upload.id,
    jobs: sent.jobId,
    traces: answer.traceId,
    keys: house.owner.keyId,
    users: user.id,
    groups: 'known',
    routes: 'built-in',
    sources: 'notes',
    'knowledge-bases': 'notes',
    resources: 'scratch',
    models: 'guide',
    calls: await oneCall(house),
    responses: (await call('POST', '/v1/responses', prompted)).id,
  }
}

/** An account of a model call by the owner, of which no provider knows. */
async function oneCall({ house, organizationId, owner }: OpenHouse): Promise<string> {
  const { usage } = house.api.gateway
  const [id, nothing] = [newId('cal'), { errorCode: null, fault: null, cache: null, detail: null }]
  const counts = { inputTokens: 1, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 }
  usage.note(organizationId, {
    ...{ id, at: new Date(), door: 'openai.chat', project: 'default', useCase: null },
    ...{ principalId: owner.keyId, userId: owner.id, asked: 'm', model: 'm', provider: 'p' },
    ...{ upstreamModel: 'm', streamed: false, outcome: 'answered', ...nothing, ...counts },
    ...{ estimated: false, costNanousd: 0, firstTokenMs: null, totalMs: 1, attempts: 1 },
    snapshotDigest: null,
  })
  await usage.flush()
  return id
}

async function eventsOf({ house, organizationId }: OpenHouse): Promise<number> {
  const { store } = house.foundation
  return store.read(organizationId, async (tx) => {
    const rows = await tx.selectFrom('audit_event').select('seq').execute()
    return rows.length
  })
}

type Act = [name: Name, act: () => Promise<unknown>]

/** Every route that changes something, called so that it does. In order: later ones need what earlier ones made. */
async function actsOn(house: OpenHouse, ids: Ids): Promise<Act[]> {
  return [
    ...(await answerActs(house, ids)),
    ...(await documentActs(house, ids)),
    ...jobActs(house, ids),
    ...peopleActs(house),
    ...resourceActs(house),
  ]
}

async function answerActs(house: OpenHouse, ids: Ids): Promise<Act[]> {
  const call = doorOf(house)
  const other = await call('POST', '/ask', { question: 'When?' })
  const search = { query: 'tulips', knowledgeBases: ['notes'] }
  const messages = [{ role: 'user', content: question.question }]
  const chat = { model: 'guide', messages }
  const one = `/conversations/${ids.conversations}`
  const completion = { model: 'guide', prompt: question.question }
  return [
    ['POST /api/v1/ask', () => call('POST', '/ask', question)],
    ['PATCH /api/v1/conversations/:id', () => call('PATCH', one, { title: 't' })],
    [
      'DELETE /api/v1/conversations/:id',
      () => call('DELETE', `/conversations/${other.conversationId}`),
    ],
    ['POST /api/v1/feedback', () => call('POST', '/feedback', { traceId: ids.traces, rating: 1 })],
    ['POST /api/v1/search', () => call('POST', '/search', search)],
    ['POST /v1/chat/completions', () => call('POST', '/v1/chat/completions', chat)],
    ['POST /v1/responses', () => call('POST', '/v1/responses', prompted)],
    ['DELETE /v1/responses/:id', () => call('DELETE', `/v1/responses/${ids.responses}`)],
    ['POST /v1/completions', () => call('POST', '/v1/completions', completion)],
    ['POST /v1/messages', () => call('POST', '/v1/messages', { ...chat, max_tokens: 99 })],
  ]
}

async function documentActs(house: OpenHouse, ids: Ids): Promise<Act[]> {
  const call = doorOf(house)
  const doomed = await sendText(house, 'doomed.txt')
  const readers = { readers: ['everyone', 'group:known'] }
  const placeholders = { placeholders: ['<EMAIL_1>'] }
  const one = `/documents/${doomed.documentId}`
  const retry = async () => {
    const { store } = house.house.foundation
    await store.within(house.organizationId, (tx) =>
      tx
        .updateTable('document')
        .set({ state: 'failed' })
        .where('id', '=', doomed.documentId)
        .execute(),
    )
    const started = await call('POST', `${one}/retry`)
    await house.ended(started.id)
  }
  return [
    ['POST /api/v1/sources/:name/sync', () => call('POST', '/sources/notes/sync')],
    ['PUT /api/v1/documents/:id/readers', () => call('PUT', `${one}/readers`, readers)],
    [
      'POST /api/v1/documents/:id/unmask',
      () => call('POST', `/documents/${ids.documents}/unmask`, placeholders),
    ],
    ['POST /api/v1/documents/:id/retry', retry],
    ['DELETE /api/v1/documents/:id', () => call('DELETE', one)],
    ['POST /api/v1/documents', () => call('POST', '/documents', text('second.txt'))],
    [
      'PUT /api/v1/uploads/:id',
      () => call('PUT', `/uploads/${ids.uploads}`, Buffer.from('123456789')),
    ],
  ]
}

function jobActs(house: OpenHouse, ids: Ids): Act[] {
  const call = doorOf(house)
  const asIf = (state: 'failed' | 'running') =>
    house.house.foundation.store.within(house.organizationId, (tx) =>
      tx.updateTable('job').set({ state }).where('id', '=', ids.jobs!).execute(),
    )
  return [
    ['POST /api/v1/caches/purge', () => call('POST', '/caches/purge')],
    ['POST /api/v1/comparisons', () => call('POST', '/comparisons', comparing)],
    [
      'POST /api/v1/promotions',
      () => call('POST', '/promotions', { model: 'extractive', to: 'deprecated' }),
    ],
    [
      'POST /api/v1/promotions/:id/decide',
      () => call('POST', `/promotions/${ids.promotions}/decide`, { approve: false }),
    ],
    ['PUT /api/v1/models/approvers', () => call('PUT', '/models/approvers', { people: 1 })],
    [
      'POST /api/v1/calls/reprice',
      () => call('POST', '/calls/reprice', { from: '2026-01-01T00:00:00Z' }),
    ],
    ['POST /api/v1/jobs/:id/cancel', () => call('POST', `/jobs/${ids.jobs}/cancel`)],
    [
      'POST /api/v1/jobs/:id/retry',
      async () => {
        await asIf('failed')
        await call('POST', `/jobs/${ids.jobs}/retry`)
      },
    ],
  ]
}

function peopleActs(house: OpenHouse): Act[] {
  const call = doorOf(house)
  const mine = { key: '', user: '', cookie: '' }
  const password = 'quiet marble thunder'
  const bySession = (method: string, path: string, body?: object) =>
    fetch(`${house.url}/api/v1${path}`, {
      method,
      headers: {
        'x-plinth-csrf': '1',
        ...(mine.cookie && { cookie: mine.cookie }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
  const bySessionDone = async (method: string, path: string, body?: object) => {
    const reply = await bySession(method, path, body)
    expect([path, reply.status, await reply.text()]).toEqual([path, 200, expect.any(String)])
    mine.cookie = reply.headers.get('set-cookie')?.split(';')[0] ?? mine.cookie
  }
  const makeKey = async () => {
    mine.key = (await call('POST', '/keys', { name: 'robot' })).id
  }
  const makeUser = async () => {
    mine.user = (await call('POST', '/users', { email: 'new@x.example', name: 'New' })).id
  }
  const link = async () => {
    const { signInLink } = await call('POST', `/users/${mine.user}/sign-in-link`)
    const token = signInLink.split('#token=')[1]
    await bySessionDone('POST', '/session', { token })
  }
  const signIn = { email: 'new@x.example', password }
  const late = { name: 'late', description: '' }
  return [
    ['POST /api/v1/keys', makeKey],
    ['DELETE /api/v1/keys/:id', () => call('DELETE', `/keys/${mine.key}`)],
    ['POST /api/v1/users', makeUser],
    ['PATCH /api/v1/users/:id', () => call('PATCH', `/users/${mine.user}`, { name: 'Newer' })],
    ['POST /api/v1/users/:id/sign-in-link', link],
    ['PUT /api/v1/me/password', () => bySessionDone('PUT', '/me/password', { password })],
    ['POST /api/v1/session', () => bySessionDone('POST', '/session', signIn)],
    ['DELETE /api/v1/session', () => bySessionDone('DELETE', '/session')],
    ['POST /api/v1/groups', () => call('POST', '/groups', late)],
    ['DELETE /api/v1/groups/:name', () => call('DELETE', '/groups/late')],
  ]
}

function resourceActs(house: OpenHouse): Act[] {
  const call = doorOf(house)
  const one = '/resources/Prompt/scratch'
  const first = { revision: 1 }
  const remove = async () => {
    await call('DELETE', `${one}/labels/live`)
    await call('DELETE', one)
  }
  return [
    ['POST /api/v1/resources', () => call('POST', '/resources', { yaml: scratch('y') })],
    ['POST /api/v1/resources/:kind/:name/rollback', () => call('POST', `${one}/rollback`, first)],
    [
      'PUT /api/v1/resources/:kind/:name/labels/:label',
      () => call('PUT', `${one}/labels/next`, first),
    ],
    [
      'DELETE /api/v1/resources/:kind/:name/labels/:label',
      () => call('DELETE', `${one}/labels/next`),
    ],
    ['DELETE /api/v1/resources/:kind/:name', remove],
  ]
}
