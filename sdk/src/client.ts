import { type ChatCall, chatStream, type ModelList } from './chat.ts'
import { type CallOptions, Http } from './http.ts'
import { cut, PlinthProblem } from './problem.ts'
import type * as t from './types.ts'
import { type UploadOptions, upload } from './upload.ts'

export interface ClientOptions {
  /** Origin of the server, e.g. `http://127.0.0.1:4300`; empty in a page that the server itself serves. */
  baseUrl?: string
  /** `plk_…`; without one the session cookie of the browser is used. */
  apiKey?: string
  /** Another fetch, for tests and proxies. */
  fetch?: typeof fetch
}

export type Plinth = ReturnType<typeof createClient>

const part = encodeURIComponent

/**
 * The native API, typed. Every method throws PlinthProblem (code, detail, remedy) where the server refuses or cannot be
 * reached, and AbortError where its signal aborts.
 */
export function createClient(options: ClientOptions = {}) {
  const http = new Http({
    baseUrl: (options.baseUrl ?? '').replace(/\/+$/, ''),
    apiKey: options.apiKey,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
  })
  return {
    session: sessionRoutes(http),
    system: systemRoutes(http),
    answers: answerRoutes(http),
    conversations: conversationRoutes(http),
    knowledge: knowledgeRoutes(http),
    documents: documentRoutes(http),
    jobs: jobRoutes(http),
    traces: traceRoutes(http),
    usage: usageRoutes(http),
    models: modelRoutes(http),
    audit: auditRoutes(http),
    resources: resourceRoutes(http),
    people: peopleRoutes(http),
    keys: keyRoutes(http),
  }
}

function sessionRoutes(http: Http) {
  return {
    signIn: (request: t.SignInRequest) => http.json<t.Me>('POST', '/session', { json: request }),
    signOut: () => http.json<t.Acknowledged>('DELETE', '/session'),
    me: () => http.get<t.Me>('/me'),
    setPassword: (request: { current?: string; password: string }) =>
      http.json<t.Acknowledged>('PUT', '/me/password', { json: request }),
  }
}

function systemRoutes(http: Http) {
  return {
    status: () => http.get<t.SystemStatus>('/status'),
    health: () => http.get<{ ok: boolean }>('/health'),
    /** `fsck` compares everything that is stored with everything else; it takes its time. */
    doctor: (query?: { fsck?: boolean }, options: CallOptions = {}) =>
      http.get<t.DoctorReport>('/doctor', query, options),
    /** A backup of the whole installation as a tar archive. */
    backup: (options: CallOptions = {}) =>
      http.send('GET', '/system/backup', { ...options, accept: '*/*' }),
    openapi: () => http.get<Record<string, unknown>>('/openapi.json'),
    schema: (kind: t.ResourceKind) => http.get<Record<string, unknown>>(`/schemas/${part(kind)}`),
  }
}

function answerRoutes(http: Http) {
  return {
    assistants: (query?: t.Paging) => http.get<t.Page<t.Assistant>>('/assistants', query),
    ask: (request: t.AskRequest, options: CallOptions = {}) =>
      http.json<t.Answer>('POST', '/ask', { ...options, json: { ...request, stream: false } }),
    askStream: (request: t.AskRequest, options: CallOptions = {}) =>
      askStream(http, request, options),
    feedback: (request: t.FeedbackRequest) =>
      http.json<t.Acknowledged>('POST', '/feedback', { json: request }),
  }
}

/** Ends with the `answer` event; throws PlinthProblem for an `error` event and for a stream cut before either. */
async function* askStream(http: Http, request: t.AskRequest, options: CallOptions) {
  const json = { ...request, stream: true }
  for await (const { data } of http.events('POST', '/ask', { ...options, json })) {
    const event = JSON.parse(data) as t.AskEvent
    if (event.type === 'error') {
      const problem = event.problem as Partial<t.Problem> | null
      throw new PlinthProblem({ ...problem, code: problem?.code ?? 'INTERNAL' })
    }
    yield event
    if (event.type === 'answer') return
  }
  throw cut('the answer')
}

function conversationRoutes(http: Http) {
  const at = (id: string) => `/conversations/${part(id)}`
  return {
    list: (query?: t.Paging & { search?: string | undefined }) =>
      http.get<t.Page<t.Conversation>>('/conversations', query),
    get: (id: string) => http.get<t.ConversationDetail>(at(id)),
    rename: (id: string, title: string) =>
      http.json<t.ConversationDetail>('PATCH', at(id), { json: { title } }),
    remove: (id: string) => http.json<t.Acknowledged>('DELETE', at(id)),
    exportAs: (id: string, format: 'json' | 'markdown') =>
      http.text(`${at(id)}/export`, { format }),
  }
}

