import { resolve } from 'node:path'
import type { ExitName } from '../exits.ts'
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
    })
    await call.data({ name: call.arg(0), ...done })
    await call.say(`${call.arg(0)}: ${bytes(done.bytes)}, checked, in ${done.dir}`)
    call.note(restart)
    return 'ok'
  } finally {
    release()
  }
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
