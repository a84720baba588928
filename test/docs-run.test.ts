import { execFile, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doorOf } from './open-house.ts'
import { type SampleServer, startSampleServer } from './sample-server.ts'
import { allFiles, root, textOf } from './tidy/sources.ts'

/**
 * Every fenced block of the documentation does what it says, on one running server with the sample company, in a folder
 * that looks like a checkout. Comments above a block say what is expected of it:
 * `not run: REASON`, `exits: CODE` (else 0), `prints: TEXT`. Assignments of a page hold for its later blocks.
 */
interface Block {
  place: string
  page: string
  language: string
  text: string
  marks: Record<string, string>
}

const pages = allFiles.filter((file) => /^(README\.md|docs\/.*\.md)$/.test(file))
const runs = ['sh', 'bash', 'ts', 'js', 'yaml', 'json']
const blocks = pages.flatMap(blocksOf)

function blocksOf(page: string): Block[] {
  const found = textOf(page).matchAll(/((?:^<!-- .* -->\n)*)^```(\w+)\n([\s\S]*?)^```$/gm)
  return [...found].map((match) => {
    const [, comments = '', language = '', text = ''] = match
    const marks = [...comments.matchAll(/^<!-- ([\w ]+): (.*) -->$/gm)]
    const line = textOf(page).slice(0, match.index).split('\n').length
    return {
      place: `${page}:${line}`,
      page,
      language,
      text,
      marks: Object.fromEntries(marks.map(([, name, value]) => [name, value])),
    }
  })
}

/** What pages presume to be there: a person's own folder of resources, and letters to upload. */
const ownCompany = (folder: string) => `
kind: KnowledgeBase
name: own
spec: { readers: [everyone] }
---
kind: Source
name: handbook
spec: { knowledgeBase: own, folder: { path: ${JSON.stringify(folder)} } }
---
kind: Source
name: inbox
spec: { knowledgeBase: own, upload: {} }
`

let folder: string
let server: SampleServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-docs-'))
  for (const name of ['node_modules', 'src', 'sdk', 'samples', 'package.json']) {
    await symlink(join(root, name), join(folder, name))
  }
  for (const name of ['tools', 'handbook', 'letters', 'resources', 'my-company']) {
    await mkdir(join(folder, name))
  }
  await writeFile(join(folder, 'handbook', 'tea.md'), '# Tea\n\nTea is at four.\n')
  await writeFile(join(folder, 'letters', 'letter.txt'), 'Dear all, tea is at five.\n')
  for (const name of ['resources', 'my-company']) {
    await writeFile(join(folder, name, 'own.yaml'), ownCompany(join(folder, 'handbook')))
  }
  const plinth = `exec "${process.execPath}" "${join(root, 'bin', 'plinth.mjs')}"`
  await tool('plinth', `${plinth} "$@"`)
  await tool('npx', `[ "$1" = plinth ] || exit 127; shift; ${plinth} "$@"`)
  server = await startSampleServer(join(folder, 'data'))
  await bash('plinth jobs watch')
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function tool(name: string, script: string): Promise<void> {
  const file = join(folder, 'tools', name)
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
}

interface Ran {
  code: number
  out: string
  err: string
}

/** As a person types it, except for the port. */
function bash(text: string): Promise<Ran> {
  const script = text.replaceAll('http://127.0.0.1:4300', server.url)
  const env = { ...server.env, PATH: `${join(folder, 'tools')}:${process.env.PATH}` }
  return new Promise((resolve) => {
    const child = execFile(
      'bash',
      ['--norc', '-euo', 'pipefail', '-c', script],
      { cwd: folder, env },
      (e, out, err) => resolve({ code: e ? Number(child.exitCode) : 0, out, err }),
    )
    child.stdin?.end()
  })
}

/** A block as the words for a shell. Snippets run on the Node of the project, YAML is applied without effect. */
async function scriptOf(block: Block): Promise<string> {
  const text = block.text.replaceAll('http://127.0.0.1:4300', server.url)
  if (['sh', 'bash'].includes(block.language)) return text
  const file = `block-${blocks.indexOf(block)}.${block.language === 'yaml' ? 'yaml' : `m${block.language}`}`
  await writeFile(join(folder, file), text)
  if (block.language === 'yaml') return `plinth apply --dry-run -f ${file}`
  return `"${process.execPath}" ${file}`
}

