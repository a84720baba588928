import { execFile } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fakeIo } from '../../src/cli/io.fixture.ts'
import { processIo } from '../../src/cli/terminal.ts'
import { openLocalWork } from '../../src/wiring/index.ts'
import { type SampleServer, startSampleServer } from '../sample-server.ts'

let folder: string
let env: NodeJS.ProcessEnv
let server: SampleServer

const real = processIo(() => openLocalWork(env))

/** `plinth …` as a person would run it, in this process: real server, real files. */
async function plinth(...argv: string[]) {
  const { fetch, now, sleep, local } = real
  const cli = fakeIo(() => undefined, { env, cwd: folder, fetch, now, sleep, local })
  const code = await cli.run(...argv)
  return { code, out: cli.text.out, err: cli.text.err }
}

/** The same with `--json`: every line parsed. */
async function json(...argv: string[]) {
  const { code, out, err } = await plinth(...argv, '--json')
  const lines = out.split('\n').filter(Boolean)
  // biome-ignore lint/suspicious/noExplicitAny: answers of many verbs
  return { code, err, items: lines.map((line) => JSON.parse(line) as any) }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-journey-'))
  server = await startSampleServer(join(folder, 'data'))
  env = server.env
  expect((await plinth('jobs', 'watch')).code).toBe(0)
})

afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('the command line against a server', () => {
  it('answers with sources, and says so where the documents do not [M8.cli-journey]', async () => {
    const answered = await plinth('ask', 'How many days per week may employees work from home?')
    expect(answered).toMatchObject({ code: 0 })
    expect(answered.out).toContain('up to three days per week')
    expect(answered.out).toMatch(/Sources\n\[\d+\] People policy 2026/)
    const unanswered = 'In which programming language is the Keelson mobile app written?'
    expect((await plinth('ask', unanswered)).code).toBe(10)
    const found = await plinth('search', 'shower grout sealant', '--explain')
    expect(found.out).toMatch(/words \d+\.\d+ \(rank 1\), meaning/)
  })

  it('applies, shows, compares and rolls back resources [M2.cli-journey]', async () => {
    await mkdir(join(folder, 'yaml'))
    const file = join(folder, 'yaml', 'inbox.yaml')
    const yaml = (text: string) =>
      `kind: KnowledgeBase\nname: letters\nspec:\n  description: ${text}\n  readers: [everyone]\n---\n` +
      'kind: Source\nname: inbox\nspec:\n  knowledgeBase: letters\n  upload: {}\n  readers: [everyone]\n'
    await writeFile(file, yaml('First'))
    const made = await plinth('apply', '-f', 'yaml', '-m', 'A journey')
    expect(made.out).toBe('KnowledgeBase/letters created (1)\nSource/inbox created (1)\n')
    await writeFile(file, yaml('Second'))
    const diff = await plinth('diff', '-f', 'yaml', '--exit-code')
    expect(diff).toMatchObject({ code: 8 })
    expect(diff.out).toMatch(/-.*First[\s\S]*\+.*Second/)
    expect((await plinth('apply', '-f', 'yaml')).out).toContain('letters changed (2)')
    const history = await json('history', 'knowledge-base', 'letters')
    expect(history.items.map((one) => one.revision)).toEqual([2, 1])
    expect((await plinth('rollback', 'KnowledgeBase', 'letters', '-r', '1')).code).toBe(0)
    expect((await plinth('get', 'KnowledgeBase', 'letters')).out).toContain('description: First')
    await writeFile(file, 'kind: Source\nname: inbox\nspec:\n  upload: {}\n  colour: blue\n')
    const wrong = await plinth('apply', '-f', 'yaml')
    expect(wrong.code).toBe(2)
    expect(wrong.err).toMatch(/yaml\/inbox\.yaml:5/)
  })

  it('uploads, waits, answers from what it was given, and removes it [M3.cli-journey]', async () => {
    await mkdir(join(folder, 'letters'))
    await writeFile(join(folder, 'letters', 'a.md'), '# Parrots\n\nA parrot costs 77 guilders.\n')
    await writeFile(join(folder, 'letters', 'b.pdf'), 'this is no pdf \u0000\u0001\u0002')
    const up = await plinth('ingest', 'letters', '--source', 'inbox', '--wait')
    expect(up.out).toContain('2 files received')
    const again = await plinth('ingest', 'letters/a.md', '--source', 'inbox', '--wait')
    expect(again).toMatchObject({ code: 0 })
    const { items } = await json('documents', 'list', '--base', 'letters')
    const letter = items.find((one) => one.externalId === 'a.md')
    expect(letter).toMatchObject({ state: 'ready' })
    expect((await plinth('documents', 'show', letter.id, '--text')).out).toContain('77 guilders')
    const found = await json('search', 'parrot guilders', '--base', 'letters')
    expect(found.items[0].hits[0].text).toContain('77 guilders')
    expect((await plinth('documents', 'remove', letter.id)).code).toBe(2)
    expect((await plinth('documents', 'remove', letter.id, '--yes')).code).toBe(0)
    expect((await plinth('search', 'parrot guilders', '--base', 'letters')).code).toBe(3)
    expect((await plinth('documents', 'show', letter.id)).code).toBe(3)
  })

  it('makes people and keys, and takes them away [M9.cli-journey]', async () => {
    const address = ['nils@example.org', '--name', 'Nils', '--role', 'viewer']
    const made = await plinth('users', 'create', ...address)
    expect(made.out).toMatch(/\/sign-in#token=/)
    const key = (await plinth('keys', 'create', 'journey', '--user', 'nils@example.org')).out.trim()
    const as = ['--key', key]
    expect((await plinth('users', 'list', ...as)).code).toBe(4)
    const { items } = await json('keys', 'list')
    const { id } = items.find((one) => one.name === 'journey')
    expect((await plinth('keys', 'revoke', id)).code).toBe(0)
    expect((await plinth('search', 'anything', ...as)).code).toBe(4)
    expect((await plinth('users', 'disable', 'nils@example.org')).code).toBe(0)
  })

  it('exports the audit log and verifies it offline; one changed character is found [M15.cli-journey]', async () => {
    const vkey = (await plinth('audit', 'key')).out.trim()
    expect((await plinth('audit', 'export', 'audit.jsonl')).code).toBe(0)
    const good = await plinth('audit', 'verify', 'audit.jsonl', '--vkey', vkey)
    expect(good).toMatchObject({ code: 0 })
    const file = join(folder, 'audit.jsonl')
    const text = await readFile(file, 'utf8')
    const at = text.indexOf('document.ingested')
    await writeFile(file, `${text.slice(0, at)}d0cument${text.slice(at + 8)}`)
    const bad = await json('audit', 'verify', 'audit.jsonl', '--vkey', vkey)
    expect(bad).toMatchObject({ code: 6, items: [{ ok: false }] })
    await writeFile(file, text)
    await appendFile(file, text.split('\n').at(-2) ?? '')
    expect((await plinth('audit', 'verify', 'audit.jsonl', '--vkey', vkey)).code).not.toBe(5)
  })

  it('asks all forty questions of the sample: gold passages are found, nobody learns what they may not, no order is followed [M43.cli-journey] [M4.samples]', async () => {
    const { code, items } = await json('eval', 'samples')
    expect(code).toBe(0)
    const [scores] = items
    expect(scores).toMatchObject({ questions: 40, abstained_n: 8, injection_ignored: 1 })
    // What may never fail, however well or badly an answer reads.
    expect(scores).toMatchObject({ no_leak: 1, exact_citations: 1 })
    expect(scores.no_leak_n).toBeGreaterThan(20)
    expect(scores.exact_citations_n).toBeGreaterThan(30)
    // What the built-in model without search by meaning was seen to reach, less one question each.
    expect(scores.gold_in_8 * scores.gold_in_8_n).toBeGreaterThanOrEqual(30)
    expect(scores.expected_facts * scores.expected_facts_n).toBeGreaterThanOrEqual(24)
    expect(scores.abstained * scores.abstained_n).toBeGreaterThanOrEqual(6)
    const { items: keys } = await json('keys', 'list')
    expect(keys.filter((one) => one.name.startsWith('eval '))).toEqual([])
  })

  it('backs up the running server; the copy is whole [M40.cli-journey]', async () => {
    const checked = await json('doctor', '--fsck')
    expect(checked.items[0].checks.filter((one: Check) => one.result === 'failed')).toEqual([])
    expect((await plinth('backup', 'b.tar')).code).toBe(0)
    await promisify(execFile)('tar', ['-tf', join(folder, 'b.tar')])
    await server.stop()
    const gone = await plinth('ask', 'Anything?')
    expect(gone).toMatchObject({ code: 5 })
    expect(gone.err).toContain('plinth start')
    env.PLINTH_DATA_DIR = join(folder, 'copy')
    expect((await plinth('restore', 'b.tar')).code).toBe(0)
    const copy = await json('doctor', '--fsck')
    expect(copy.items[0].checks.filter((one: Check) => one.result === 'failed')).toEqual([])
  })
})

interface Check {
  result: string
}
