export { type CompareDeps, type CompareInput, candidateOf, compareModels } from './compare.ts'
export type { Compared } from './report.ts'
