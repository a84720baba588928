import { type Check, type DoctorDeps, guarded, type Report } from './check.ts'
import { checkDatabase, checkRowSecurity } from './database.ts'
import { runFsck } from './fsck/run.ts'
import { checkIndexes } from './indexes.ts'
import {
  checkDataDirectory,
  checkKeys,
  checkLock,
  checkModels,
  checkProviders,
  checkSpace,
} from './machine.ts'
import { checkStoredIndexes } from './stored-indexes.ts'
import { checkCheckpoints, checkDocuments, checkJobs } from './work.ts'

const checks: readonly [name: string, run: (deps: DoctorDeps) => Promise<Check | Check[]>][] = [
  ['database', checkDatabase],
  ['row-level security', checkRowSecurity],
  ['data directory', checkDataDirectory],
  ['data directory lock', checkLock],
  ['disk space', checkSpace],
  ['keys', checkKeys],
  ['embedding model', checkModels],
  ['chat models', checkProviders],
  ['search indexes', checkIndexes],
  ['stored indexes', (deps) => checkStoredIndexes(deps)],
  ['work', checkJobs],
  ['documents', checkDocuments],
  ['audit checkpoints', checkCheckpoints],
]

/**
 * Checks everything that can be wrong and says how to mend it; with `fsck`, compares all that is stored, too. Changes
 * nothing. A check that cannot run counts as failed.
 */
export async function runDoctor(
  deps: DoctorDeps,
  options: { fsck?: boolean; signal?: AbortSignal } = {},
): Promise<Report> {
  const found: Check[] = []
  for (const [name, run] of checks) {
    options.signal?.throwIfAborted()
    found.push(...(await guarded(name, () => run(deps))))
  }
  if (options.fsck) found.push(...(await runFsck(deps, options.signal)))
  return { ok: found.every((check) => check.result !== 'failed'), checks: found }
}
