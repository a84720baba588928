import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allPermissions, errorTable } from '#kernel'
import { exitOf, exits } from './exits.ts'
import { events, fakeIo, json, problem } from './io.fixture.ts'
import { jsonLine, printable, table } from './text.ts'
import { verbs } from './verbs/index.ts'
import { expiry } from './verbs/people.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const answer = {
  outcome: 'answered',
  text: 'One bag of 8 kg. [1]',
  reason: null,
  citations: [
    {
      number: 1,
      title: 'Hand luggage',
      headingPath: ['Bags'],
      quote: 'One bag of\n8 kg.',
      start: 0,
      end: 16,
      page: 3,
      support: 1,
      exact: true,
    },
  ],
  unsupported: [],
  model: 'extractive',
  conversationId: 'cnv_1',
  traceId: 'trc_1',
  auditSeq: 7,
}
const asked = (how: object = {}) => [
  { type: 'step', step: 'retrieve' },
  { type: 'text', text: 'One bag of 8 kg. [1]' },
  { type: 'answer', answer: { ...answer, ...how } },
]

describe('verbs', () => {
  it('each declare what they need, and are documented with it [M28.cli-permissions]', async () => {
    const page = await readFile(new URL('../../docs/use/cli.md', import.meta.url), 'utf8')
    expect(new Set(verbs.map((verb) => verb.name)).size).toBe(verbs.length)
    for (const { name, needs } of verbs) {
      const words = needs === 'files' ? 'files' : needs.map((one) => `\`${one}\``).join(', ')
      if (needs !== 'files') {
        expect(needs.length).toBeGreaterThan(0)
        for (const one of needs) expect(allPermissions).toContain(one)
      }
      expect(page, name).toMatch(
        new RegExp(`^\\| \`${name}[^|]*\\|[^|]*\\| ${escaped(words)} \\|$`, 'm'),
      )
    }
  })

  it('tell it in their help [M28.cli-permissions]', async () => {
    const cli = fakeIo(() => undefined)
    expect(await cli.run('help', 'ask')).toBe(0)
    expect(cli.text.out).toContain('Needs the permission answers.ask.')
    expect(await cli.run('keys', 'create', '--help')).toBe(0)
    expect(cli.text.out).toContain('keys.write')
  })

  it('end with documented codes; every error of the server has one [M28.cli-exit-codes]', async () => {
    const page = await readFile(new URL('../../docs/use/cli.md', import.meta.url), 'utf8')
    for (const { code, means } of Object.values(exits))
      expect(page).toContain(`| ${code} | ${means} |`)
    for (const code of Object.keys(errorTable)) expect(exits[exitOf(code)].code).toBeGreaterThan(0)
  })
})

describe('command line', () => {
  it('refuses what it does not know, with where to look [M28.cli-errors]', async () => {
    for (const argv of [['nope'], ['ask'], ['rollback', 'Assistant'], ['get', '--nope']]) {
      const cli = fakeIo(() => undefined)
      expect(await cli.run(...argv)).toBe(2)
      expect(cli.text.err).toContain('code:  INVALID_INPUT')
      expect(cli.sent).toEqual([])
    }
  })

  it('says what, where, how to mend it and the code; as JSON too [M28.cli-errors]', async () => {
    const refuse = () => problem(403, 'FORBIDDEN', { where: 'body/name' })
    const cli = fakeIo(refuse)
    expect(await cli.run('users', 'list')).toBe(4)
    expect(cli.text.err).toBe(
      'error: FORBIDDEN!\n  where: body/name\n  mend:  Mend it.\n  code:  FORBIDDEN  (request req_1)\n',
    )
    const machine = fakeIo(refuse)
    expect(await machine.run('users', 'list', '--json')).toBe(4)
    expect(JSON.parse(machine.text.err)).toMatchObject({ error: { code: 'FORBIDDEN' } })
    expect(machine.text.out).toBe('')
  })

  it('says how to start a server where none runs [M28.cli-no-server]', async () => {
    const cli = fakeIo(() => undefined, { env: { PLINTH_DATA_DIR: join(folder, 'none') } })
    expect(await cli.run('ask', 'Anything?')).toBe(5)
    expect(cli.text.err).toContain('plinth start')
    const data = join(folder, 'stopped')
    await mkdir(data)
    await writeFile(join(data, 'server.json'), '{"url":"http://127.0.0.1:1"}')
    const stopped = fakeIo(() => undefined, {
      env: { PLINTH_DATA_DIR: data },
      fetch: () => Promise.reject(new TypeError('fetch failed')),
    })
    expect(await stopped.run('ask', 'Anything?')).toBe(5)
    expect(stopped.text.err).toContain('plinth start')
  })

  it('finds the running server and the owner’s key, and gives that key to nobody else [M28.cli-key]', async () => {
    const data = join(folder, 'running')
    await mkdir(data)
    await writeFile(join(data, 'server.json'), '{"url":"http://here.test","pid":1}')
    await writeFile(join(data, 'admin.key'), 'plk_owner\n')
    const list = () => json({ items: [], nextCursor: null })
    const own = fakeIo(list, { env: { PLINTH_DATA_DIR: data } })
    await own.run('jobs', 'list')
    expect(own.sent[0]?.key).toBe('Bearer plk_owner')
    const other = fakeIo(list, { env: { PLINTH_DATA_DIR: data } })
    await other.run('jobs', 'list', '--url', 'http://other.test')
    expect(other.sent[0]?.key).toBe(null)
    const given = fakeIo(list, { env: { PLINTH_DATA_DIR: data } })
    await given.run('jobs', 'list', '--url', 'http://other.test', '--key', 'plk_given')
    expect(given.sent[0]?.key).toBe('Bearer plk_given')
  })
})