const assignment = /^(?:export )?[A-Z_]+=\S.*$/gm
const assignmentsBefore = (block: Block) =>
  blocks
    .slice(0, blocks.indexOf(block))
    .filter((one) => one.page === block.page && one.language === 'sh' && !one.marks['not run'])
    .flatMap((one) => one.text.match(assignment) ?? [])
    .filter((line) => !/^\S+ plinth /.test(line))

const outputs = new Map<Block, string>()
const runnable = blocks.filter(({ language, marks }) => language !== 'json' && !marks['not run'])

describe('the documentation', () => {
  it('has blocks of known languages only, each run, compared, or marked with a reason [HOUSE.docs-run]', () => {
    expect(blocks.filter(({ language }) => !runs.includes(language))).toEqual([])
    expect(runnable.length).toBeGreaterThan(25)
    for (const { place, marks } of blocks) {
      expect(
        Object.keys(marks).filter((name) => !/^(not run|exits|prints)$/.test(name)),
        place,
      ).toEqual([])
      if ('not run' in marks) expect(marks['not run']?.length, place).toBeGreaterThan(20)
    }
  })

  for (const block of runnable) {
    it.skipIf(lacksTool(block))(
      `does what it says at ${block.place} [HOUSE.docs-run]`,
      async () => {
        const script = await scriptOf(block)
        const { code, out, err } = await bash([...assignmentsBefore(block), script].join('\n'))
        outputs.set(block, out)
        expect([code, err]).toEqual([Number(block.marks.exits ?? 0), expect.any(String)])
        if (block.marks.prints) expect(out).toContain(block.marks.prints)
        if (!jsonAfter(block)) expect(out).not.toContain('urn:plinth:error')
      },
    )
  }

  const shown = blocks.filter(({ language, marks }) => language === 'json' && !marks['not run'])
  for (const block of shown) {
    const before = blocks[blocks.indexOf(block) - 1]
    const from = produced[block.page] ? undefined : before
    it.skipIf(lacksTool(from))(
      `shows what really comes at ${block.place} [HOUSE.docs-run]`,
      async () => {
        const said = (await produced[block.page]?.()) ?? outputs.get(from!) ?? ''
        for (const example of documentsIn(block.text)) {
          const fits = documentsIn(said).map((real) => differences(example, real))
          expect(fits.toSorted((a, b) => a.length - b.length)[0]).toEqual([])
        }
      },
    )
  }
})

/** Whether a block uses a program that this machine does not have; Plinth needs none of them. */
function lacksTool(block: Block | undefined): boolean {
  const used = ['curl', 'jq'].filter((name) =>
    new RegExp(`(^|[|(] *)${name} `, 'm').test(block?.text ?? ''),
  )
  return used.some((name) => spawnSync(name, ['--version']).status !== 0)
}

/** The JSON block that shows what comes of a block: the next one of its page. */
function jsonAfter(block: Block): Block | undefined {
  const next = blocks[blocks.indexOf(block) + 1]
  return next?.page === block.page && next.language === 'json' ? next : undefined
}

/** What JSON blocks show that stand for themselves. */
const produced: Record<string, () => Promise<string>> = {
  'docs/errors.md': async () => {
    const key = (await readFile(join(folder, 'data', 'admin.key'), 'utf8')).trim()
    const apply = doorOf(server.url, key)
    const yaml = 'kind: Prompt\nname: twice\nspec: { system: Once }\n'
    await apply('POST', '/api/v1/resources', { body: { yaml } })
    const late = { yaml: yaml.replace('Once', 'Twice'), expectedRevisions: { 'Prompt/twice': 7 } }
    return (await apply('POST', '/api/v1/resources', { body: late })).text
  },
  'docs/security/audit.md': async () => (await bash('plinth audit export')).out,
}

/** One JSON document, or one a line. */
function documentsIn(text: string): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch {
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
}

/** Where the example has a field that really is not there, or is of another type. */
function differences(example: unknown, real: unknown, at = ''): string[] {
  const kind = (value: unknown) =>
    Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value
  if (kind(example) !== kind(real)) return [`${at}: ${kind(example)}, really ${kind(real)}`]
  if (Array.isArray(example) && Array.isArray(real)) {
    if (example.length > 0 && real.length === 0) return [`${at}: really empty`]
    return example.slice(0, 1).flatMap((one) => differences(one, real[0], `${at}[0]`))
  }
  if (kind(example) !== 'object') return []
  return Object.entries(example as object).flatMap(([name, value]) =>
    differences(value, (real as Record<string, unknown>)[name], `${at}.${name}`),
  )
}
