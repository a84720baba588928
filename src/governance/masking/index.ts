export * from './detect.ts'
export { isNationalId } from './detectors/national-ids.ts'
export * from './document.ts'
export type { DetectOptions, Finding } from './finding.ts'
export {
  type Kind as MaskingKind,
  type KindInfo,
  kindCatalogue,
  kinds as maskingKinds,
  literalKind,
  wantedKinds,
} from './kinds.ts'
export {
  type Masked,
  type MaskOptions,
  mapMaskedOffset,
  mapOffset,
  mask,
  type Replacement,
} from './mask.ts'
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
export * from './vault-store.ts'