describe('ask', () => {
  it('streams the text, then its sources with title, page and quote [M8.cli-ask]', async () => {
    const cli = fakeIo(() => events(asked()))
    expect(await cli.run('ask', 'How much?', '--assistant', 'travel', '-c', 'cnv_1')).toBe(0)
    expect(cli.sent[0]).toMatchObject({ method: 'POST', path: '/ask' })
    expect(cli.sent[0]?.body).toMatchObject({
      question: 'How much?',
      assistant: 'travel',
      conversationId: 'cnv_1',
      save: true,
    })
    expect(cli.text.out).toContain('One bag of 8 kg. [1]\n')
    expect(cli.text.out).toContain('[1] Hand luggage, Bags, page 3\n    "One bag of 8 kg."')
    expect(cli.text.err).toContain('trace trc_1 · audit 7 · conversation cnv_1')
  })

  it('ends with a code of its own for each outcome [M8.cli-ask]', async () => {
    const codes = { ungrounded: 10, denied: 11, withheld: 12, failed: 1, answered: 0 }
    for (const [outcome, code] of Object.entries(codes)) {
      const how = { outcome, text: 'Because.', reason: 'Because.', citations: [] }
      const cli = fakeIo(() => events(asked(how)))
      expect(await cli.run('ask', 'Why?'), outcome).toBe(code)
    }
  })

  it('prints one JSON object with --json [M8.cli-ask]', async () => {
    const cli = fakeIo(() => events(asked()))
    expect(await cli.run('ask', 'How much?', '--json')).toBe(0)
    expect(JSON.parse(cli.text.out)).toEqual(answer)
  })

  it('reports a stream that was cut as cut [M8.cli-ask]', async () => {
    const cli = fakeIo(() => events(asked().slice(0, 2)))
    expect(await cli.run('ask', 'How much?')).toBe(5)
    expect(cli.text.err).toContain('STREAM_CUT')
  })

  it('lets no document steer the terminal [M8.cli-terminal]', async () => {
    const evil = '\u001b]0;owned\u0007\u009b31m'
    const list = asked({ text: evil, citations: [{ ...answer.citations[0], title: evil }] })
    list[1] = { type: 'text', text: evil }
    const cli = fakeIo(() => events(list))
    await cli.run('ask', 'How much?')
    expect(cli.text.out).not.toMatch(/[\u001b\u0007\u009b]/)
    expect(printable(evil)).not.toContain('\u001b')
    expect(JSON.parse(jsonLine({ evil }))).toEqual({ evil })
    expect(jsonLine({ evil })).not.toMatch(/[\u001b\u009b]/)
  })
})

