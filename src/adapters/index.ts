export { createDialects } from './dialects/index.ts'
export { type AddedModel, type AddOptions, addModel } from './embedders/add.ts'
export { type KnownModel, knownModels, type ListedModel, listModels } from './embedders/catalog.ts'
export { createDialectEmbedder, type DialectEmbedderOptions } from './embedders/dialect/index.ts'
export { type OnnxOptions, openOnnxEmbedder } from './embedders/onnx/index.ts'
export {
  type NamedChecksums,
  type PullOptions,
  type PullProgress,
  pullKnown,
  pullModel,
  pullWithChecksums,
} from './embedders/pull.ts'
export { createDialectModel } from './models/dialect/index.ts'
export type { HttpModelOptions } from './models/exchange.ts'
export { createExtractiveModel, type Extractor } from './models/extractive/index.ts'
export { createScriptedModel } from './models/scripted/index.ts'
export { upstreamError } from './models/upstream-error.ts'
export { FolderObjectStore } from './objects/folder/folder.ts'
export { FolderUploads } from './objects/uploads/uploads.ts'
export {
  type ClosableOutbound,
  createOutboundClient,
  type OutboundOptions,
} from './outbound/index.ts'
export * from './parsers/index.ts'
export { FolderSource } from './sources/folder/folder.ts'
