import { type Check, type DoctorDeps, guarded } from '../check.ts'
import { checkAuditLog } from './audit.ts'
import { checkBudgets } from './budgets.ts'
import { checkCalls } from './calls.ts'
import { checkConversations } from './conversations.ts'
import { checkStoredDocuments } from './documents.ts'
import { checkJobStates } from './jobs.ts'
import { checkObjects } from './objects.ts'
import { checkVault } from './vault.ts'
import { checkVectors } from './vectors.ts'

type Fsck = (deps: DoctorDeps, organizationId: string, signal?: AbortSignal) => Promise<Check[]>

const checks: readonly [name: string, run: Fsck][] = [
  ['stored documents', checkStoredDocuments],
  ['vectors', checkVectors],
  ['objects', checkObjects],
  ['vault', checkVault],
  ['audit log', checkAuditLog],
  ['conversations', checkConversations],
  ['jobs', checkJobStates],
  ['calls', checkCalls],
  ['budgets', checkBudgets],
]

/** Compares what is stored in rows and objects with itself, organization by organization. Changes nothing. */
export async function runFsck(deps: DoctorDeps, signal?: AbortSignal): Promise<Check[]> {
  const found: Check[] = []
  for (const organizationId of deps.organizationIds) {
    for (const [name, run] of checks) {
      signal?.throwIfAborted()
      found.push(...(await guarded(name, () => run(deps, organizationId, signal))))
    }
  }
  return found
}