describe('apply', () => {
  const result = {
    dryRun: false,
    auditSeq: 3,
    results: [
      {
        kind: 'Prompt',
        name: 'a',
        outcome: 'changed',
        revision: 2,
        digest: 'sha256:1',
        diff: '+x',
      },
      { kind: 'Prompt', name: 'b', outcome: 'unchanged', revision: 1, digest: 'x', diff: '' },
    ],
  }

  async function files(): Promise<string> {
    const place = await mkdtemp(join(folder, 'yaml-'))
    await writeFile(join(place, 'a.yaml'), 'kind: Prompt\nname: a\nspec:\n  system: A\n')
    await writeFile(join(place, 'b.yml'), '# two\nkind: Prompt\nname: b\nspec: {system: B}')
    await writeFile(join(place, 'people.yaml'), '- email: x@example.org\n')
    await writeFile(join(place, 'notes.md'), 'kind: nothing\n')
    return place
  }

  it('sends a folder as one request, so that all or nothing is applied [M2.cli-apply]', async () => {
    const cli = fakeIo(() => json(result))
    expect(await cli.run('apply', '-f', await files(), '--message', 'why')).toBe(0)
    expect(cli.sent).toHaveLength(1)
    const body = cli.sent[0]?.body as { yaml: string; message: string; dryRun: boolean }
    expect(body.yaml).toBe(
      'kind: Prompt\nname: a\nspec:\n  system: A\n---\n# two\nkind: Prompt\nname: b\nspec: {system: B}\n',
    )
    expect(body).toMatchObject({ message: 'why', dryRun: false })
    expect(cli.text.out).toBe('Prompt/a changed (2)\nPrompt/b unchanged\n')
    expect(cli.text.err).toContain('people.yaml: no resource in it, left out')
  })

  it('names file and line of a mistake as the author has them [M2.cli-apply]', async () => {
    const refused = problem(400, 'INVALID_INPUT', {
      detail: 'Unknown key.',
      where: 'files:8:3 spec.x',
      problems: [
        { where: 'files:2:1 name', detail: 'One.', remedy: 'R.' },
        { where: 'files:8:3 spec.x', detail: 'Two.', remedy: 'R.' },
      ],
    })
    const cli = fakeIo(() => refused)
    expect(await cli.run('apply', '-f', await files())).toBe(2)
    // The sentence names the key: the place beside it does not once more.
    expect(cli.text.err).toMatch(/a\.yaml:2:1: One\./)
    expect(cli.text.err).toMatch(/b\.yml:3:3: Two\./)
    expect(cli.text.err).toMatch(/^error: 2 things are wrong\.$/m)
  })

  it('names a file as it was typed, wherever one stands [M2.cli-apply]', async () => {
    const place = await files()
    const cli = fakeIo(() => json(result), { cwd: join(place, '..', '..') })
    await cli.run('apply', '-f', join(place, 'a.yaml'))
    expect(cli.sent[0]?.body).toMatchObject({ file: join(place, 'a.yaml') })
  })

  it('rollback without a version shows what one may go back to [M18.rollback-choices]', async () => {
    const version = (revision: number, current: boolean) => ({
      ...{ revision, current, digest: 'd', labels: [], message: revision === 1 ? 'first' : '' },
      ...{ createdAt: '2026-03-01T10:00:00Z', createdBy: 'usr_1', createdByName: 'Ada' },
    })
    let items = [version(3, true), version(2, false), version(1, false)]
    const cli = fakeIo(() => json({ items, nextCursor: null }))
    expect(await cli.run('rollback', 'Assistant', 'x')).toBe(2)
    expect(cli.sent.map(({ method }) => method)).toEqual(['GET'])
    expect(cli.text.err).toContain('Assistant/x is at version 3')
    expect(cli.text.err).toContain('1  2026-03-01 10:00 UTC, Ada: first')
    expect(cli.text.err).toContain('mend:  plinth rollback Assistant x -r 2')
    items = [version(1, true)]
    expect(await cli.run('rollback', 'Assistant', 'x')).toBe(2)
    expect(cli.text.err).toContain('has one version only')
  })

  it('diff changes nothing and can fail a pipeline [M2.cli-apply]', async () => {
    const cli = fakeIo(() => json({ ...result, dryRun: true }))
    const place = await files()
    expect(await cli.run('diff', '-f', place)).toBe(0)
    expect(cli.sent[0]?.body).toMatchObject({ dryRun: true })
    expect(cli.text.out).toContain('Prompt/a would change\n+x')
    expect(cli.text.out).not.toContain('Prompt/b')
    expect(await cli.run('diff', '-f', place, '--exit-code')).toBe(8)
  })

  it('get knows kinds by any usual spelling, and pages [M2.cli-apply]', async () => {
    const one = (name: string) => ({ kind: 'KnowledgeBase', name, revision: 1, labels: [] })
    const cli = fakeIo(({ query }) =>
      query.cursor
        ? json({ items: [one('b')], nextCursor: null })
        : json({ items: [one('a')], nextCursor: 'next' }),
    )
    expect(await cli.run('get', 'knowledge-bases', '--json')).toBe(0)
    expect(cli.sent.map(({ query }) => query.kind)).toEqual(['KnowledgeBase', 'KnowledgeBase'])
    const names = cli.text.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).name)
    expect(names).toEqual(['a', 'b'])
    expect(await cli.run('get', 'nonsense')).toBe(2)
  })
})

