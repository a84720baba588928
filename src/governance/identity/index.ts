export { type Acting, record as recordAct, requireHeld } from './acting.ts'
export { SignInAttempts } from './attempts.ts'
export * from './authenticate.ts'
export { bindRole, listBindings, setUserRoles, unbindRole } from './bindings.ts'
export { CredentialHasher, isApiKey } from './credentials.ts'
export {
  addMember,
  createGroup,
  deleteGroup,
  type Group,
  listGroups,
  removeMember,
  setUserGroups,
} from './groups.ts'
export * from './keys.ts'
export * from './links.ts'
export { type Actor, actorNames, findActors, somebody } from './names.ts'
export * from './organizations.ts'
export { loadPrincipal, readAccessEpoch, readerTokensOf } from './principals.ts'
export type { Binding } from './rights.ts'
export { builtInResources, builtInRoles } from './roles.ts'
export * from './seed.ts'
export {
  listSessions,
  purgeCredentials,
  revokeSession,
  type Session,
  type StartedSession,
} from './sessions.ts'
export { type SignedIn, type SignInParts, signInWithPassword } from './sign-in.ts'
export {
  createUser,
  disableUser,
  enableUser,
  findUserByEmail,
  getUser,
  listUsers,
  normalizeEmail,
  renameUser,
  setPassword,
  type User,
} from './users.ts'
