import type { RetrieveHouse } from '#data'
import type { Authorizer, Sealer } from '#governance'
import type { Clock } from '#kernel'
import type { ModelCatalog, Router } from '#models'
import type { SnapshotCache, Store } from '#store'

/** Everything answering needs from outside, built by `src/wiring`. */
export interface AnswerHouse extends RetrieveHouse {
  store: Store
  clock: Clock
  sealer: Sealer
  authorizer: Authorizer
  snapshots: SnapshotCache
  models: {
    catalog: ModelCatalog
    router: Router
  }
}
