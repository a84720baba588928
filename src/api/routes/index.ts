import type { Route } from '../http/route.ts'
import { askRoutes } from './ask.ts'
import { conversationRoutes } from './conversations.ts'

/** The route table: every HTTP surface, in the order of the documentation. */
export const routes: readonly Route[] = [...askRoutes, ...conversationRoutes]
