export {
  type CheckedPart,
  type Citation,
  CitationChecker,
  type CitationCheckOptions,
  type CitationReport,
  type Finding,
  type FindingKind,
  hasMarker,
} from './citations.ts'
