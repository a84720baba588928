import type {
  AuditQuery,
  CallQuery,
  DocumentQuery,
  Page,
  ResourceKind,
  ResourceQuery,
  RouteQuestion,
  TraceQuery,
  UsageQuery,
} from '@plinth/sdk'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { plinth } from './client.ts'

/** Names that fit in one list without paging: assistants, bases, groups. */
const many = 500
const pageSize = 100

/** A cursor-paged list; `key` holds everything that the answer depends on. */
function paged<T>(key: readonly unknown[], load: (cursor: string | undefined) => Promise<Page<T>>) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  })
}

export const queries = {
  me: () =>
    queryOptions({ queryKey: ['me'], queryFn: () => plinth.session.me(), staleTime: 60_000 }),
  status: () =>
    queryOptions({
      queryKey: ['status'],
      queryFn: () => plinth.system.status(),
      staleTime: 60_000,
    }),
  doctor: () =>
    queryOptions({ queryKey: ['doctor'], queryFn: () => plinth.system.doctor(), staleTime: 0 }),
  assistants: () =>
    queryOptions({
      queryKey: ['assistants'],
      queryFn: () => plinth.answers.assistants({ limit: many }),
      staleTime: 60_000,
    }),
  conversations: (search: string) =>
    paged(['conversations', search], (cursor) =>
      plinth.conversations.list({ search: search || undefined, cursor, limit: pageSize }),
    ),
  conversation: (id: string) =>
    queryOptions({
      queryKey: ['conversation', id],
      queryFn: () => plinth.conversations.get(id),
      staleTime: 60_000,
    }),
  bases: () =>
    queryOptions({
      queryKey: ['bases'],
      queryFn: () => plinth.knowledge.bases({ limit: many }),
    }),
  base: (name: string) =>
    queryOptions({ queryKey: ['bases', name], queryFn: () => plinth.knowledge.base(name) }),
  sources: (knowledgeBase: string) =>
    queryOptions({
      queryKey: ['sources', knowledgeBase],
      queryFn: () => plinth.knowledge.sources({ knowledgeBase, limit: many }),
    }),
  documents: (query: DocumentQuery) =>
    paged(['documents', query], (cursor) =>
      plinth.documents.list({ ...query, cursor, limit: pageSize }),
    ),
  document: (id: string) =>
    queryOptions({ queryKey: ['document', id], queryFn: () => plinth.documents.get(id) }),
  /** A version's text never changes; without a version it is the newest one's. */
  documentText: (id: string, version?: string) =>
    queryOptions({
      queryKey: ['document-text', id, version],
      queryFn: () => plinth.documents.text(id, version),
      staleTime: version ? Number.POSITIVE_INFINITY : 15_000,
      gcTime: 120_000,
    }),
  original: (id: string, version?: string) =>
    queryOptions({
      queryKey: ['original', id, version],
      queryFn: ({ signal }) => plinth.documents.original(id, version, { signal }),
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 120_000,
    }),
  chunks: (id: string) =>
    paged(['chunks', id], (cursor) => plinth.documents.chunks(id, { cursor, limit: many })),
  versions: (id: string) =>
    queryOptions({ queryKey: ['versions', id], queryFn: () => plinth.documents.versions(id) }),
  jobs: () =>
    queryOptions({ queryKey: ['jobs'], queryFn: () => plinth.jobs.list({ limit: pageSize }) }),
  traces: (query: TraceQuery) =>
    paged(['traces', query], (cursor) => plinth.traces.list({ ...query, cursor, limit: pageSize })),
  trace: (id: string) =>
    queryOptions({ queryKey: ['trace', id], queryFn: () => plinth.traces.get(id) }),
  calls: (query: CallQuery) =>
    paged(['calls', query], (cursor) => plinth.usage.calls({ ...query, cursor, limit: pageSize })),
  call: (id: string) =>
    queryOptions({ queryKey: ['call', id], queryFn: () => plinth.usage.call(id) }),
  /** `begin` gives the first moment when it is asked: a period ends now. */
  usage: (period: string, begin: () => string, query: UsageQuery) =>
    queryOptions({
      queryKey: ['usage', period, query],
      queryFn: () => plinth.usage.sums({ ...query, from: begin() }),
      staleTime: 60_000,
    }),
  usableModels: () =>
    queryOptions({ queryKey: ['usable-models'], queryFn: () => plinth.models.usable() }),
  routes: () =>
    queryOptions({
      queryKey: ['resources', 'routes'],
      queryFn: () => plinth.resources.list({ kind: 'Route', limit: many }),
    }),
  explainedRoute: (name: string, question: RouteQuestion) =>
    queryOptions({
      queryKey: ['resources', 'explained', name, question],
      queryFn: () => plinth.resources.explainRoute(name, question),
      refetchInterval: 10_000,
    }),
  budgets: () =>
    queryOptions({
      queryKey: ['budgets'],
      queryFn: () => plinth.usage.budgets({ limit: many }),
      refetchInterval: 30_000,
    }),
  audit: (query: AuditQuery) =>
    paged(['audit', query], (cursor) => plinth.audit.list({ ...query, cursor, limit: pageSize })),
  auditEvent: (seq: number) =>
    queryOptions({ queryKey: ['audit-event', seq], queryFn: () => plinth.audit.get(seq) }),
  auditState: () =>
    queryOptions({ queryKey: ['audit-state'], queryFn: () => plinth.audit.state() }),
  auditActors: (search: string) =>
    queryOptions({
      queryKey: ['audit-actors', search],
      queryFn: () => plinth.audit.actors({ search: search || undefined, limit: 20 }),
      staleTime: 60_000,
    }),
  resources: (query: ResourceQuery) =>
    paged(['resources', query], (cursor) =>
      plinth.resources.list({ ...query, cursor, limit: pageSize }),
    ),
  resource: (kind: ResourceKind, name: string, version?: string) =>
    queryOptions({
      queryKey: ['resource', kind, name, version],
      queryFn: () => plinth.resources.get(kind, name, version),
    }),
  resourceHistory: (kind: ResourceKind, name: string) =>
    queryOptions({
      queryKey: ['resource', kind, name, 'history'],
      queryFn: () => plinth.resources.history(kind, name, { limit: many }),
    }),
  resourceDiff: (kind: ResourceKind, name: string, between: { from: number; to: number }) =>
    queryOptions({
      queryKey: ['resource', kind, name, 'diff', between],
      queryFn: () => plinth.resources.diff(kind, name, between),
    }),
  users: (search: string) =>
    paged(['users', search], (cursor) =>
      plinth.people.users({ search: search || undefined, cursor, limit: pageSize }),
    ),
  groups: () =>
    queryOptions({ queryKey: ['groups'], queryFn: () => plinth.people.groups({ limit: many }) }),
  keys: () => paged(['keys'], (cursor) => plinth.keys.list({ cursor, limit: pageSize })),
}
