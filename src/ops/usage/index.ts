export { UsageBook } from './book.ts'
export type { CallRow } from './call-row.ts'
export { listCalls, readCall } from './calls.ts'
export type { CallFilter } from './filter.ts'
export { purgeCalls } from './purge.ts'
export { type RepriceDeps, type RepriceInput, repriceCalls } from './reprice.ts'
export {
  type Percentiles,
  sumUsage,
  type Usage,
  type UsageDimension,
  type UsageGroup,
  type UsageSums,
  usageDimensions,
} from './sums.ts'
