import { resolve } from 'node:path'
import { PlinthError } from '#kernel'
import { usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import type { PullChoice } from '../local.ts'
import { bytes } from '../text.ts'
import type { Verb, VerbCall } from '../verb.ts'

export const modelVerbs: Verb[] = [
  {
    name: 'models list',
    summary: 'List embedding models that are here, and those that can be pulled',
    needs: 'files',
    run: list,
  },
  {
    name: 'models pull',
    summary: 'Fetch a model with pinned checksums from the public hub',
    needs: 'files',
    define: (command) =>
      command
        .argument('<name>')
        .option('--hub <url>', 'a mirror of the hub')
        .option('--repository <owner/name>', 'of a model that Plinth does not know')
        .option('--revision <commit>', 'of that repository')
        .option('--sha256 <path=hex...>', 'checksum of each of its files')
        .option('--replace', 'put it in the place of one that is there'),
    run: pull,
  },
  {
    name: 'models add',
    summary: 'Add a model from a folder or archive, without a network',
    needs: 'files',
    define: (command) =>
      command
        .argument('<name>')
        .argument('<path>', 'folder or archive')
        .option('--replace', 'put it in the place of one that is there'),
    run: add,
  },
]

const restart =
  'A running server sees it after a restart; documents read before get their vectors then.'

async function list(call: VerbCall): Promise<ExitName> {
  const { models } = await call.io.local()
  await call.rows(
    await models.list(),
    {
      name: (one) => one.name,
      state: (one) => (one.problem ? `${one.state}: ${one.problem}` : one.state),
      dimensions: (one) => String(one.dimensions ?? ''),
      languages: (one) => (one.languages ?? []).join(' '),
      size: (one) => (one.bytes === undefined ? '' : bytes(one.bytes)),
      licence: (one) => one.licence ?? '',
    },
    `No model in ${models.dir}.`,
  )
  return 'ok'
}

async function pull(call: VerbCall): Promise<ExitName> {
  const { models } = await call.io.local()
  const abort = new AbortController()
  const release = call.io.onInterrupt(() => abort.abort())
  const hub = call.option('hub')
  const pinned = pinnedBy(call)
  try {
    const done = await models.pull(call.arg(0) ?? '', {
      replace: call.option<boolean>('replace') === true,
      signal: abort.signal,
      onProgress: ({ file, received, total }) => {
        const of =
          total > 0 ? ` of ${bytes(total)} (${Math.floor((received / total) * 100)} %)` : ''
        call.progress.show(`${file}: ${bytes(received)}${of}`)
      },
      ...(hub ? { hub } : {}),
      ...(pinned ? { pinned } : {}),
    })
    await call.data({ name: call.arg(0), ...done })
    const size = done.bytes === undefined ? '' : `${bytes(done.bytes)}, `
    await call.say(`${call.arg(0)}: ${size}checked, in ${done.dir}`)
    call.note(restart)
    return 'ok'
  } catch (error) {
    throw withoutHub(error, call.arg(0) ?? '')
  } finally {
    release()
  }
}

/** Where the hub is out of reach: the way that needs no network. */
function withoutHub(error: unknown, name: string): unknown {
  if (!(error instanceof PlinthError) || !unreachable.includes(error.code)) return error
  return new PlinthError(error.code, {
    detail: error.message,
    remedy: `Name a mirror with --hub, or fetch the model where there is a network and add it here: plinth models add ${name} PATH`,
  })
}

const unreachable: readonly string[] = ['UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT', 'UNAVAILABLE']

/** Where a model that is not in the table comes from; all three options, or none. */
function pinnedBy(call: VerbCall): PullChoice['pinned'] {
  const repository = call.option('repository')
  const revision = call.option('revision')
  const sums = call.option<string[]>('sha256')
  if (!repository && !revision && !sums) return undefined
  if (!repository || !revision || !sums) {
    throw usage(
      'A model that Plinth does not know needs --repository, --revision and --sha256.',
      'Name all three, with a checksum for each file.',
    )
  }
  const pairs = sums.map((one) => {
    const at = one.lastIndexOf('=')
    if (at < 1) throw usage(`"${one}" is not PATH=HEX.`, 'For example tokenizer.json=3fc1….')
    return [one.slice(0, at), one.slice(at + 1)] as const
  })
  return { repository, revision, sha256: Object.fromEntries(pairs) }
}

async function add(call: VerbCall): Promise<ExitName> {
  const { models } = await call.io.local()
  const name = call.arg(0) ?? ''
  const added = await models.add(name, resolve(call.io.cwd, call.arg(1) ?? ''), {
    replace: call.option<boolean>('replace') === true,
  })
  await call.data({ name, ...added })
  const known = added.pinned ? 'its files are the ones that Plinth knows' : 'not a known model'
  await call.say(`${name}: ${added.dimensions} dimensions, ${known}, in ${added.dir}`)
  call.note(restart)
  return 'ok'
}
