export type { BackupSummary } from './manifest.ts'
export { type RestoreTarget, restoreBackup } from './restore.ts'
export { type BackupSource, writeBackup } from './write.ts'
