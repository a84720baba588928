export { IndexKeeper, type KeeperHouse, type KeeperPace } from './index-keeper.ts'
export { type IndexedBase, indexedBase, indexName } from './indexed-base.ts'
export { type IndexPart, KnowledgeIndex, readManifest } from './knowledge-index.ts'
export type { Layout } from './lexical.ts'
export { StoredIndexes } from './stored/stored-indexes.ts'
export type {
  DocumentKey,
  IndexDelta,
  IndexedChunk,
  IndexQuery,
  IndexStats,
} from './types.ts'
export {
  type IndexLoader,
  type SearchAnswer,
  SearchWorkers,
  type SearchWorkersOptions,
} from './workers.ts'
