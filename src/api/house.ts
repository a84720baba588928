import type { AnswerHouse, GatewayHouse } from '#apps'
import type { IngestHouse, ResourceReader } from '#data'
import type {
  AuditEventInput,
  Authenticator,
  Authorizer,
  CheckpointSigner,
  CredentialHasher,
  Sealer,
  SignInAttempts,
} from '#governance'
import type { Clock, Secret } from '#kernel'
import type { ProcessMetrics, Upkeep } from '#ops'
import type { Embedder, ObjectStore } from '#ports'
import type { Applied, JobWorker, SnapshotCache, Store, Tx } from '#store'

/** Everything the doors need, built by `src/wiring`. */
export interface ApiHouse {
  version: string
  store: Store
  objects: ObjectStore
  clock: Clock
  snapshots: SnapshotCache
  sealer: Sealer
  signer: CheckpointSigner
  authenticator: Authenticator
  authorizer: Authorizer
  hasher: CredentialHasher
  attempts: SignInAttempts
  /** Appends audit events, with personal data sealed. */
  appendAudit(tx: Tx, events: readonly AuditEventInput[]): Promise<{ first: number; count: number }>
  answer: AnswerHouse
  gateway: GatewayHouse
  ingest: IngestHouse
  /** Reads YAML that somebody sent. */
  resourceReader: ResourceReader
  jobs: JobWorker
  uploads: UploadFiles
  /** Bytes that uploads and texts may store for one organization; 0: no limit. */
  uploadQuota: number
  /** Checks (`doctor`) and backups. */
  upkeep: Upkeep
  /** The organization that this server serves to people who sign in. */
  organization: { id: string; name: string }
  /** Address that people use, without a slash at the end. */
  publicUrl: () => string
  /** Cookies are marked Secure where people reach the server over TLS. */
  secureCookies: boolean
  /** Told after resources changed, so that sources follow their own and their base's settings. */
  resourcesChanged(organizationId: string, applied: readonly Applied[]): Promise<void>
  facts(): SystemFacts
  metrics: ProcessMetrics
  /** Opens `/metrics` without a principal; empty: nothing does. */
  metricsToken: Secret
  /** The embedders that `/v1/embeddings` offers, by name. */
  embedders(): ReadonlyMap<string, Embedder>
}

/** What `GET /status` tells beside the live state. */
export interface SystemFacts {
  embedder: string | null
  denseOff: string | null
  sample: boolean
  startedAt: Date
  offers: { name: string; note: string; yaml: string }[]
}

/** Files while they are received: appended at an offset, then turned into an object. */
export interface UploadFiles {
  /**
   * Appends from `offset`, up to `size` in all; returns bytes safely on disk. Throws CONFLICT where the file has another
   * length, INVALID_INPUT where more comes than was said.
   */
  append(
    id: string,
    at: { offset: number; size: number },
    body: NodeJS.ReadableStream,
  ): Promise<number>
  size(id: string): Promise<number>
  /** Digest of the whole file, then the object of that digest exists: `keyOf` names and claims it. */
  finish(
    id: string,
    keyOf: (digest: string) => Promise<string>,
  ): Promise<{ digest: string; key: string }>
  discard(id: string): Promise<void>
}
