export { modelNamed, type ReadyModel } from './compiled.ts'
export { bookedEmbedding } from './embedding-call.ts'
export { type Admitted, admit, type GatewayCall, onlyQuotes } from './forward-call.ts'
export type { GatewayHouse } from './house.ts'
export {
  conversationOf,
  deleteResponse,
  itemsNamed,
  type KeptResponse,
  keepResponse,
  keptResponse,
  type Owner,
  purgeResponses,
  saidIn,
} from './kept-responses.ts'
export { admitOperation, type OperationCall } from './operation-call.ts'
export type { OperationName, SentFile } from './operations.ts'
export { pastPrices } from './prices.ts'
export { scrape } from './scrape.ts'
