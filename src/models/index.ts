export * from './cache/index.ts'
export {
  type CallAttempt,
  type CallRecord,
  type CallRequest,
  callModel,
} from './call.ts'
export {
  type ChatModelFactory,
  createModelCatalog,
  type ModelCatalog,
  type Protocol,
} from './catalog/catalog.ts'
export { type NoticedProvider, noticeProviders, type Probe } from './catalog/notice.ts'
export {
  type CatalogueEntry,
  catalogued,
  catalogueOrigin,
  type PriceTold,
  priceTold,
  searchCatalogue,
} from './catalog/prices.ts'
export * from './extractive/index.ts'
export * from './forward/index.ts'
export { genAiAttributes } from './gen-ai.ts'
export type { Named } from './named.ts'
export * from './routing/index.ts'
