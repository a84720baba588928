export { UsageBook } from './book.ts'
export type { CallRow } from './call-row.ts'
