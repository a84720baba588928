export type { Bytes, Sha256 } from './bytes.ts'
export {
  type Checkpoint,
  notesIn,
  type Opened,
  openCheckpoint,
  parseVerifierKey,
  type VerifierKey,
} from './checkpoint.ts'
export type { ExportSource } from './lines.ts'
export {
  type ConsistencyClaim,
  type InclusionClaim,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts'
export type { AuditProblem, AuditReport, ExportHeader } from './report.ts'
export { type VerifyOptions, verifyExport } from './verify.ts'
