export {
  createExtractor,
  type ExtractedSentence,
  type Extraction,
  type ExtractOptions,
  extract,
} from './extract.ts'
export { instructsModel } from './instructions.ts'