function knowledgeRoutes(http: Http) {
  return {
    bases: (query?: t.Paging) => http.get<t.Page<t.KnowledgeBase>>('/knowledge-bases', query),
    base: (name: string) => http.get<t.KnowledgeBase>(`/knowledge-bases/${part(name)}`),
    sources: (query?: t.Paging & { knowledgeBase?: string }) =>
      http.get<t.Page<t.Source>>('/sources', query),
    sync: (source: string) => http.json<t.Job>('POST', `/sources/${part(source)}/sync`),
    search: (request: t.SearchRequest, options: CallOptions = {}) =>
      http.json<t.SearchResponse>('POST', '/search', { ...options, json: request }),
  }
}

function documentRoutes(http: Http) {
  const at = (id: string) => `/documents/${part(id)}`
  return {
    list: (query?: t.DocumentQuery) => http.get<t.Page<t.Document>>('/documents', query),
    get: (id: string) => http.get<t.Document>(at(id)),
    remove: (id: string) => http.json<t.Acknowledged>('DELETE', at(id)),
    /** Reads a failed document again; gives the job that does. */
    retry: (id: string) => http.json<t.Job>('POST', `${at(id)}/retry`),
    text: (id: string, version?: string) => http.get<t.DocumentText>(`${at(id)}/text`, { version }),
    chunks: (id: string, query?: t.Paging) => http.get<t.Page<t.Chunk>>(`${at(id)}/chunks`, query),
    versions: (id: string) => http.get<{ items: t.DocumentVersion[] }>(`${at(id)}/versions`),
    original: async (id: string, version?: string, options: CallOptions = {}) => {
      const query = { version }
      const path = `${at(id)}/original`
      return (await http.send('GET', path, { ...options, query, accept: '*/*' })).blob()
    },
    originalUrl: (id: string, version?: string) => http.url(`${at(id)}/original`, { version }),
    setReaders: (id: string, readers: string[]) =>
      http.json<t.Document>('PUT', `${at(id)}/readers`, { json: { readers } }),
    unmask: (id: string, placeholders: string[]) =>
      http.json<t.Unmasked>('POST', `${at(id)}/unmask`, { json: { placeholders } }),
    addText: (document: t.TextDocument) =>
      http.json<{ documentId: string; jobId: string }>('POST', '/documents', { json: document }),
    upload: (options: UploadOptions) => upload(http, options),
  }
}

function jobRoutes(http: Http) {
  return {
    list: (query?: t.JobQuery) => http.get<t.Page<t.Job>>('/jobs', query),
    get: (id: string) => http.get<t.Job>(`/jobs/${part(id)}`),
    cancel: (id: string) => http.json<t.Job>('POST', `/jobs/${part(id)}/cancel`),
    /** Starts failed or cancelled work again; gives the new job. */
    retry: (id: string) => http.json<t.Job>('POST', `/jobs/${part(id)}/retry`),
    /** Each job whose progress changed, until the signal aborts or the connection ends. */
    events: (options: CallOptions = {}) => jobEvents(http, options),
  }
}

async function* jobEvents(http: Http, options: CallOptions): AsyncGenerator<t.Job, void> {
  for await (const { event, data } of http.events('GET', '/jobs/events', options)) {
    if (event === 'job') yield JSON.parse(data) as t.Job
  }
}

function traceRoutes(http: Http) {
  return {
    list: (query?: t.TraceQuery) => http.get<t.Page<t.TraceSummary>>('/traces', query),
    get: (id: string) => http.get<t.TraceDetail>(`/traces/${part(id)}`),
  }
}

function usageRoutes(http: Http) {
  return {
    /** Sums of calls of models, by one or two dimensions. */
    sums: (query?: t.UsageQuery) => http.get<t.UsageReport>('/usage', query),
    /** The same as CSV. */
    csv: async (query?: t.UsageQuery, options: CallOptions = {}) =>
      (await http.send('GET', '/usage', { ...options, query, accept: 'text/csv' })).text(),
    calls: (query?: t.CallQuery) => http.get<t.Page<t.ModelCall>>('/calls', query),
    call: (id: string) => http.get<t.ModelCallDetail>(`/calls/${part(id)}`),
    budgets: (query?: t.Paging) => http.get<t.Page<t.BudgetStatus>>('/budgets', query),
    /** What is kept of answers. */
    caches: () => http.get<t.CacheState>('/caches'),
    /** Forgets it, on every server. */
    purgeCaches: () => http.json<t.CachePurge>('POST', '/caches/purge'),
  }
}

