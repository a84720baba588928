export * from './audit/index.ts'
export * from './guardrails/index.ts'
export * from './masking/index.ts'
export * from './sealing.ts'
