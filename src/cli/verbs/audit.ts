import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { type AuditReport, type Plinth, PlinthProblem } from '@plinth/sdk'
import { verifyExport } from '@plinth/sdk/audit'
import { PlinthError } from '#kernel'
import { usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import { bytes, time } from '../text.ts'
import { type Verb, type VerbCall, withLimit } from '../verb.ts'

export const auditVerbs: Verb[] = [
  {
    name: 'audit list',
    summary: 'List what happened, newest first',
    needs: ['audit.read'],
    define: (command) =>
      withLimit(command)
        .option('--kind <kind>', 'for example question.answered')
        .option(
          '--actor <who>',
          'who did it: a name, an e-mail address, the name or beginning of a key, an id',
        )
        .option('--target <target>', 'what it was done to, for example document:doc_…')
        .option('--from <time>', 'not before, ISO 8601')
        .option('--to <time>', 'before, ISO 8601')
        .option('--search <text>', 'with this in the event'),
    run: list,
  },
  {
    name: 'audit export',
    summary: 'Write the whole log into a file, or to standard output',
    needs: ['audit.read'],
    define: (command) => command.argument('[file]').option('--force', 'overwrite the file'),
    run: exportLog,
  },
  {
    name: 'audit verify',
    summary: 'Verify an exported log, without any server',
    needs: 'files',
    define: (command) =>
      command
        .argument('<file>', 'an export; "-" is standard input')
        .option('--vkey <key...>', 'the verifier key that you noted, and former ones')
        .option('--checkpoint <file...>', 'checkpoints that you kept'),
    run: verify,
  },
  {
    name: 'audit key',
    summary: 'Print the verifier key: note it once, outside this server',
    needs: ['audit.read'],
    run: key,
  },
]

async function list(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const who = call.option('actor')
  const actor = who === undefined ? undefined : await actorBy(client, who)
  const items = await call.pages((paging) =>
    client.audit.list({
      ...paging,
      kind: call.option('kind'),
      actor,
      target: call.option('target'),
      from: instant(call.option('from')),
      to: instant(call.option('to')),
      search: call.option('search'),
    }),
  )
  await call.rows(
    items,
    {
      seq: (one) => String(one.seq),
      at: (one) => time(one.at),
      kind: (one) => one.kind,
      outcome: (one) => one.outcome,
      by: (one) => one.actorName,
      target: (one) => targetText(one),
    },
    'Nothing.',
  )
  return 'ok'
}

/** The id of whom a person names. Throws NOT_FOUND for nobody, INVALID_INPUT where several are meant. */
async function actorBy(client: Plinth, who: string): Promise<string> {
  const wanted = who.trim().toLowerCase()
  const { items } = await client.audit.actors({ search: who.trim(), limit: 100 })
  const same = items.filter(({ id, name, note }) => {
    return [id, name, note].some((one) => one.toLowerCase() === wanted)
  })
  const found = same.length > 0 ? same : items
  if (found.length === 1 && found[0]) return found[0].id
  // What was removed since may still be asked for by its id.
  if (found.length === 0 && /^(usr|key)_/.test(wanted)) return wanted
  if (found.length === 0) {
    throw new PlinthError('NOT_FOUND', {
      detail: `There is no person and no key "${who}".`,
      remedy: 'See who there is: plinth users list, plinth keys list.',
    })
  }
  const choices = found.slice(0, 5).map(({ id, name, note }) => `${name}, ${note} (${id})`)
  throw usage(`"${who}" may be ${choices.join('; ')}.`, 'Name one of them by its id.')
}

/** `document:doc_… Its title`. */
function targetText({ target, targetName }: { target: string; targetName: string | null }): string {
  return targetName === null ? target : `${target} ${targetName}`
}

/** A date alone means its beginning in UTC. */
function instant(text: string | undefined): string | undefined {
  return text && /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00.000Z` : text
}

async function exportLog(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const response = await client.audit.exportLog()
  const target = call.arg(0)
  if (target === undefined || target === '-') {
    for await (const piece of bodyOf(response)) await call.io.out(piece)
    return 'ok'
  }
  const file = resolve(call.io.cwd, target)
  const written = await writeWhole(file, bodyOf(response), {
    force: call.option<boolean>('force') === true,
    onBytes: (n) => call.progress.show(`${bytes(n)} written`),
  })
  await call.data({ file, bytes: written })
  await call.say(`${bytes(written)} written to ${target}`)
  if (!call.json) call.note(`Check it anywhere: plinth audit verify ${target} --vkey "$KEY"`)
  return 'ok'
}

/** The pieces of a response's body. Throws STREAM_CUT where it ends early. */
export async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  const pieces = response.body as unknown as AsyncIterable<Uint8Array>
  const iterator = pieces[Symbol.asyncIterator]()
  try {
    for (let next = await read(iterator); !next.done; next = await read(iterator)) yield next.value
  } finally {
    // The reader may have stopped early: then the connection must not stay open.
    await iterator.return?.()
  }
}

async function read(from: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await from.next()
  } catch (cause) {
    throw new PlinthProblem(
      {
        code: 'STREAM_CUT',
        detail: 'The connection ended before everything was received.',
        remedy: 'Nothing was kept. Run it again; if it stays so, look into the server’s log.',
      },
      { cause },
    )
  }
}

/** Writes a file whole or not at all (beside its place, synced, then renamed). Refuses to overwrite without `force`. */
export async function writeWhole(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
  options: { force: boolean; onBytes?: (bytes: number) => void },
): Promise<number> {
  // Claims the name at once: a long download must not end in "exists already".
  if (!options.force) await claim(file)
  const draft = `${file}.${process.pid}.part`
  let written = 0
  try {
    const handle = await open(draft, 'w', 0o600)
    try {
      for await (const piece of pieces) {
        await handle.writeFile(piece)
        written += piece.byteLength
        options.onBytes?.(written)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
    await syncFolder(dirname(file))
    return written
  } catch (error) {
    await rm(draft, { force: true })
    if (!options.force) await rm(file, { force: true })
    throw error
  }
}

async function claim(file: string): Promise<void> {
  try {
    await (await open(file, 'wx', 0o600)).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new PlinthError('CONFLICT', {
      detail: `${file} is there already.`,
      where: file,
      remedy: 'Choose another name, or add --force.',
    })
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

async function verify(call: VerbCall): Promise<ExitName> {
  const given = call.arg(0) ?? ''
  const checkpoints: string[] = []
  for (const path of call.option<string[]>('checkpoint') ?? []) {
    checkpoints.push(await readFile(resolve(call.io.cwd, path), 'utf8'))
  }
  const vkey = call.option<string[]>('vkey')
  const report = await verifyExport(await sourceOf(call, given), {
    ...(vkey ? { vkey } : {}),
    ...(checkpoints.length > 0 ? { earlierCheckpoint: checkpoints } : {}),
    onProgress: (events) => call.progress.show(`${events} events checked`),
    // Faster than WebCrypto's, which crosses a thread for each hash.
    sha256: async (data) => new Uint8Array(createHash('sha256').update(data).digest()),
  })
  await call.data(report)
  if (!call.json) await print(call, report)
  return report.ok ? 'ok' : 'unverified'
}

async function sourceOf(call: VerbCall, given: string) {
  if (given === '-') return call.io.stdin()
  const file = resolve(call.io.cwd, given)
  // Opening it first makes a missing file an error of its own, not a damaged export.
  await (await open(file, 'r')).close()
  return Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array<ArrayBuffer>>
}

async function print(call: VerbCall, report: AuditReport): Promise<void> {
  if (report.ok) {
    const kept = report.kept > 0 ? `, ${report.kept} of yours agree` : ''
    await call.say(`verified: ${report.events} events of ${report.origin}`)
    await call.say(`  root ${report.root} at ${report.size}`)
    await call.say(`  ${report.checkpoints} signed checkpoints${kept}`)
  } else {
    await call.say(`NOT VERIFIED: ${report.problemCount} problems in ${report.events} events`)
    for (const { seq, what, remedy } of report.problems) {
      await call.say(`  ${seq === null ? '' : `event ${seq}: `}${what}`)
      await call.say(`    mend: ${remedy}`)
    }
  }
  if (report.unproven.length > 0) await call.say('Not proven by this:')
  for (const what of report.unproven) await call.say(`  - ${what}`)
}

async function key(call: VerbCall): Promise<ExitName> {
  const state = await (await call.client()).audit.state()
  await call.data({ origin: state.origin, vkey: state.vkey })
  await call.say(state.vkey)
  return 'ok'
}
