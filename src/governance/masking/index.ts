export * from './detect.ts'
export { isNationalId } from './detectors/national-ids.ts'
export * from './document.ts'
export type { DetectOptions, Finding } from './finding.ts'
export {
  type Kind,
  type KindInfo,
  kindCatalogue,
  kinds,
  literalKind,
  wantedKinds,
} from './kinds.ts'
export * from './mask.ts'
export {
  isLiteral,
  type Lookup,
  type Mint,
  PlaceholderScope,
  placeholderPattern,
  type ScopeEntry,
} from './placeholder.ts'
export * from './stream.ts'
export * from './unmask.ts'
