export { CallMetrics } from './calls.ts'
export { exposition, expositionType, type Family, type Sample } from './exposition.ts'
export { jobFamilies } from './jobs.ts'
export { ProcessMetrics } from './process.ts'
