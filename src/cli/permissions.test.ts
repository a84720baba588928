import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../api/routes/index.ts'
import { events, fakeIo, json, type Sent } from './io.fixture.ts'
import { verbs } from './verbs/index.ts'

const evalLine = {
  ...{ id: 'q', question: 'Why?', language: 'en', assistant: 'a', asUser: null },
  ...{ answerable: true, gold: [], expect: ['x'] },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-needs-'))
  await writeFile(join(folder, 'a.yaml'), 'kind: Prompt\nname: a\nspec: {system: A}\n')
  await writeFile(join(folder, 'a.txt'), 'hello')
  await writeFile(join(folder, 'q.jsonl'), `${JSON.stringify(evalLine)}\n`)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Command lines that together send every request that a verb can send. */
const lines: Record<string, string[][]> = {
  apply: [['-f', 'a.yaml']],
  diff: [['-f', 'a.yaml']],
  get: [[], ['Prompt', 'a'], ['Prompt', '-o', 'yaml']],
  history: [['Prompt', 'a']],
  rollback: [['Prompt', 'a', '-r', '1']],
  ingest: [[], ['handbook', '--wait'], ['a.txt', '--source', 'inbox', '--wait']],
  ask: [['Why?']],
  search: [['why'], ['why', '--base', 'b']],
  'documents list': [[]],
  'documents show': [
    ['doc_1'],
    ['doc_1', '--text'],
    ['doc_1', '--chunks'],
    ['doc_1', '--original', 'o'],
  ],
  'documents remove': [['doc_1', '--yes']],
  'jobs list': [[]],
  'jobs watch': [[], ['job_1']],
  'documents retry': [['doc_1']],
  'jobs cancel': [['job_1']],
  'jobs retry': [['job_1']],
  'keys list': [[]],
  'keys create': [['ci']],
  'keys revoke': [['key_1']],
  'users list': [[]],
  'users create': [['ada@example.org', '--name', 'Ada']],
  'users link': [['usr_1']],
  'users disable': [['usr_1']],
  'route explain': [['main', '--needs', 'tools', '--input-tokens', '9']],
  'audit list': [[]],
  'audit export': [[]],
  'audit key': [[]],
  'models prices': [[], ['small']],
  'models catalogue': [['gpt']],
  'models reprice': [['--from', '2026-01-01']],
  'models promote': [['small', '--to', 'approved']],
  'models promotions': [[], ['--open']],
  'models compare': [['--suite', 'q.jsonl', '--models', 'a,b']],
  'models decide': [['prm_1', '--approve']],
  'models retire': [['small'], ['small', '--dry-run']],
  'models approvers': [['two']],
  usage: [[], ['--csv']],
  calls: [[], ['cal_1']],
  budgets: [[]],
  'cache show': [[]],
  'cache purge': [[]],
  doctor: [[]],
  backup: [['b.tar']],
  'eval samples': [['--id', 'goodwill-limit']],
}

const emails = [
  'maren.okafor',
  'ewan.carstairs',
  'priya.raghunathan',
  'daniel.osei',
  'helen.marchetti',
]
const people = [
  ...emails.map((name) => `${name}@tessmere.example`),
  'marcus.ellery@northgate-brokers.example',
  'usr_1',
].map((email, i) => ({
  id: email === 'usr_1' ? email : `usr_x${i}`,
  email,
  name: email,
  groups: [],
  roles: [],
}))

const answer = { outcome: 'ungrounded', text: 'No.', citations: [], unsupported: [], traceId: 't' }

/** What a handler demands beyond its route's permission, for these requests. */
const beyond: Record<string, string[]> = {
  // Keys for other people.
  'eval samples': ['people.write'],
}

/** Enough of every answer for the verbs to go on. */
function answering({ path, body }: Sent): Response {
  const base = {
    ...answer,
    id: 'job_1',
    kind: 'folder',
    name: 'a',
    state: 'succeeded',
    progress: {},
    error: null,
    received: 5,
    jobId: 'job_1',
    signInLink: 'x',
    secret: 's',
    yaml: 'a',
    labels: [],
    spec: { knowledgeBases: ['b'] },
    results: [],
    checks: [],
    hits: [],
    terms: [],
    dense: {},
    tookMs: {},
    readers: [],
    findings: {},
    warnings: [],
    notes: [],
    supports: [],
    candidates: [],
    routes: [],
    assistants: [],
    callers: [],
    catalogue: { date: 'd', source: 's' },
    text: 'x',
  }
  if (path === '/ask' && (body as { stream: boolean }).stream) {
    return events([{ type: 'answer', answer } as never])
  }
  const items = path === '/users' ? people : path.endsWith('/chunks') ? [] : [base]
  return json({ ...base, items, nextCursor: null })
}

/** The entry of the route table that takes a request. */
function routeOf({ method, path }: Sent) {
  const matching = routes.filter((route) => {
    const pattern = route.path.replace('/api/v1', '').replace(/:\w+/g, '[^/]+')
    return route.method === method && new RegExp(`^${pattern}$`).test(path)
  })
  return matching.find((route) => !route.path.includes(':')) ?? matching[0]
}

describe('the permissions of verbs', () => {
  it('are those of the routes that they call, no more and no less [M28.cli-permissions]', async () => {
    const wrong: string[] = []
    for (const { name, needs } of verbs) {
      if (needs === 'files') continue
      const wanted = new Set<string>()
      for (const argv of lines[name] ?? []) {
        const cli = fakeIo(answering, { cwd: folder })
        await cli.run(...name.split(' '), ...argv)
        if (cli.sent.length === 0) wrong.push(`${name} ${argv} sends nothing: ${cli.text.err}`)
        for (const sent of cli.sent) {
          const route = routeOf(sent)
          if (!route) wrong.push(`${name} sends ${sent.method} ${sent.path}, which is no route`)
          else if (route.permission !== 'signed-in') wanted.add(route.permission)
        }
      }
      for (const one of beyond[name] ?? []) wanted.add(one)
      const [says, is] = [[...needs].sort().join(' '), [...wanted].sort().join(' ')]
      if (says !== is) wrong.push(`${name} says ${says}; its routes need ${is}`)
    }
    expect(wrong).toEqual([])
  })
})
