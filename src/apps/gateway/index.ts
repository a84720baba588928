export { modelNamed, type ReadyModel } from './compiled.ts'
export type { CallLabels } from './facts.ts'
export { type Admitted, admit, type GatewayCall } from './forward-call.ts'
export type { GatewayHouse } from './house.ts'