describe('ingest', () => {
  const job = (state: string, progress: object = {}) => ({
    id: 'job_1',
    kind: 'source-sync',
    target: 'handbook',
    state,
    progress,
    error: null,
  })

  it('syncs a source and waits with what failed [M3.cli-ingest]', async () => {
    let looks = 0
    const cli = fakeIo(
      ({ method }) => {
        if (method === 'POST') return json(job('queued'), 202)
        looks++
        return json(
          looks < 3
            ? job('running', { filesDone: 1, filesTotal: 4, filesPerSecond: 2, secondsLeft: 70 })
            : job('succeeded', {
                filesDone: 4,
                filesTotal: 4,
                filesFailed: 1,
                pages: 9,
                chunks: 30,
              }),
        )
      },
      { watched: true },
    )
    expect(await cli.run('ingest', 'handbook', '--wait')).toBe(9)
    expect(cli.sent[0]).toMatchObject({ method: 'POST', path: '/sources/handbook/sync' })
    expect(cli.text.err).toContain('1 of 4 files, 2.0 files/s, 1 min 10 s left')
    expect(cli.text.out).toContain('handbook succeeded: 4 of 4 files, 1 failed, 9 pages, 30 chunks')
  })

  it('uploads files and folders, resumed from what the server has [M3.cli-ingest]', async () => {
    const place = await mkdtemp(join(folder, 'upload-'))
    await mkdir(join(place, 'deep'))
    await writeFile(join(place, 'deep', 'a.txt'), 'hello world')
    const received: unknown[] = []
    const cli = fakeIo(async ({ method, path, query, body }) => {
      if (method === 'POST' && path === '/uploads') {
        received.push(body)
        return json({ id: 'upl_1', received: 6, size: 11, state: 'receiving', jobId: null })
      }
      if (method === 'PUT') {
        received.push(query.offset, await (body as Blob).text())
        return json({ id: 'upl_1', received: 11, size: 11, state: 'received', jobId: 'job_1' })
      }
      return json(job('succeeded', { filesDone: 1, filesTotal: 1 }))
    })
    const code = await cli.run('ingest', place, '--source', 'inbox', '-r', 'group:hr', '--wait')
    expect(code).toBe(0)
    expect(received[0]).toMatchObject({ source: 'inbox', name: 'deep/a.txt', size: 11 })
    expect(received[0]).toMatchObject({
      readers: ['group:hr'],
      digest: expect.stringMatching(/^sha256:/),
    })
    expect(received.slice(1)).toEqual(['6', 'world'])
  })

  it('goes on after a file that the server refuses [M3.cli-ingest]', async () => {
    const place = await mkdtemp(join(folder, 'refused-'))
    await writeFile(join(place, 'a.bin'), 'x')
    await writeFile(join(place, 'b.txt'), 'y')
    const cli = fakeIo(({ body }) => {
      const { name } = body as { name: string }
      if (name === 'a.bin') return problem(415, 'UNSUPPORTED')
      return json({ id: 'upl_1', received: 1, size: 1, state: 'unchanged', jobId: null })
    })
    expect(await cli.run('ingest', place, '--source', 'inbox')).toBe(9)
    expect(cli.text.err).toContain('a.bin:\nerror: UNSUPPORTED!')
    expect(cli.text.out).toContain('0 files received, 1 unchanged, 1 refused')
  })

  it('offers to cancel on Ctrl-C, and says how to come back otherwise [M3.cli-cancel]', async () => {
    for (const yes of [true, false]) {
      const cli = fakeIo(
        ({ path }) => {
          if (path === '/jobs/job_1') cli.interrupt()
          return json(job('running'))
        },
        { confirm: async () => yes },
      )
      expect(await cli.run('jobs', 'watch', 'job_1')).toBe(130)
      const cancelled = cli.sent.some(({ path }) => path === '/jobs/job_1/cancel')
      expect(cancelled).toBe(yes)
      expect(cli.text.err).toContain(yes ? 'Cancelling.' : 'plinth jobs watch job_1')
    }
  })
})

