/**
 * Requests and responses of the native API. Times are UTC, ISO 8601; offsets are UTF-16 code units. The types come from
 * the server's own schemas (`generated/`); here they get the names that read well, and what they are made of.
 */
import type { Operations } from './generated/operations.ts'
import type { Answer, Document, DocumentText, Job } from './generated/schemas.ts'

export type { Operations } from './generated/operations.ts'
export type {
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
  AssistantSummary as Assistant,
  AuditActor,
  AuditEvent,
  AuditEventProof,
  AuditState,
  BudgetAmount,
  BudgetStatus,
  CachePurge,
  CacheState,
  CallFault,
  CallOutcome,
  CatalogueEntry,
  Chunk,
  Citation,
  ComparedModel,
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
  KnowledgeBaseStatus as KnowledgeBase,
  Me,
  Message,
  ModelCall,
  ModelCallDetail,
  ModelPrice,
  ModelUses,
  Outcome,
  Passage,
  PricedModel,
  Problem,
  Promotion,
  PromotionDecision,
  PromotionRequest,
  RepriceRequest,
  Resource as ResourceDetail,
  ResourceKind,
  ResourceSummary,
  ResourceVersionSummary as ResourceHistoryEntry,
  RouteExplanation,
  RouteQuestion,
  SearchHit,
  SearchRequest,
  SearchResponse,
  SignInRequest,
  SourceStatus as Source,
  Span,
  StoredError,
  SystemStatus,
  TextDocument,
  TraceDetail,
  TraceSummary,
  Upload,
  UploadStart,
  UsageGroup,
  UsagePercentiles,
  UsageReport,
  UsageSums,
  User,
  UserChange,
  UserCreate,
} from './generated/schemas.ts'

/** Query parameters of every list. */
export interface Paging {
  limit?: number | undefined
  /** Opaque; from the previous page. */
  cursor?: string | undefined
}

/** A part of a list; without `nextCursor` it is the last. */
export interface Page<T> {
  items: T[]
  nextCursor: string | null
  total?: number
}

export type Unsupported = Answer['unsupported'][number]
export type DocumentState = Document['state']
export type JobState = Job['state']
export type TextBlock = DocumentText['blocks'][number]
export type TextPage = DocumentText['pages'][number]
/** A line of a PDF page, in points from the page's top left. */
export type TextBox = DocumentText['boxes'][number]

export type DocumentQuery = Operations['GET /documents']['query']
export type JobQuery = Operations['GET /jobs']['query']
export type TraceQuery = Operations['GET /traces']['query']
export type CallQuery = Operations['GET /calls']['query']
export type UsageQuery = Operations['GET /usage']['query']
export type PromotionQuery = Operations['GET /promotions']['query']
export type PromotionPage = Operations['GET /promotions']['answer']
export type PriceQuery = Operations['GET /models/prices']['query']
export type PricePage = Operations['GET /models/prices']['answer']
export type CatalogueQuery = Operations['GET /models/catalogue']['query']
export type CataloguePage = Operations['GET /models/catalogue']['answer']
export type AuditQuery = Operations['GET /audit']['query']
export type ResourceQuery = Operations['GET /resources']['query']

export type DocumentVersion = Operations['GET /documents/{id}/versions']['answer']['items'][number]
/** `diff`: a unified diff of the canonical YAML. */
export type ResourceDiff = Operations['GET /resources/{kind}/{name}/diff']['answer']
export type SignInLink = Operations['POST /users/{id}/sign-in-link']['answer']
export type Unmasked = Operations['POST /documents/{id}/unmask']['answer']
