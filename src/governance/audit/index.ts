export { type AppendOptions, appendAudit, appendAuditAll, eraseSubject } from './append.ts'
export { type AuditCheck, type AuditFault, checkAudit } from './check.ts'
export {
  type AuditActor,
  type AuditEventInput,
  type AuditKind,
  type AuditOutcome,
  type AuditRecord,
  actorOf,
  auditEvents,
  systemActor,
  targetText,
} from './events.ts'
export { type ExportOptions, exportAudit } from './export.ts'
export type { KeySealer } from './personal.ts'
export { type AuditProof, consistencyProof, inclusionProof } from './proofs.ts'
export {
  type AuditFilter,
  type AuditPage,
  type AuditState,
  type AuditView,
  auditState,
  listAudit,
  readEvent,
} from './read.ts'
export { CheckpointSigner, type SignedCheckpoint, type SignerOptions } from './signer.ts'
export { auditOrigin, CheckpointKey, loadSigningSeed } from './signing-key.ts'
