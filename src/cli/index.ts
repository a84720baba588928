export { type ExitName, exits } from './exits.ts'
export type { CliIo } from './io.ts'
export type { BackupSummary, LocalModel, LocalModels, LocalReport, LocalWork } from './local.ts'
export { runCli } from './run.ts'
