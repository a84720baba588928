// Made by `npm run sdk-types` from the OpenAPI document: change src/api/contract.

import type {
  Acknowledged,
  Answer,
  ApiKey,
  ApiKeyCreate,
  ApiKeyCreated,
  ApplyRequest,
  ApplyResult,
  ApproversRequest,
  AskEvent,
  AskRequest,
  AssistantSummary,
  AuditActor,
  AuditEvent,
  AuditEventProof,
  AuditState,
  BudgetStatus,
  CachePurge,
  CacheState,
  CatalogueEntry,
  CatalogueOrigin,
  Chunk,
  Comparison,
  ComparisonRequest,
  Conversation,
  ConversationDetail,
  DoctorReport,
  Document,
  DocumentText,
  FeedbackRequest,
  Group,
  InvitedUser,
  Job,
  KnowledgeBaseStatus,
  Me,
  ModelCall,
  ModelCallDetail,
  ModelUses,
  PricedModel,
  Promotion,
  PromotionDecision,
  PromotionRequest,
  RepriceRequest,
  Resource,
  ResourceKind,
  ResourceSummary,
  ResourceVersionSummary,
  RouteExplanation,
  RouteQuestion,
  SearchRequest,
  SearchResponse,
  SignInRequest,
  SourceStatus,
  SystemStatus,
  TextDocument,
  TraceDetail,
  TraceSummary,
  Upload,
  UploadStart,
  UsageReport,
  User,
  UserChange,
  UserCreate,
} from './schemas.ts'

