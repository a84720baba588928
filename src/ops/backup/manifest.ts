import { z } from 'zod'

export const backupFormat = 'plinth-backup/1'
export const headName = 'plinth-backup.json'
export const manifestName = 'manifest.json'
export const databaseName = 'database.tar'

/** The first entry of an archive: what it is. */
export const backupHead = z.object({
  format: z.literal(backupFormat),
  /** Of the Plinth that wrote it. */
  version: z.string(),
  engine: z.enum(['pglite', 'postgres']),
  createdAt: z.string(),
})

export type BackupHead = z.output<typeof backupHead>

/** The last entry: every other one with its digest. An archive without it was cut off. */
export const backupManifest = backupHead.extend({
  entries: z.array(
    z.object({
      name: z.string(),
      size: z.number().int().min(0),
      /** Hexadecimal. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
  /** What the archive does not hold, in words. */
  notes: z.array(z.string()),
})

export type BackupManifest = z.output<typeof backupManifest>

export interface BackupSummary {
  createdAt: string
  engine: 'pglite' | 'postgres'
  files: number
  bytes: number
  notes: string[]
}

export function summaryOf(manifest: BackupManifest): BackupSummary {
  const { createdAt, engine, entries, notes } = manifest
  const bytes = entries.reduce((sum, entry) => sum + entry.size, 0)
  return { createdAt, engine, files: entries.length, bytes, notes }
}
