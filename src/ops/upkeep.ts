import type { Report } from './doctor/index.ts'

/** Looking after an installation: checks and backups, for a running server and for one that is stopped. */
export interface Upkeep {
  doctor(options: {
    organizationIds: readonly string[]
    fsck: boolean
    signal?: AbortSignal
  }): Promise<Report>
  /** A consistent backup as a tar archive. Record `backup.made` first. */
  backup(): AsyncGenerator<Uint8Array>
}
