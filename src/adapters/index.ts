export * from './parsers/index.ts'
