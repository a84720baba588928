export * from './traces/write.ts'
export * from './feedback/give.ts'