/** What each operation takes and gives, by method and path under /api/v1. */
export interface Operations {
  /** Assistants one may ask. */
  'GET /assistants': {
    answer: { items: AssistantSummary[]; nextCursor: string | null; total?: number }
  }
  /** Ask a question; with `stream` the answer comes as server-sent events. */
  'POST /ask': {
    body: AskRequest
    answer: Answer
    event: AskEvent
  }
  /** One’s own conversations, newest first. */
  'GET /conversations': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      search?: string | undefined
    }
    answer: { items: Conversation[]; nextCursor: string | null; total?: number }
  }
  /** A conversation with its messages. */
  'GET /conversations/{id}': {
    answer: ConversationDetail
  }
  /** Rename a conversation. */
  'PATCH /conversations/{id}': {
    body: { title: string }
    answer: ConversationDetail
  }
  /** Delete a conversation. */
  'DELETE /conversations/{id}': {
    answer: Acknowledged
  }
  /** A conversation as JSON or Markdown. */
  'GET /conversations/{id}/export': {
    query: { format?: 'json' | 'markdown' | undefined }
  }
  /** Rate an answer, with a comment. */
  'POST /feedback': {
    body: FeedbackRequest
    answer: Acknowledged
  }
  /** Search knowledge bases, with both legs and the fused order. */
  'POST /search': {
    body: SearchRequest
    answer: SearchResponse
  }
  /** Knowledge bases with their state. */
  'GET /knowledge-bases': {
    query: { limit?: number | undefined; cursor?: string | undefined }
    answer: { items: KnowledgeBaseStatus[]; nextCursor: string | null; total?: number }
  }
  /** One knowledge base with its state. */
  'GET /knowledge-bases/{name}': {
    answer: KnowledgeBaseStatus
  }
  /** Sources with their newest scan. */
  'GET /sources': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      knowledgeBase?: string | undefined
    }
    answer: { items: SourceStatus[]; nextCursor: string | null; total?: number }
  }
  /** Scan a source now; a scan under way is joined. */
  'POST /sources/{name}/sync': {
    query: { force?: boolean | undefined }
    answer: Job
  }
  /** Documents one may read. */
  'GET /documents': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      knowledgeBase?: string | undefined
      source?: string | undefined
      state?: 'pending' | 'ready' | 'failed' | undefined
      search?: string | undefined
    }
    answer: { items: Document[]; nextCursor: string | null; total?: number }
  }
  /** Add or replace a document by its text. */
  'POST /documents': {
    body: TextDocument
    answer: { documentId: string; jobId: string }
  }
  /** One document. */
  'GET /documents/{id}': {
    answer: Document
  }
  /** Remove a document: from now on nothing is answered from it. */
  'DELETE /documents/{id}': {
    answer: Acknowledged
  }
  /** Read a failed document again. */
  'POST /documents/{id}/retry': {
    answer: Job
  }
  /** The stored text with its structure. */
  'GET /documents/{id}/text': {
    query: { version?: string | undefined }
    answer: DocumentText
  }
  /** The passages a document was cut into. */
  'GET /documents/{id}/chunks': {
    query: { limit?: number | undefined; cursor?: string | undefined }
    answer: { items: Chunk[]; nextCursor: string | null; total?: number }
  }
  /** Versions, newest first. */
  'GET /documents/{id}/versions': {
    answer: {
      items: { id: string; number: number; createdAt: string; contentDigest: string }[]
    }
  }
  /** The file as it was received. */
  'GET /documents/{id}/original': {
    query: { version?: string | undefined }
  }
  /** Who may read a document. */
  'PUT /documents/{id}/readers': {
    body: { readers: string[] }
    answer: Document
  }
  /** Masked values in the clear; each act is audited before it is done. */
  'POST /documents/{id}/unmask': {
    body: { placeholders: string[] }
    answer: { values: Record<string, string>; auditSeq: number }
  }
  /** Begin an upload, or find the one that broke off. */
  'POST /uploads': {
    body: UploadStart
    answer: Upload
  }
  /** How much of an upload is safe. */
  'GET /uploads/{id}': {
    answer: Upload
  }
  /** Send bytes from an offset on; the last ones make it a document. */
  'PUT /uploads/{id}': {
    query: { offset?: number | undefined }
    answer: Upload
  }
  /** Work, newest first. */
  'GET /jobs': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      state?: 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | undefined
      kind?: string | undefined
    }
    answer: { items: Job[]; nextCursor: string | null; total?: number }
  }
  /** Server-sent events: each job whose progress changed. */
  'GET /jobs/events': Record<never, never>
  /** One piece of work. */
  'GET /jobs/{id}': {
    answer: Job
  }
  /** Stop work; what is done stays done. */
  'POST /jobs/{id}/cancel': {
    answer: Job
  }
  /** Start failed or cancelled work again, as a new job. */
  'POST /jobs/{id}/retry': {
    answer: Job
  }
  /** What happened: everything for those with traces.read, else one’s own questions. */
  'GET /traces': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      kind?: string | undefined
      outcome?: string | undefined
      assistant?: string | undefined
      user?: string | undefined
      search?: string | undefined
      from?: string | undefined
      to?: string | undefined
    }
    answer: { items: TraceSummary[]; nextCursor: string | null; total?: number }
  }
  /** One question or document: timeline, passages, route, checks, cost. */
  'GET /traces/{id}': {
    answer: TraceDetail
  }
  /** Calls of models: everybody’s for those with traces.read, else one’s own. */
  'GET /calls': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      from?: string | undefined
      to?: string | undefined
      model?: string | undefined
      asked?: string | undefined
      provider?: string | undefined
      user?: string | undefined
      key?: string | undefined
      project?: string | undefined
      useCase?: string | undefined
      outcome?: string | undefined
      fault?: string | undefined
      door?: string | undefined
      unpriced?: boolean | undefined
    }
    answer: { items: ModelCall[]; nextCursor: string | null; total?: number }
  }
  /** One call of a model: tokens, cost, attempts, and why this model. */
  'GET /calls/{id}': {
    answer: ModelCallDetail
  }
  /** Sums of calls, tokens, cost, errors and latency; with `Accept: text/csv` as CSV. */
  'GET /usage': {
    query: {
      from?: string | undefined
      to?: string | undefined
      model?: string | undefined
      asked?: string | undefined
      provider?: string | undefined
      user?: string | undefined
      key?: string | undefined
      project?: string | undefined
      useCase?: string | undefined
      outcome?: string | undefined
      fault?: string | undefined
      door?: string | undefined
      unpriced?: boolean | undefined
      by?: string | undefined
    }
    answer: UsageReport
  }
  /** Budgets with what is spent of them in this window: all with traces.read, else one’s own. */
  'GET /budgets': {
    query: { limit?: number | undefined; cursor?: string | undefined }
    answer: { items: BudgetStatus[]; nextCursor: string | null; total?: number }
  }
  /** What each Model costs now, and who says so; an unknown price is null, never zero. */
  'GET /models/prices': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      name?: string | undefined
    }
    answer: {
      items: PricedModel[]
      nextCursor: string | null
      total?: number
      catalogue: CatalogueOrigin
    }
  }
  /** List prices of vendors, as of the catalogue’s day. */
  'GET /models/catalogue': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      search?: string | undefined
    }
    answer: {
      items: CatalogueEntry[]
      nextCursor: string | null
      total?: number
      catalogue: CatalogueOrigin
    }
  }
  /** Price past calls anew by what the Models say now of their day; as a job. */
  'POST /calls/reprice': {
    body: RepriceRequest
    answer: Job
  }
  /** What is kept of answers. */
  'GET /caches': {
    answer: CacheState
  }
  /** Forget all answers that are kept for the organization, on every server. */
  'POST /caches/purge': {
    answer: CachePurge
  }
  /** Models that were moved between stages, and those that wait for a second person. */
  'GET /promotions': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      state?: 'open' | 'approved' | 'rejected' | undefined
      model?: string | undefined
    }
    answer: {
      items: Promotion[]
      nextCursor: string | null
      total?: number
      /** How many people it takes to let a Model into production. */
      approvers: number
    }
  }
  /** Move a Model to another stage, or propose it where that takes a second person. */
  'POST /promotions': {
    body: PromotionRequest
    answer: Promotion
  }
  /** Approve or refuse a proposal: not one’s own, nor of a version that one wrote. */
  'POST /promotions/{id}/decide': {
    body: PromotionDecision
    answer: Promotion
  }
  /** How many people it takes to let a Model into production: one or two. */
  'PUT /models/approvers': {
    body: ApproversRequest
    answer: Acknowledged
  }
  /** Who would miss a Model: routes, assistants, and who called it lately. */
  'GET /models/{name}/uses': {
    answer: ModelUses
  }
  /** Comparisons of models, newest first. */
  'GET /comparisons': {
    query: { limit?: number | undefined; cursor?: string | undefined }
    answer: { items: Comparison[]; nextCursor: string | null; total?: number }
  }
  /** Ask several models the same questions over the same knowledge; as a job. */
  'POST /comparisons': {
    body: ComparisonRequest
    answer: Comparison
  }
  /** One comparison: a line for each model, once it has ended. */
  'GET /comparisons/{id}': {
    answer: Comparison
  }
  /** What happened, newest first. */
  'GET /audit': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      kind?: string | undefined
      actor?: string | undefined
      target?: string | undefined
      from?: string | undefined
      to?: string | undefined
      search?: string | undefined
    }
    answer: { items: AuditEvent[]; nextCursor: string | null; total?: number }
  }
  /** Length of the log, the key that signs it, the newest checkpoint. */
  'GET /audit/state': {
    answer: AuditState
  }
  /** Whose events one may ask for: people, keys and the server, found by name. */
  'GET /audit/actors': {
    query: { search?: string | undefined; limit?: number | undefined }
    answer: { items: AuditActor[] }
  }
  /** The log with its checkpoints as JSON lines, for verification without this server. */
  'GET /audit/export': {
    query: { from?: number | undefined; to?: number | undefined }
  }
  /** One event with the proof that the signed log contains it. */
  'GET /audit/{seq}': {
    query: { reveal?: boolean | undefined }
    answer: AuditEventProof
  }
  /** API keys, never their secret part. */
  'GET /keys': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      userId?: string | undefined
    }
    answer: { items: ApiKey[]; nextCursor: string | null; total?: number }
  }
  /** Make an API key; its secret is in this answer and nowhere else. */
  'POST /keys': {
    body: ApiKeyCreate
    answer: ApiKeyCreated
  }
  /** Revoke a key: it is refused from the next request on. */
  'DELETE /keys/{id}': {
    answer: ApiKey
  }
  /** People. */
  'GET /users': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      search?: string | undefined
    }
    answer: { items: User[]; nextCursor: string | null; total?: number }
  }
  /** Invite a person: the answer holds a link that signs in once. */
  'POST /users': {
    body: UserCreate
    answer: InvitedUser
  }
  /** Change a person: name, groups, roles, disabled. */
  'PATCH /users/{id}': {
    body: UserChange
    answer: User
  }
  /** A link that signs this person in once, within 15 minutes. */
  'POST /users/{id}/sign-in-link': {
    answer: { signInLink: string; expiresAt: string }
  }
  /** Groups. */
  'GET /groups': {
    query: { limit?: number | undefined; cursor?: string | undefined }
    answer: { items: Group[]; nextCursor: string | null; total?: number }
  }
  /** Make a group. */
  'POST /groups': {
    body: { name: string; description?: string | undefined }
    answer: Group
  }
  /** Delete a group. */
  'DELETE /groups/{name}': {
    answer: Acknowledged
  }
  /** Current resources. */
  'GET /resources': {
    query: {
      limit?: number | undefined
      cursor?: string | undefined
      kind?: ResourceKind | undefined
      project?: string | undefined
      search?: string | undefined
    }
    answer: { items: ResourceSummary[]; nextCursor: string | null; total?: number }
  }
  /** Apply YAML: all of it or none. */
  'POST /resources': {
    body: ApplyRequest
    answer: ApplyResult
  }
  /** One resource, or the version that a label, digest or revision names. */
  'GET /resources/{kind}/{name}': {
    query: { version?: string | undefined }
    answer: Resource
  }
  /** Delete a resource that nothing refers to; its history stays. */
  'DELETE /resources/{kind}/{name}': {
    answer: Acknowledged
  }
  /** Versions, newest first. */
  'GET /resources/{kind}/{name}/history': {
    query: { limit?: number | undefined; cursor?: string | undefined }
    answer: {
      items: ResourceVersionSummary[]
      nextCursor: string | null
      total?: number
    }
  }
  /** What changed between two versions. */
  'GET /resources/{kind}/{name}/diff': {
    query: { from: string; to?: string | undefined }
    answer: { diff: string; from: number; to: number }
  }
  /** Make an earlier version current again, as a new revision. */
  'POST /resources/{kind}/{name}/rollback': {
    body: {
      revision: number
      message?: string | undefined
      expectedRevision?: number | undefined
    }
    answer: ApplyResult
  }
  /** Point a label at a version. */
  'PUT /resources/{kind}/{name}/labels/{label}': {
    body: { revision: number }
    answer: Acknowledged
  }
  /** Remove a label. */
  'DELETE /resources/{kind}/{name}/labels/{label}': {
    answer: Acknowledged
  }
  /** JSON Schema of a kind’s spec. */
  'GET /schemas/{kind}': {
    answer: Record<string, unknown>
  }
  /** Which model a route would choose for a request now, and why not the others. */
  'POST /routes/{name}/explain': {
    body: RouteQuestion
    answer: RouteExplanation
  }
  /** Sign in with a password or a one-time link; sets the session cookie. */
  'POST /session': {
    body: SignInRequest
    answer: Me
  }
  /** Sign out. */
  'DELETE /session': {
    answer: Acknowledged
  }
  /** Who one is and what one may do. */
  'GET /me': {
    answer: Me
  }
  /** Set one’s password; the current one is needed where there is one. */
  'PUT /me/password': {
    body: { password: string; current?: string | undefined }
    answer: Acknowledged
  }
  /** Whether the server and its database answer. */
  'GET /health': {
    answer: { ok: boolean }
  }
  /** Version, database, chat model, dense leg, offers. */
  'GET /status': {
    answer: SystemStatus
  }
  /** Checks everything and says how to mend it; `fsck` compares all that is stored. */
  'GET /doctor': {
    query: { fsck?: boolean | undefined }
    answer: DoctorReport
  }
  /** A consistent backup of the whole installation as a tar archive, keys included. */
  'GET /system/backup': Record<never, never>
  /** This API as an OpenAPI 3.1 document. */
  'GET /openapi.json': {
    answer: Record<string, unknown>
  }
}
