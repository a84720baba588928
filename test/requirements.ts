import { answers } from './requirements/answers.ts'
import { audit } from './requirements/audit.ts'
import { dialects } from './requirements/dialects.ts'
import { documents } from './requirements/documents.ts'
import { doors } from './requirements/doors.ts'
import { gateway } from './requirements/gateway.ts'
import { house } from './requirements/house.ts'
import { masking } from './requirements/masking.ts'
import { metrics } from './requirements/metrics.ts'
import { models } from './requirements/models.ts'
import { people } from './requirements/people.ts'
import { resources } from './requirements/resources.ts'
import { retrieval } from './requirements/retrieval.ts'
import { routing } from './requirements/routing.ts'
import type { Requirement } from './requirements/row.ts'
import { running } from './requirements/running.ts'
import { usage } from './requirements/usage.ts'

/** Everything that Plinth owes, as data. `test/requirements.test.ts` holds the tests to it, and it to the tests. */
export const requirements: readonly Requirement[] = [
  ...documents,
  ...masking,
  ...retrieval,
  ...answers,
  ...models,
  ...dialects,
  ...routing,
  ...gateway,
  ...usage,
  ...metrics,
  ...resources,
  ...people,
  ...audit,
  ...doors,
  ...running,
  ...house,
]
