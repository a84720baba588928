export { type DialectSamples, type DialectStream, dialectKit } from './kit.ts'
export { protocolMatrix } from './matrix.ts'
