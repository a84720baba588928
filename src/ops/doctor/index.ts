export type { Check, DoctorDeps, LoadedIndex, ProviderState, Report } from './check.ts'
export { runDoctor } from './run.ts'
