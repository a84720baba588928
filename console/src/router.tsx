import { PlinthProblem } from '@plinth/sdk'
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { Skeleton } from './components/States.tsx'
import { queryClient, signedOut } from './data/client.ts'
import { queries } from './data/queries.ts'
import { patiently } from './data/reach.ts'
import { Frame } from './frame/Frame.tsx'
import { FaultScreen, NotFoundScreen, UnreachableScreen } from './frame/Screens.tsx'
import * as search from './search-params.ts'

/** A page that is loaded when it is first opened. */
const screen: typeof lazyRouteComponent = (load, name) =>
  lazyRouteComponent(() => patiently(load), name)

const root = createRootRoute({ component: Outlet, errorComponent: UnreachableScreen })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: search.signIn,
  component: screen(() => import('./screens/signin/SignInScreen.tsx'), 'SignInScreen'),
})

/** Everything that needs somebody signed in. Who is not goes to the sign-in page and comes back. */
const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  component: Frame,
  notFoundComponent: NotFoundScreen,
  errorComponent: UnreachableScreen,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(queries.me())
    } catch (cause) {
      if (!(cause instanceof PlinthProblem) || cause.status !== 401) throw cause
      throw redirect({ to: '/sign-in', search: { next: location.href } })
    }
  },
})

const index = createRoute({
  getParentRoute: () => app,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/ask', replace: true })
  },
})

const nowhere = createRoute({
  getParentRoute: () => app,
  path: '$',
  component: NotFoundScreen,
})

const askScreen = screen(() => import('./screens/ask/AskScreen.tsx'), 'AskScreen')
const ask = createRoute({
  getParentRoute: () => app,
  path: '/ask',
  validateSearch: search.ask,
  component: askScreen,
})
const conversation = createRoute({
  getParentRoute: () => app,
  path: '/ask/$conversationId',
  validateSearch: search.ask,
  component: askScreen,
})

const knowledge = createRoute({
  getParentRoute: () => app,
  path: '/knowledge',
  component: screen(() => import('./screens/knowledge/BasesScreen.tsx'), 'BasesScreen'),
})
const documents = createRoute({
  getParentRoute: () => app,
  path: '/knowledge/$base',
  validateSearch: search.documents,
  component: screen(() => import('./screens/knowledge/DocumentsScreen.tsx'), 'DocumentsScreen'),
})
const sources = createRoute({
  getParentRoute: () => app,
  path: '/knowledge/$base/sources',
  component: screen(() => import('./screens/knowledge/SourcesScreen.tsx'), 'SourcesScreen'),
})
const bench = createRoute({
  getParentRoute: () => app,
  path: '/knowledge/$base/search',
  validateSearch: search.bench,
  component: screen(() => import('./screens/knowledge/BenchScreen.tsx'), 'BenchScreen'),
})
const document = createRoute({
  getParentRoute: () => app,
  path: '/documents/$documentId',
  validateSearch: search.document,
  component: screen(() => import('./screens/document/DocumentScreen.tsx'), 'DocumentScreen'),
})

const activity = createRoute({
  getParentRoute: () => app,
  path: '/activity',
  validateSearch: search.activity,
  component: screen(() => import('./screens/activity/ActivityScreen.tsx'), 'ActivityScreen'),
})
const trace = createRoute({
  getParentRoute: () => app,
  path: '/activity/$traceId',
  component: screen(() => import('./screens/activity/TraceScreen.tsx'), 'TraceScreen'),
})

const models = createRoute({
  getParentRoute: () => app,
  path: '/models',
  beforeLoad: () => {
    throw redirect({ to: '/models/usage', replace: true })
  },
})
const usage = createRoute({
  getParentRoute: () => app,
  path: '/models/usage',
  validateSearch: search.usage,
  component: screen(() => import('./screens/models/UsageScreen.tsx'), 'UsageScreen'),
})
const calls = createRoute({
  getParentRoute: () => app,
  path: '/models/calls',
  validateSearch: search.calls,
  component: screen(() => import('./screens/models/CallsScreen.tsx'), 'CallsScreen'),
})
const call = createRoute({
  getParentRoute: () => app,
  path: '/models/calls/$callId',
  component: screen(() => import('./screens/models/CallScreen.tsx'), 'CallScreen'),
})
const budgets = createRoute({
  getParentRoute: () => app,
  path: '/models/budgets',
  component: screen(() => import('./screens/models/BudgetsScreen.tsx'), 'BudgetsScreen'),
})

const routes = createRoute({
  getParentRoute: () => app,
  path: '/models/routes',
  validateSearch: search.routes,
  component: screen(() => import('./screens/models/RoutesScreen.tsx'), 'RoutesScreen'),
})
const playground = createRoute({
  getParentRoute: () => app,
  path: '/models/playground',
  validateSearch: search.playground,
  component: screen(() => import('./screens/models/PlaygroundScreen.tsx'), 'PlaygroundScreen'),
})

const audit = createRoute({
  getParentRoute: () => app,
  path: '/audit',
  validateSearch: search.audit,
  component: screen(() => import('./screens/audit/AuditScreen.tsx'), 'AuditScreen'),
})
const verify = createRoute({
  getParentRoute: () => app,
  path: '/audit/verify',
  component: screen(() => import('./screens/audit/VerifyScreen.tsx'), 'VerifyScreen'),
})

const resources = createRoute({
  getParentRoute: () => app,
  path: '/resources',
  validateSearch: search.resources,
  component: screen(() => import('./screens/resources/ResourcesScreen.tsx'), 'ResourcesScreen'),
})
const newResource = createRoute({
  getParentRoute: () => app,
  path: '/resources/new',
  validateSearch: search.newResource,
  component: screen(() => import('./screens/resources/NewResourceScreen.tsx'), 'NewResourceScreen'),
})
const resource = createRoute({
  getParentRoute: () => app,
  path: '/resources/$kind/$name',
  validateSearch: search.resource,
  component: screen(() => import('./screens/resources/ResourceScreen.tsx'), 'ResourceScreen'),
})

const people = createRoute({
  getParentRoute: () => app,
  path: '/people',
  validateSearch: search.people,
  component: screen(() => import('./screens/people/UsersScreen.tsx'), 'UsersScreen'),
})
const groups = createRoute({
  getParentRoute: () => app,
  path: '/people/groups',
  component: screen(() => import('./screens/people/GroupsScreen.tsx'), 'GroupsScreen'),
})
const roles = createRoute({
  getParentRoute: () => app,
  path: '/people/roles',
  component: screen(() => import('./screens/people/RolesScreen.tsx'), 'RolesScreen'),
})
const keys = createRoute({
  getParentRoute: () => app,
  path: '/people/keys',
  component: screen(() => import('./screens/people/KeysScreen.tsx'), 'KeysScreen'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    app.addChildren([
      ...[index, nowhere, ask, conversation],
      ...[knowledge, documents, sources, bench, document],
      ...[activity, trace, audit, verify],
      ...[models, usage, calls, call, budgets, routes, playground],
      ...[resources, newResource, resource],
      ...[people, groups, roles, keys],
    ]),
  ]),
  defaultPreload: 'intent',
  defaultPendingComponent: Skeleton,
  defaultErrorComponent: FaultScreen,
  defaultNotFoundComponent: NotFoundScreen,
  scrollRestoration: true,
})

// What was typed is kept as a draft, and the page comes back after signing in.
signedOut.tell = () => {
  const { pathname, href } = router.state.location
  if (pathname === '/sign-in') return
  queryClient.removeQueries({ queryKey: queries.me().queryKey })
  void router.navigate({ to: '/sign-in', search: { next: href } })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
