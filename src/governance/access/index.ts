export * from './authorize.ts'
export { canonicalReaders, PermissionSets, permissionSetFor } from './permission-sets.ts'
export { type Facts, referenceAllows, referenceReads, type Who } from './reference.ts'
