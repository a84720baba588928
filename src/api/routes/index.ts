import { anthropicRoutes } from '../compatible/anthropic/index.ts'
import { cohereRoutes } from '../compatible/cohere/rerank.ts'
import { openAiRoutes } from '../compatible/openai/index.ts'
import type { Route } from '../http/route.ts'
import { askRoutes } from './ask.ts'
import { auditRoutes } from './audit.ts'
import { budgetRoutes } from './budgets.ts'
import { cacheRoutes } from './caches.ts'
import { callRoutes } from './calls.ts'
import { comparisonRoutes } from './comparisons.ts'
import { conversationRoutes } from './conversations.ts'
import { documentRoutes } from './documents.ts'
import { jobRoutes } from './jobs.ts'
import { keyRoutes } from './keys.ts'
import { knowledgeRoutes } from './knowledge.ts'
import { metricRoutes } from './metrics.ts'
import { openApiRoute } from './openapi.ts'
import { peopleRoutes } from './people.ts'
import { priceRoutes } from './prices.ts'
import { registryRoutes } from './registry.ts'
import { resourceRoutes } from './resources.ts'
import { routingRoutes } from './routing.ts'
import { searchRoutes } from './search.ts'
import { sessionRoutes } from './session.ts'
import { systemRoutes } from './system.ts'
import { systemBackupRoutes } from './system-backup.ts'
import { traceRoutes } from './traces.ts'
import { uploadRoutes } from './uploads.ts'
import { usageRoutes } from './usage.ts'

/** The route table: every HTTP surface, in the order of the documentation. */
export const routes: readonly Route[] = [
  ...askRoutes,
  ...conversationRoutes,
  ...searchRoutes,
  ...knowledgeRoutes,
  ...documentRoutes,
  ...uploadRoutes,
  ...jobRoutes,
  ...traceRoutes,
  ...callRoutes,
  ...usageRoutes,
  ...budgetRoutes,
  ...priceRoutes,
  ...cacheRoutes,
  ...registryRoutes,
  ...comparisonRoutes,
  ...auditRoutes,
  ...keyRoutes,
  ...peopleRoutes,
  ...resourceRoutes,
  ...routingRoutes,
  ...sessionRoutes,
  ...systemRoutes,
  ...systemBackupRoutes,
  ...metricRoutes,
  openApiRoute(() => routes),
  ...openAiRoutes,
  ...anthropicRoutes,
  ...cohereRoutes,
]
