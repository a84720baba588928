import { join } from 'node:path'
import type { Config } from '#config'
import {
  type AuditEventInput,
  Authenticator,
  Authorizer,
  appendAuditAll,
  CheckpointKey,
  CheckpointSigner,
  CredentialHasher,
  ensureOrganization,
  loadSigningSeed,
  Sealer,
  SignInAttempts,
} from '#governance'
import { type PlinthError, systemClock, systemPrincipal } from '#kernel'
import {
  type Engine,
  openPglite,
  openPostgres,
  openStore,
  SnapshotCache,
  type Store,
  type Tx,
} from '#store'
import { loadMasterKey } from './keys.ts'

export type Log = (entry: Record<string, unknown>) => void

/** What everything stands on: database, keys, audit, identity. */
export interface Foundation {
  engine: Engine
  store: Store
  snapshots: SnapshotCache
  sealer: Sealer
  signer: CheckpointSigner
  hasher: CredentialHasher
  authenticator: Authenticator
  authorizer: Authorizer
  attempts: SignInAttempts
  organizationId: string
  appendAudit(tx: Tx, events: readonly AuditEventInput[]): Promise<{ first: number; count: number }>
}

/** Opens the database, brings its schema up to date, and makes the organization on a first start. */
export async function openFoundation(config: Config, log: Log): Promise<Foundation> {
  const engine = config.databaseUrl
    ? await openPostgres(config.databaseUrl, { connections: config.databaseConnections })
    : await openPglite({ dataDir: join(config.dataDir, 'database') })
  const store = await openStore(engine)
  const masterKey = await loadMasterKey(config.masterKeyFile)
  const sealer = new Sealer(masterKey)
  const hasher = new CredentialHasher(masterKey)
  const appendAudit = (tx: Tx, events: readonly AuditEventInput[]) =>
    appendAuditAll(tx, events, { sealer })
  const by = { principal: systemPrincipal, appendAudit }
  const { organizationId } = await ensureOrganization(store, config.organization, by)
  const signer = new CheckpointSigner({
    store,
    key: new CheckpointKey(await loadSigningSeed(join(config.dataDir, 'audit.key'))),
    folder: join(config.dataDir, 'audit'),
    onProblem: (organization, error) => log({ ...signingTrouble(error), organization }),
  })
  return {
    engine,
    store,
    snapshots: new SnapshotCache(store),
    sealer,
    signer,
    hasher,
    authenticator: new Authenticator(store, { hasher }),
    authorizer: new Authorizer(store),
    attempts: new SignInAttempts(store, systemClock),
    organizationId,
    appendAudit,
  }
}

/** Only a log that does not append to what was signed is refused; while something cannot be reached, signing waits. */
export function signingTrouble(error: PlinthError): { level: 'warn' | 'error'; message: string } {
  if (error.code === 'INTEGRITY') {
    return { level: 'error', message: `audit checkpoint refused: ${error.message}` }
  }
  const message = `audit checkpoints wait, and are signed once this has passed: ${error.message}`
  return { level: 'warn', message }
}
