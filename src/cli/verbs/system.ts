import { resolve } from 'node:path'
import type { DoctorReport } from '@plinth/sdk'
import { shownOf } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import type { BackupSummary } from '../local.ts'
import { bytes, counted, folded } from '../text.ts'
import type { Verb, VerbCall } from '../verb.ts'
import { bodyOf, writeWhole } from './audit.ts'

export const systemVerbs: Verb[] = [
  {
    name: 'start',
    summary: 'Start the server; settings come from the environment',
    needs: 'files',
    run: start,
  },
  {
    name: 'doctor',
    summary: 'Check everything and say how to mend it; works without a running server, too',
    needs: ['system.read'],
    define: (command) =>
      command.option('--fsck', 'compare all that is stored, too (takes its time)'),
    run: doctor,
  },
  {
    name: 'backup',
    summary: 'Write database, objects, keys and checkpoints into one archive',
    needs: ['system.write'],
    define: (command) =>
      command.argument('<file>', 'the archive, .tar').option('--force', 'overwrite the file'),
    run: backup,
  },
  {
    name: 'restore',
    summary: 'Put a backup into an empty data directory, after checking every digest',
    needs: 'files',
    define: (command) => command.argument('<file>', 'an archive that backup wrote'),
    run: restore,
  },
]

async function start(call: VerbCall): Promise<ExitName> {
  const code = await call.io.startServer([])
  return code === 0 ? 'ok' : code >= 128 ? 'interrupted' : 'failed'
}

async function doctor(call: VerbCall): Promise<ExitName> {
  const fsck = call.option<boolean>('fsck') === true
  call.progress.show(fsck ? 'comparing all that is stored…' : 'checking…')
  const report = await reportOf(call, fsck)
  await call.data(report)
  if (!call.json) await print(call, report)
  return report.ok ? 'ok' : 'unverified'
}

/** By the running server; where none answers, on its files. */
async function reportOf(call: VerbCall, fsck: boolean): Promise<DoctorReport> {
  try {
    const client = await call.client()
    return await client.system.doctor(fsck ? { fsck } : undefined)
  } catch (error) {
    const given = call.options.url ?? call.io.env.PLINTH_URL
    if (given || shownOf(error).code !== 'UNREACHABLE') throw error
    call.note('No server is running: the data directory is checked as it lies.')
    const local = await call.io.local()
    try {
      return await local.doctor({ fsck })
    } finally {
      await local.close()
    }
  }
}

async function print(call: VerbCall, report: DoctorReport): Promise<void> {
  const marks = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' } as const
  for (const { name, result, detail, remedy } of report.checks) {
    await call.say(`${marks[result]}  ${name}: ${detail}`)
    const room = Math.min(call.io.columns, 100)
    if (remedy && result !== 'ok') await call.say(folded(remedy, room, '         mend: '))
  }
  const count = (result: string) => report.checks.filter((one) => one.result === result).length
  await call.say(
    `${counted(report.checks.length, 'check')}: ${count('failed')} failed, ${counted(count('warning'), 'warning')}`,
  )
}

async function backup(call: VerbCall): Promise<ExitName> {
  const target = call.arg(0) ?? ''
  const file = resolve(call.io.cwd, target)
  const options = {
    force: call.option<boolean>('force') === true,
    onBytes: (n: number) => call.progress.show(`${bytes(n)} written`),
  }
  let written: number
  try {
    const client = await call.client()
    // Asking before the file is made: a refusal must not leave an empty one.
    written = await writeWhole(file, bodyOf(await client.system.backup()), options)
  } catch (error) {
    const given = call.options.url ?? call.io.env.PLINTH_URL
    if (given || shownOf(error).code !== 'UNREACHABLE') throw error
    call.note('No server is running: the data directory is read as it lies.')
    written = await writeWhole(file, localBackup(call), options)
  }
  await call.data({ file, bytes: written })
  await call.say(`${bytes(written)} written to ${target}`)
  if (!call.json) call.note('It holds the keys: whoever has this file can read everything in it.')
  return 'ok'
}

async function* localBackup(call: VerbCall): AsyncGenerator<Uint8Array> {
  const local = await call.io.local()
  try {
    yield* local.backup()
  } finally {
    await local.close()
  }
}

async function restore(call: VerbCall): Promise<ExitName> {
  const target = call.arg(0) ?? ''
  call.progress.show('checking every digest…')
  const local = await call.io.local()
  let done: BackupSummary
  try {
    done = await local.restore(resolve(call.io.cwd, target))
  } finally {
    await local.close()
  }
  await call.data(done)
  await call.say(
    `${counted(done.files, 'file')} (${bytes(done.bytes)}) restored from ${done.createdAt}`,
  )
  for (const note of done.notes) call.note(note)
  if (!call.json) call.note('Start it with `plinth start`, then run `plinth doctor --fsck`.')
  return 'ok'
}