describe('people and keys', () => {
  it('takes dates and times from now, in the future only [M9.cli-keys]', () => {
    const now = Date.UTC(2026, 2, 1)
    expect(expiry('90d', now)).toBe('2026-05-30T00:00:00.000Z')
    expect(expiry('2026-12-31', now)).toBe('2026-12-31T00:00:00.000Z')
    for (const text of ['2025-01-01', 'soon', '0d', '7', '']) {
      expect(() => expiry(text, now), text).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT' }),
      )
    }
  })

  it('prints a new key alone on standard output, for scripts [M9.cli-keys]', async () => {
    const made = { id: 'key_1', userName: 'Ada', secret: 'plk_secret' }
    const cli = fakeIo(() => json(made))
    expect(await cli.run('keys', 'create', 'ci', '--scope', 'answers.ask')).toBe(0)
    expect(cli.text.out).toBe('plk_secret\n')
    expect(cli.sent[0]?.body).toEqual({ name: 'ci', scopes: ['answers.ask'] })
  })

  it('finds a user by e-mail, exactly [M9.cli-keys]', async () => {
    const users = [
      { id: 'usr_2', email: 'ada.b@example.org', name: 'B' },
      { id: 'usr_1', email: 'ada@example.org', name: 'Ada' },
    ]
    const cli = fakeIo(({ method }) =>
      method === 'GET'
        ? json({ items: users, nextCursor: null })
        : json({ ...users[1], disabled: true }),
    )
    expect(await cli.run('users', 'disable', 'Ada@example.org')).toBe(0)
    expect(cli.sent.at(-1)).toMatchObject({ method: 'PATCH', path: '/users/usr_1' })
    const none = fakeIo(() => json({ items: users, nextCursor: null }))
    expect(await none.run('users', 'link', 'nobody@example.org')).toBe(3)
  })
})

describe('files', () => {
  it('writes an export whole or not at all, and overwrites nothing [M15.cli-export]', async () => {
    const file = join(folder, 'audit.jsonl')
    const whole = fakeIo(() => new Response('{"format":"plinth-audit/1"}\n'))
    expect(await whole.run('audit', 'export', file)).toBe(0)
    expect(await readFile(file, 'utf8')).toBe('{"format":"plinth-audit/1"}\n')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await whole.run('audit', 'export', file)).toBe(7)
    const broken = new ReadableStream({
      start: (stream) => {
        stream.enqueue(Buffer.from('half'))
        stream.error(new Error('cut'))
      },
    })
    const cut = fakeIo(() => new Response(broken))
    expect(await cut.run('audit', 'export', file, '--force')).toBe(5)
    expect(cut.text.err).toContain('STREAM_CUT')
    expect(await readFile(file, 'utf8')).toContain('plinth-audit/1')
    const other = join(folder, 'other.jsonl')
    await fakeIo(() => new Response(broken)).run('audit', 'export', other)
    await expect(stat(other)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('verifies without any server and says what is damaged [M15.cli-verify]', async () => {
    const cli = fakeIo(() => undefined)
    const file = join(folder, 'nonsense.jsonl')
    await writeFile(file, 'not an export\n')
    expect(await cli.run('audit', 'verify', file)).toBe(6)
    expect(cli.text.out).toContain('NOT VERIFIED')
    expect(cli.sent).toEqual([])
    expect(await cli.run('audit', 'verify', join(folder, 'missing'))).toBe(3)
  })
})

describe('doctor', () => {
  const report = {
    ok: false,
    checks: [
      { name: 'database', result: 'ok', detail: 'answers', remedy: null },
      { name: 'disk', result: 'failed', detail: 'full', remedy: 'Free space.' },
    ],
  }

  it('asks the server, and looks at the files where none runs [M40.cli-doctor]', async () => {
    const served = fakeIo(() => json(report))
    expect(await served.run('doctor', '--fsck')).toBe(6)
    expect(served.sent[0]?.query).toEqual({ fsck: 'true' })
    expect(served.text.out).toContain('FAILED   disk: full\n         mend: Free space.')
    let closed = false
    const alone = fakeIo(() => undefined, {
      env: { PLINTH_DATA_DIR: join(folder, 'none') },
      local: async () =>
        ({
          doctor: async () => ({ ok: true, checks: report.checks.slice(0, 1) }),
          close: async () => {
            closed = true
          },
        }) as never,
    })
    expect(await alone.run('doctor')).toBe(0)
    expect(closed).toBe(true)
  })
})

describe('tables', () => {
  it('align wide characters and are cut to the terminal only [M28.cli-tables]', () => {
    const rows = [
      ['常见问题', 'x'],
      ['a', 'y'.repeat(80)],
    ]
    const lines = table(['name', 'value'], rows, 40).trimEnd().split('\n')
    expect(lines).toEqual(['NAME      VALUE', '常见问题  x', `a         ${'y'.repeat(29)}…`])
  })
})

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