function modelRoutes(http: Http) {
  return {
    /** What may stand as `model` in a request: assistants, models and embedders. */
    usable: () => http.get<ModelList>('/v1/models'),
    /** A call of a model or route through the OpenAI-compatible door, as it streams. */
    chatStream: (request: ChatCall, options: CallOptions = {}) =>
      chatStream(http, request, options),
    /** What each Model costs now, and who says so. */
    prices: (query?: t.PriceQuery) => http.get<t.PricePage>('/models/prices', query),
    /** List prices of vendors. */
    catalogue: (query?: t.CatalogueQuery) => http.get<t.CataloguePage>('/models/catalogue', query),
    /** Asks several models the same questions over the same knowledge, as a job. */
    compare: (request: t.ComparisonRequest) =>
      http.json<t.Comparison>('POST', '/comparisons', { json: request }),
    comparisons: (query?: t.Paging) => http.get<t.Page<t.Comparison>>('/comparisons', query),
    comparison: (id: string) => http.get<t.Comparison>(`/comparisons/${part(id)}`),
    promotions: (query?: t.PromotionQuery) => http.get<t.PromotionPage>('/promotions', query),
    /** Moves a Model to another stage, or proposes it where that takes a second person. */
    promote: (request: t.PromotionRequest) =>
      http.json<t.Promotion>('POST', '/promotions', { json: request }),
    decide: (id: string, decision: t.PromotionDecision) =>
      http.json<t.Promotion>('POST', `/promotions/${part(id)}/decide`, { json: decision }),
    /** Who would miss a Model. */
    uses: (model: string) => http.get<t.ModelUses>(`/models/${part(model)}/uses`),
    setApprovers: (request: t.ApproversRequest) =>
      http.json<t.Acknowledged>('PUT', '/models/approvers', { json: request }),
    /** Prices past calls anew, as a job. */
    reprice: (request: t.RepriceRequest) =>
      http.json<t.Job>('POST', '/calls/reprice', { json: request }),
  }
}

function auditRoutes(http: Http) {
  return {
    list: (query?: t.AuditQuery) => http.get<t.Page<t.AuditEvent>>('/audit', query),
    get: (seq: number) => http.get<t.AuditEventProof>(`/audit/${seq}`),
    state: () => http.get<t.AuditState>('/audit/state'),
    /** Whose events one may ask for. */
    actors: (query?: { search?: string | undefined; limit?: number }) =>
      http.get<{ items: t.AuditActor[] }>('/audit/actors', query),
    /** The whole log as JSON lines, as a stream that `verifyExport` reads. */
    exportLog: (options: CallOptions = {}) =>
      http.send('GET', '/audit/export', { ...options, accept: '*/*' }),
    exportUrl: () => http.url('/audit/export'),
  }
}

function resourceRoutes(http: Http) {
  const at = (kind: t.ResourceKind, name: string) => `/resources/${part(kind)}/${part(name)}`
  return {
    list: (query?: t.ResourceQuery) => http.get<t.Page<t.ResourceSummary>>('/resources', query),
    get: (kind: t.ResourceKind, name: string, version?: string) =>
      http.get<t.ResourceDetail>(at(kind, name), { version }),
    apply: (request: t.ApplyRequest) =>
      http.json<t.ApplyResult>('POST', '/resources', { json: request }),
    remove: (kind: t.ResourceKind, name: string) =>
      http.json<t.Acknowledged>('DELETE', at(kind, name)),
    /** Which model a route would choose for a request now, and why not the others. Nothing is sent. */
    explainRoute: (name: string, question: t.RouteQuestion) =>
      http.json<t.RouteExplanation>('POST', `/routes/${part(name)}/explain`, { json: question }),
    history: (kind: t.ResourceKind, name: string, query?: t.Paging) =>
      http.get<t.Page<t.ResourceHistoryEntry>>(`${at(kind, name)}/history`, query),
    diff: (kind: t.ResourceKind, name: string, between: { from: number; to: number }) =>
      http.get<t.ResourceDiff>(`${at(kind, name)}/diff`, between),
    rollback: (kind: t.ResourceKind, name: string, to: { revision: number; message?: string }) =>
      http.json<t.ApplyResult>('POST', `${at(kind, name)}/rollback`, { json: to }),
    setLabel: (kind: t.ResourceKind, name: string, label: { label: string; revision: number }) =>
      http.json<t.Acknowledged>('PUT', `${at(kind, name)}/labels/${part(label.label)}`, {
        json: { revision: label.revision },
      }),
    removeLabel: (kind: t.ResourceKind, name: string, label: string) =>
      http.json<t.Acknowledged>('DELETE', `${at(kind, name)}/labels/${part(label)}`),
  }
}

function peopleRoutes(http: Http) {
  return {
    users: (query?: t.Paging & { search?: string | undefined }) =>
      http.get<t.Page<t.User>>('/users', query),
    invite: (user: t.UserCreate) => http.json<t.InvitedUser>('POST', '/users', { json: user }),
    change: (id: string, change: t.UserChange) =>
      http.json<t.User>('PATCH', `/users/${part(id)}`, { json: change }),
    signInLink: (id: string) => http.json<t.SignInLink>('POST', `/users/${part(id)}/sign-in-link`),
    groups: (query?: t.Paging) => http.get<t.Page<t.Group>>('/groups', query),
    createGroup: (group: { name: string; description: string }) =>
      http.json<t.Group>('POST', '/groups', { json: group }),
    removeGroup: (name: string) => http.json<t.Acknowledged>('DELETE', `/groups/${part(name)}`),
  }
}

function keyRoutes(http: Http) {
  return {
    list: (query?: t.Paging) => http.get<t.Page<t.ApiKey>>('/keys', query),
    create: (key: t.ApiKeyCreate) => http.json<t.ApiKeyCreated>('POST', '/keys', { json: key }),
    revoke: (id: string) => http.json<t.ApiKey>('DELETE', `/keys/${part(id)}`),
  }
}
