export { modelNamed, type ReadyModel } from './compiled.ts'
export { bookedEmbedding } from './embedding-call.ts'
export { type Admitted, admit, type GatewayCall } from './forward-call.ts'
export type { GatewayHouse } from './house.ts'
