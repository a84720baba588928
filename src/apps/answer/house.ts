import type { RetrieveHouse } from '#data'
import type { Authorizer, Sealer } from '#governance'
import type { Clock } from '#kernel'
import type { ModelCatalog, Router } from '#models'
import type { SnapshotCache, Store } from '#store'
import type { RecallCache } from './recall/recalling.ts'

/** Everything answering needs from outside, built by `src/wiring`. */
export interface AnswerHouse extends RetrieveHouse {
  store: Store
  clock: Clock
  sealer: Sealer
  authorizer: Authorizer
  snapshots: SnapshotCache
  /** Answers that assistants allow to be given again. */
  recalled: RecallCache
  models: {
    catalog: ModelCatalog
    router: Router
  }
}
