import type { Route } from '../http/route.ts'
import { askRoutes } from './ask.ts'
import { conversationRoutes } from './conversations.ts'
import { documentRoutes } from './documents.ts'
import { jobRoutes } from './jobs.ts'
import { knowledgeRoutes } from './knowledge.ts'
import { searchRoutes } from './search.ts'
import { systemRoutes } from './system.ts'
import { systemBackupRoutes } from './system-backup.ts'
import { traceRoutes } from './traces.ts'
import { uploadRoutes } from './uploads.ts'

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
  ...systemRoutes,
  ...systemBackupRoutes,
]
