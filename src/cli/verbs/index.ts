import type { Verb } from '../verb.ts'
import { answerVerbs } from './answers.ts'
import { auditVerbs } from './audit.ts'
import { cacheVerbs } from './caches.ts'
import { compareVerbs } from './compare.ts'
import { documentVerbs } from './documents.ts'
import { evalVerbs } from './evals.ts'
import { ingestVerbs } from './ingest.ts'
import { jobVerbs } from './jobs.ts'
import { modelVerbs } from './models.ts'
import { peopleVerbs } from './people.ts'
import { priceVerbs } from './prices.ts'
import { registryVerbs } from './registry.ts'
import { resourceVerbs } from './resources.ts'
import { routeVerbs } from './routes.ts'
import { systemVerbs } from './system.ts'
import { usageVerbs } from './usage.ts'

/** Every verb there is, in the order of the help. */
export const verbs: readonly Verb[] = [
  ...systemVerbs.filter((verb) => verb.name === 'start'),
  ...resourceVerbs,
  ...ingestVerbs,
  ...answerVerbs,
  ...documentVerbs,
  ...jobVerbs,
  ...peopleVerbs,
  ...auditVerbs,
  ...modelVerbs,
  ...priceVerbs,
  ...registryVerbs,
  ...compareVerbs,
  ...usageVerbs,
  ...cacheVerbs,
  ...routeVerbs,
  ...systemVerbs.filter((verb) => verb.name !== 'start'),
  ...evalVerbs,
]
