import type { ApplyRequest, ApplyResult, Plinth, ResourceDetail, ResourceKind } from '@plinth/sdk'
import type { Command } from 'commander'
import { PlinthError, resourceKinds } from '#kernel'
import { usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import { readResourceFiles, relocated } from '../resource-files.ts'
import { time } from '../text.ts'
import { type Verb, type VerbCall, wholeNumber, withLimit } from '../verb.ts'

const withFiles = (command: Command) =>
  command.requiredOption(
    '-f, --file <path...>',
    'YAML or JSON files, or folders of them; "-" is standard input',
  )

export const resourceVerbs: Verb[] = [
  {
    name: 'apply',
    summary: 'Create or change resources from files, all or nothing',
    needs: ['resources.write'],
    define: (command) =>
      withFiles(command)
        .option('--dry-run', 'check and show what would change; change nothing')
        .option('-m, --message <text>', 'why, for the history'),
    run: apply,
  },
  {
    name: 'diff',
    summary: 'Show what apply would change',
    needs: ['resources.write'],
    define: (command) => withFiles(command).option('--exit-code', 'exit 8 where there are changes'),
    run: diff,
  },
  {
    name: 'get',
    summary: 'List resources, or print one',
    needs: ['resources.read'],
    define: (command) =>
      withLimit(command)
        .argument('[kind]', kindsText())
        .argument('[name]')
        .option('-o, --output <form>', 'yaml, json or table')
        .option('--at <version>', 'a label, digest or revision of the one that is named'),
    run: get,
  },
  {
    name: 'history',
    summary: 'List the versions of a resource',
    needs: ['resources.read'],
    define: (command) => withLimit(command).argument('<kind>', kindsText()).argument('<name>'),
    run: history,
  },
  {
    name: 'rollback',
    summary: 'Make an earlier version current again',
    needs: ['resources.write'],
    define: (command) =>
      command
        .argument('<kind>', kindsText())
        .argument('<name>')
        .option('-r, --revision <n>', 'which version; without it, the choices', wholeNumber)
        .option('-m, --message <text>', 'why, for the history'),
    run: rollback,
  },
]

function kindsText(): string {
  return Object.keys(resourceKinds).join(', ')
}

/** `assistant`, `assistants` and `Assistant` name one kind. Throws INVALID_INPUT for no kind. */
export function kindOf(text: string): ResourceKind {
  const plain = (word: string) => word.toLowerCase().replace(/[-_]/g, '')
  const wanted = plain(text)
  const kind = Object.keys(resourceKinds).find(
    (one) => plain(one) === wanted || `${plain(one)}s` === wanted,
  )
  if (kind) return kind as ResourceKind
  throw usage(`There is no kind of resource "${text}".`, `Kinds: ${kindsText()}.`)
}

async function apply(call: VerbCall): Promise<ExitName> {
  const result = await applyFiles(call, { dryRun: call.option<boolean>('dryRun') === true })
  await call.data(result)
  for (const { kind, name, outcome, revision } of result.results) {
    await call.say(`${kind}/${name} ${outcome}${outcome === 'unchanged' ? '' : ` (${revision})`}`)
  }
  if (result.dryRun) call.note('Nothing was changed: --dry-run.')
  return 'ok'
}

async function diff(call: VerbCall): Promise<ExitName> {
  const result = await applyFiles(call, { dryRun: true })
  const changed = result.results.filter((one) => one.outcome !== 'unchanged')
  await call.data({ ...result, results: changed })
  for (const { kind, name, outcome, diff } of changed) {
    await call.say(`${kind}/${name} ${outcome === 'created' ? 'would be created' : 'would change'}`)
    await call.say(diff)
  }
  if (changed.length === 0) call.note('No differences.')
  return changed.length > 0 && call.option<boolean>('exitCode') ? 'differs' : 'ok'
}

async function applyFiles(call: VerbCall, how: { dryRun: boolean }): Promise<ApplyResult> {
  const read = await readResourceFiles(call.option<string[]>('file') ?? [], call.io)
  for (const skipped of read.skipped) call.note(`${skipped}: no resource in it, left out`)
  if (read.yaml.trim() === '') {
    throw new PlinthError('NOT_FOUND', {
      detail: 'There is no resource in what was named.',
      remedy: 'Name YAML files with "kind", "name" and "spec", or a folder of them.',
    })
  }
  const request: ApplyRequest = { yaml: read.yaml, file: read.label, dryRun: how.dryRun }
  const message = call.option('message')
  if (message) request.message = message
  try {
    return await (await call.client()).resources.apply(request)
  } catch (error) {
    throw relocated(error, read)
  }
}

async function get(call: VerbCall): Promise<ExitName> {
  const form = call.option('output') ?? (call.json ? 'json' : undefined)
  if (form !== undefined && !['yaml', 'json', 'table'].includes(form)) {
    throw usage(`There is no output form "${form}".`, 'Use -o yaml, -o json or -o table.')
  }
  const client = await call.client()
  const kind = call.arg(0) === undefined ? undefined : kindOf(call.arg(0)!)
  const name = call.arg(1)
  if (kind && name) {
    const found = await client.resources.get(kind, name, call.option('at'))
    await printOne(call, found, form ?? 'yaml')
    return 'ok'
  }
  const items = await call.pages((paging) => client.resources.list({ ...paging, kind }))
  if (form === 'yaml') {
    const details = []
    for (const one of items) details.push(await client.resources.get(one.kind, one.name))
    await call.io.out(details.map((one) => one.yaml.trimEnd()).join('\n---\n'))
    await call.io.out('\n')
    return 'ok'
  }
  const listing = form === 'json' ? call.asJson() : call
  await listing.rows(
    items,
    {
      kind: (one) => one.kind,
      name: (one) => one.name,
      revision: (one) => String(one.revision),
      labels: (one) => one.labels.join(' '),
      changed: (one) => time(one.updatedAt),
      by: (one) => one.updatedByName,
    },
    'There is none.',
  )
  return 'ok'
}

async function printOne(call: VerbCall, found: ResourceDetail, form: string): Promise<void> {
  if (form === 'json') return call.asJson().data(found)
  if (form === 'yaml') return call.say(found.yaml.trimEnd())
  const rows = Object.entries({
    kind: found.kind,
    name: found.name,
    project: found.project,
    revision: String(found.revision),
    digest: found.digest,
    labels: found.labels.join(' '),
    changed: time(found.updatedAt),
    by: found.updatedByName,
    message: found.message,
  })
  await call.rows(rows, { field: ([field]) => field, value: ([, value]) => value }, '')
}

async function history(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const kind = kindOf(call.arg(0) ?? '')
  const items = await call.pages((paging) =>
    client.resources.history(kind, call.arg(1) ?? '', paging),
  )
  await call.rows(
    items,
    {
      revision: (one) => `${one.revision}${one.current ? ' *' : ''}`,
      created: (one) => time(one.createdAt),
      by: (one) => one.createdByName,
      labels: (one) => one.labels.join(' '),
      digest: (one) => one.digest.slice(0, 19),
      message: (one) => one.message,
    },
    'There is none.',
  )
  return 'ok'
}

/** The earlier versions that one may go back to, as what is asked of who named none. */
async function whichVersion(client: Plinth, kind: ResourceKind, name: string): Promise<Error> {
  const { items, nextCursor } = await client.resources.history(kind, name, { limit: 11 })
  const earlier = items.filter(({ current }) => !current).slice(0, 10)
  const now = items.find(({ current }) => current)
  const [newest] = earlier
  if (!newest) {
    return usage(`${kind}/${name} has one version only.`, 'There is nothing to go back to.')
  }
  const lines = earlier.map(({ revision, createdAt, createdByName, message }) => {
    return `\n    ${revision}  ${time(createdAt)}, ${createdByName}${message && `: ${message}`}`
  })
  const more = nextCursor === null ? '' : '\n    and older ones: plinth history'
  return usage(
    `${kind}/${name} is at version ${now?.revision ?? '?'}; which one should be current again?${lines.join('')}${more}`,
    `plinth rollback ${kind} ${name} -r ${newest.revision}`,
  )
}

async function rollback(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const kind = kindOf(call.arg(0) ?? '')
  const name = call.arg(1) ?? ''
  const revision = call.option<number>('revision')
  if (revision === undefined) throw await whichVersion(client, kind, name)
  const message = call.option('message')
  const to = { revision, ...(message ? { message } : {}) }
  const result = await client.resources.rollback(kind, name, to)
  await call.data(result)
  const now = result.results[0]
  if (now?.outcome === 'unchanged') await call.say(`${kind}/${name} is like revision ${revision}.`)
  else await call.say(`${kind}/${name} is like revision ${revision} again (${now?.revision}).`)
  return 'ok'
}
