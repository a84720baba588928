export {
  type CheckedPart,
  type Citation,
  CitationChecker,
  type CitationCheckOptions,
  type CitationFinding,
  type CitationFindingKind,
  type CitationReport,
  hasMarker,
} from './citations.ts'
