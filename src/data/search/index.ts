export { type IndexPart, KnowledgeIndex, partsNamedBy } from './knowledge-index.ts'
export type { Layout } from './lexical.ts'
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
