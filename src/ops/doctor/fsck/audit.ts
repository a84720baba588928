import { checkAudit } from '#governance'
import type { Check, DoctorDeps } from '../check.ts'
import { Findings } from '../findings.ts'

/** The whole log against its tree, frontier, subtrees and checkpoints. */
export async function checkAuditLog(deps: DoctorDeps, organizationId: string): Promise<Check[]> {
  const remedy =
    'Treat the database as compromised: secure it, export the log, compare with a backup and with checkpoints kept elsewhere.'
  const damage = new Findings('audit log', remedy)
  const { events, checkpoints, faults } = await checkAudit(deps.store, organizationId)
  damage.looked = events
  for (const { seq, what } of faults) damage.add(seq === null ? what : `event ${seq}: ${what}`)
  return [damage.check(`events in one tree, ${checkpoints} checkpoints agree`)]
}
