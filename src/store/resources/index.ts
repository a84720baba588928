export {
  type Applied,
  type ApplyOptions,
  type ApplyOutcome,
  applyResources,
} from './apply.ts'
export { applyWritten } from './apply-written.ts'
export * from './by.ts'
export * from './change.ts'
export {
  checkResource,
  kindNames,
  type Origin,
  type ResourceInput,
  type ResourceProblem,
} from './check.ts'
export { type DiffHunk, type DiffLine, diffLines, diffText, type TextDiff } from './diff.ts'
export * from './parse.ts'
export * from './read.ts'
export { type Reference, referencesOf, splitReference } from './references.ts'
export { ownerRole, readableProjects, writePermission } from './rights.ts'
export { bumpAccessEpoch, lockAccess } from './rows.ts'
export * from './snapshot.ts'
export * from './snapshot-cache.ts'
export { inProduction, modelApprovers } from './stages.ts'
export { nearest, suggestion } from './suggest.ts'
export * from './to-yaml.ts'
