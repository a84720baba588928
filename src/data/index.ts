export { type ParsableContent, parse } from './parse.ts'
export * from './parser-pool.ts'
