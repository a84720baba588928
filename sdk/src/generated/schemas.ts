// Made by `npm run sdk-types` from the OpenAPI document: change src/api/contract.

export interface AssistantSummary {
  name: string
  description: string
  suggestions: string[]
  knowledgeBases: string[]
  model: string | null
}

/** RFC 9457 problem details, with Plinth's code, where and remedy. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  where?: string
  remedy: string
  requestId: string
  /** All findings where a request had several. */
  problems?: { where: string; detail: string; remedy: string }[]
}

export interface AskRequest {
  question: string
  assistant?: string | undefined
  /** Continues a conversation; `null` or absent starts one; `save: false` keeps nothing but the trace. */
  conversationId?: string | null | undefined
  save?: boolean | undefined
  filter?: Record<string, unknown> | undefined
  stream?: boolean | undefined
}

export interface Answer {
  outcome: Outcome
  /** The answer with `[n]` markers; for other outcomes a sentence that says why. */
  text: string
  reason: string | null
  /** Error code where the outcome is `failed`. */
  code?: string
  citations: Citation[]
  /** Sentences (offsets into `text`) without sufficient support. */
  unsupported: { start: number; end: number; support: number }[]
  /** Present where documents were still being read: the answer may lack what they say. */
  reading?: StillReading
  /** Whether the answer was given before. Absent where the assistant keeps none. */
  cache?: { verdict: 'hit' | 'miss' | 'bypass'; reason: string }
  assistant: string
  model: string | null
  conversationId: string | null
  messageId: string | null
  traceId: string
  auditSeq: number | null
  releaseDigest: string | null
  usage: { inputTokens: number; outputTokens: number; costUsd: number | null }
  tookMs: number
}

/** Why there is no (or only part of an) answer. */
export type Outcome = 'answered' | 'ungrounded' | 'denied' | 'withheld' | 'failed' | 'cancelled'

export interface Citation {
  /** What `[n]` in the text refers to. */
  number: number
  chunkId: number
  documentId: string
  versionId: string
  title: string
  headingPath: string[]
  /** The cited passage, and within the document's stored text the span that supports the sentence. */
  quote: string
  start: number
  end: number
  page: number | null
  /** The sentence of the answer: offsets into the answer's text. */
  sentenceStart: number
  sentenceEnd: number
  /** 1 for a verbatim sentence; else the lexical support score. */
  support: number
  exact: boolean
}

export interface StillReading {
  /** Documents that you may read and that have been read. */
  done: number
  /** Documents that you may read, as far as their sources are listed. */
  total: number
  /** A source is still to be listed: there may be more. */
  listing: boolean
  /** The same as a sentence. */
  note: string
}

/** Server-sent events of `POST /api/v1/ask` with `stream: true`: `event:` is `type`, `data:` the object. */
export type AskEvent =
  | { type: 'step'; step: string; note?: string }
  | { type: 'passages'; passages: Passage[] }
  | { type: 'text'; text: string }
  | { type: 'citation'; citation: Citation }
  | { type: 'unsupported'; start: number; end: number; support: number }
  | { type: 'answer'; answer: Answer }
  | { type: 'error'; problem: Problem }

export interface Passage {
  number: number
  chunkId: number
  documentId: string
  versionId: string
  title: string
  headingPath: string[]
  text: string
  start: number
  end: number
  page: number | null
  score: number
  lexicalScore: number | null
  denseScore: number | null
}

export interface Conversation {
  id: string
  title: string
  assistant: string
  messageCount: number
  createdAt: string
  updatedAt: string
}

export interface ConversationDetail {
  id: string
  title: string
  assistant: string
  messageCount: number
  createdAt: string
  updatedAt: string
  messages: Message[]
}

export interface Message {
  id: string
  role: 'user' | 'assistant'
  content: string
  outcome: Outcome | null
  citations: Citation[]
  /** Sentences (offsets into `content`) without sufficient support. */
  unsupported: { start: number; end: number; support: number }[]
  traceId: string | null
  /** The asker's own rating of this answer. */
  rating: number | null
  createdAt: string
}

export interface Acknowledged {
  ok: true
  auditSeq?: number
}

export interface FeedbackRequest {
  traceId: string
  rating: 1 | -1
  comment?: string | undefined
}

export interface SearchRequest {
  query: string
  knowledgeBases: string[]
  filter?: Record<string, unknown> | undefined
  topK?: number | undefined
  /** Overrides the knowledge base's weight: for the search bench. */
  denseWeight?: number | undefined
}

export interface SearchResponse {
  hits: SearchHit[]
  terms: string[]
  dense: { embedder: string | null; off: string | null }
  tookMs: { analyse: number; embed: number; search: number; read: number }
  traceId: string
}

export interface SearchHit {
  chunkId: number
  documentId: string
  versionId: string
  knowledgeBase: string
  title: string
  externalId: string
  headingPath: string[]
  text: string
  start: number
  end: number
  page: number | null
  /** Fused, 0 to 1. Raw leg scores and ranks (1-based) where that leg found it. */
  score: number
  lexical: { score: number; rank: number } | null
  dense: { score: number; rank: number } | null
}

export interface KnowledgeBaseStatus {
  name: string
  project: string
  description: string
  maskingMode: 'off' | 'label' | 'mask'
  documents: { ready: number; pending: number; failed: number }
  chunks: number
  sources: number
  /** Dense leg: embedder name and how many chunks have a vector; `off` says why. */
  dense: { embedder: string | null; embedded: number; off: string | null }
  denseWeight: number
  updatedAt: string | null
}

export interface SourceStatus {
  name: string
  knowledgeBase: string
  kind: 'folder' | 'upload'
  path: string | null
  watch: boolean
  documents: number
  failed: number
  /** The newest sync of this source, if any. */
  job: Job | null
}

export interface Job {
  id: string
  kind: string
  state: 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled'
  /** What it works on: a source, a document. */
  target: string
  progress: {
    filesDone?: number
    filesTotal?: number
    filesFailed?: number
    filesUnchanged?: number
    pages?: number
    chunks?: number
    /** What is being done now. */
    current?: string
    filesPerSecond?: number
    secondsLeft?: number | null
  }
  error: StoredError | null
  cancelRequested: boolean
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
}

export interface StoredError {
  code: string
  detail: string
  where?: string
  remedy?: string
}

export interface Document {
  id: string
  knowledgeBase: string
  source: string
  externalId: string
  title: string
  state: 'pending' | 'ready' | 'failed'
  error: StoredError | null
  readers: string[]
  metadata: Record<string, unknown>
  versionId: string | null
  versionNumber: number | null
  mediaType: string | null
  bytes: number | null
  language: string | null
  pageCount: number | null
  chunkCount: number
  /** What was left out, and why. */
  warnings: string[]
  /** What else is good to know of how it was read. */
  notes: string[]
  /** Personal data found, by kind. */
  findings: Record<string, number>
  updatedAt: string
}

export interface DocumentText {
  documentId: string
  versionId: string
  title: string
  mediaType: string
  /** The stored (masked) text; all offsets are UTF-16 code units into it. */
  text: string
  blocks: {
    kind:
      | 'heading'
      | 'paragraph'
      | 'list-item'
      | 'table-header'
      | 'table-row'
      | 'code'
      | 'quote'
    start: number
    end: number
    level?: number
    page?: number
    table?: number
  }[]
  pages: {
    number: number
    start: number
    end: number
    label?: string
    width?: number
    height?: number
  }[]
  /** PDF only: line boxes in points from the page's top left. */
  boxes: {
    page: number
    start: number
    end: number
    x: number
    y: number
    width: number
    height: number
  }[]
  /** Whether the caller may open the original bytes (not where they hold masked personal data). */
  originalAvailable: boolean
}

export interface Chunk {
  id: number
  ordinal: number
  start: number
  end: number
  page: number | null
  kind: string
  headingPath: string[]
  context: string
  text: string
  tokens: number
  embedded: boolean
}

/** Text by API: becomes a document of an upload source. */
export interface TextDocument {
  source: string
  externalId: string
  title?: string | undefined
  text: string
  mediaType?: 'text/plain' | 'text/markdown' | 'text/html' | 'text/csv' | undefined
  readers?: string[] | undefined
  metadata?: Record<string, string | number | boolean> | undefined
}

/** Starts (or resumes) an upload: the same source, name, size and digest finds the earlier one. */
export interface UploadStart {
  source: string
  name: string
  size: number
  /** `sha256:…` of the whole file: unchanged content costs nothing. */
  digest?: string | undefined
  readers?: string[] | undefined
  metadata?: Record<string, string | number | boolean> | undefined
}

export interface Upload {
  id: string
  name: string
  size: number
  /** Bytes that are safe on the server: send from here. */
  received: number
  state: 'receiving' | 'received' | 'unchanged'
  jobId: string | null
}

export interface TraceSummary {
  id: string
  kind: 'answer' | 'ingest' | 'search' | 'completion' | 'embedding'
  /** The (masked) question, or the document. */
  name: string
  user: string | null
  assistant: string | null
  outcome: string
  startedAt: string
  durationMs: number
  inputTokens: number | null
  outputTokens: number | null
  costUsd: number | null
  rating: number | null
}

export interface TraceDetail {
  id: string
  kind: 'answer' | 'ingest' | 'search' | 'completion' | 'embedding'
  /** The (masked) question, or the document. */
  name: string
  user: string | null
  assistant: string | null
  outcome: string
  startedAt: string
  durationMs: number
  inputTokens: number | null
  outputTokens: number | null
  costUsd: number | null
  rating: number | null
  auditSeq: number | null
  releaseDigest: string | null
  snapshotDigest: string | null
  spans: Span[]
  answer: Answer | null
  passages: Passage[]
  /** Why this model: the ordered choices with their reasons. */
  route: { model: string; reason: string; used: boolean }[]
  checks: { check: string; result: string; detail: string }[]
  feedback: { user: string; rating: number; comment: string; at: string }[]
}

export interface Span {
  name: string
  /** Milliseconds from the trace's start, and how long. */
  startMs: number
  durationMs: number
  status: 'ok' | 'error'
  attributes: Record<string, unknown>
  children: Span[]
}

export interface ModelCall {
  id: string
  at: string
  door: string
  userId: string
  userName: string
  /** Null: made in a session. */
  keyId: string | null
  keyName: string | null
  project: string
  useCase: string | null
  asked: string
  /** The Model that answered; null where none did. */
  model: string | null
  provider: string | null
  upstreamModel: string | null
  streamed: boolean
  outcome: CallOutcome
  errorCode: string | null
  fault: CallFault | null
  /** hit, miss or bypass; null where no answers are kept. */
  cache: string | null
  inputTokens: number
  /** Of the input tokens. */
  cachedTokens: number
  outputTokens: number
  /** Of the output tokens. */
  reasoningTokens: number
  /** The provider counted no tokens: they were estimated. */
  estimated: boolean
  /** Null: the price is not known, or nothing was answered. */
  costUsd: number | null
  /** A model answered, and its price is not known. */
  unpriced: boolean
  /** What a hit would have cost; null: unknown, or no hit. */
  savedUsd: number | null
  firstTokenMs: number | null
  totalMs: number
  attempts: number
}

export type CallOutcome = 'answered' | 'failed' | 'cut' | 'cancelled' | 'refused'

export type CallFault = 'caller' | 'policy' | 'provider' | 'plinth'

export interface ModelCallDetail {
  id: string
  at: string
  door: string
  userId: string
  userName: string
  /** Null: made in a session. */
  keyId: string | null
  keyName: string | null
  project: string
  useCase: string | null
  asked: string
  /** The Model that answered; null where none did. */
  model: string | null
  provider: string | null
  upstreamModel: string | null
  streamed: boolean
  outcome: CallOutcome
  errorCode: string | null
  fault: CallFault | null
  /** hit, miss or bypass; null where no answers are kept. */
  cache: string | null
  inputTokens: number
  /** Of the input tokens. */
  cachedTokens: number
  outputTokens: number
  /** Of the output tokens. */
  reasoningTokens: number
  /** The provider counted no tokens: they were estimated. */
  estimated: boolean
  /** Null: the price is not known, or nothing was answered. */
  costUsd: number | null
  /** A model answered, and its price is not known. */
  unpriced: boolean
  /** What a hit would have cost; null: unknown, or no hit. */
  savedUsd: number | null
  firstTokenMs: number | null
  totalMs: number
  attempts: number
  /** The resources that it was decided by. */
  snapshotDigest: string | null
  /** In the order in which they were made. */
  tries: {
    model: string
    provider: string
    ms: number
    /** Error of a try that failed. */
    code: string | null
    detail: string | null
  }[]
  /** Why this model: who was there to choose from, in order. Empty where it was one. */
  choices: { model: string; reason: string }[]
  /** Why not the others. */
  skipped: { model: string; reason: string }[]
  /** Why it was refused. */
  reason: string | null
  /** Why `cache` is what it is, and why the answer is not kept. */
  cacheReason: string | null
}

export interface UsageReport {
  from: string
  to: string
  by: (
    | 'day'
    | 'hour'
    | 'model'
    | 'asked'
    | 'provider'
    | 'user'
    | 'key'
    | 'project'
    | 'useCase'
    | 'outcome'
    | 'fault'
    | 'door')[]
  total: UsageSums
  groups: UsageGroup[]
  /** There are more groups; these are those with the most calls. */
  truncated: boolean
  /** Of one’s own calls only: traces.read shows those of all. */
  own: boolean
}

export interface UsageSums {
  calls: number
  answered: number
  inputTokens: number
  cachedTokens: number
  outputTokens: number
  reasoningTokens: number
  /** Calls whose tokens the provider did not count. */
  estimatedCalls: number
  /** Of the calls whose price is known; null where none is. Never counts the others. */
  costUsd: number | null
  /** Calls whose price is not known: their cost is in no sum. */
  unpricedCalls: number
  /** Calls answered without asking a model. */
  cacheHits: number
  /** What those would have cost, as far as prices are known. */
  savedUsd: number
  savedTokens: number
  errors: { caller: number; policy: number; provider: number; plinth: number }
  /** Of answered streams; null where there is none. */
  firstTokenMs: UsagePercentiles | null
  /** Of answered calls; null where there is none. */
  totalMs: UsagePercentiles | null
}

/** Milliseconds, exact, over so many calls. */
export interface UsagePercentiles {
  p50: number
  p95: number
  calls: number
}

export interface UsageGroup {
  calls: number
  answered: number
  inputTokens: number
  cachedTokens: number
  outputTokens: number
  reasoningTokens: number
  /** Calls whose tokens the provider did not count. */
  estimatedCalls: number
  /** Of the calls whose price is known; null where none is. Never counts the others. */
  costUsd: number | null
  /** Calls whose price is not known: their cost is in no sum. */
  unpricedCalls: number
  /** Calls answered without asking a model. */
  cacheHits: number
  /** What those would have cost, as far as prices are known. */
  savedUsd: number
  savedTokens: number
  errors: { caller: number; policy: number; provider: number; plinth: number }
  /** Of answered streams; null where there is none. */
  firstTokenMs: UsagePercentiles | null
  /** Of answered calls; null where there is none. */
  totalMs: UsagePercentiles | null
  /** In the order of `by`. */
  keys: {
    /** Null: the calls have none. */
    value: string | null
    /** What a user or key is called. */
    name: string | null
  }[]
}

export interface BudgetStatus {
  name: string
  project: string
  description: string
  per: 'organization' | 'project' | 'use-case' | 'user' | 'key' | 'model'
  only: string[]
  window: 'minute' | 'hour' | 'day' | 'month'
  enforce: 'hard' | 'soft'
  alerts: number[]
  windowStart: string
  windowEnd: string
  /** Of the current window, those that spent most first. */
  counters: {
    /** `*`: the organization. */
    subject: string
    subjectName: string
    amounts: BudgetAmount[]
  }[]
  /** There are more subjects than are shown. */
  more: boolean
}

export interface BudgetAmount {
  unit: 'usd' | 'tokens' | 'requests'
  limit: number
  spent: number
  /** Held by servers for calls that may come. */
  leased: number
  /** Spent of the limit; above 1 where the budget is soft. */
  share: number
  /** Null: there is no pace yet. */
  forecast:
    | {
      /** Spent at the end of the window, at the pace so far. */
      atEnd: number
      /** When the limit is reached; null: not in this window. */
      reachedAt: string | null
    }
    | null
}

export interface PricedModel {
  name: string
  project: string
  provider: string
  upstreamModel: string
  /** What holds now; null: not known, which is not zero. */
  price: ModelPrice | null
  /** Who says so: the Model, one of its periods, or the catalogue. */
  from: 'model' | 'dated' | 'catalogue' | 'unknown'
  /** The first day of its period, or that of the catalogue. */
  since: string | null
  /** What the catalogue says of it. */
  entry: CatalogueEntry | null
  /** It names an entry that the catalogue does not have. */
  noSuchEntry: boolean
}

/** US dollars per million tokens; null: not known. */
export interface ModelPrice {
  input: number | null
  output: number | null
  /** Null: that of input. */
  cachedInput: number | null
  /** Null: that of input. */
  cacheWrite: number | null
  /** Null: that of output. */
  reasoning: number | null
  /** What a batch costs, as a share; null: not known. */
  batchFactor: number | null
  /** Of a machine of one’s own. */
  perGpuHour: number | null
  gpus: number | null
}

export interface CatalogueEntry {
  /** `openai/gpt-4.1-mini`. */
  id: string
  kind: string
  supports: string[]
  maxOutputTokens: number | null
  price: ModelPrice | null
}

export interface CatalogueOrigin {
  /** The day of these prices. */
  date: string
  source: string
}

export interface RepriceRequest {
  from: string
  to?: string | undefined
  /** Calls of this Model only. */
  model?: string | undefined
}

export interface CacheState {
  /** Goes up with each purge. */
  generation: number
  /** Answers of models that the process which was asked keeps for this organization. */
  answers: { entries: number; bytes: number }
  /** Lists of answers of assistants, one for each release and sight of the documents. */
  recalled: { entries: number; bytes: number }
}

export interface CachePurge {
  /** What was kept before it is given to nobody. */
  generation: number
}

export interface Promotion {
  id: string
  model: string
  /** Null: it had none. */
  fromStage: string | null
  toStage: string
  /** The version that it is about. */
  revision: number
  digest: string
  note: string
  /** `open`: a second person has to decide. */
  state: 'open' | 'approved' | 'rejected'
  askedBy: string
  askedByName: string
  askedAt: string
  /** Null: it took one person, or nobody decided yet. */
  decidedBy: string | null
  decidedByName: string | null
  decidedAt: string | null
  decisionNote: string | null
}

export interface PromotionRequest {
  model: string
  to: 'draft' | 'evaluated' | 'approved' | 'deprecated' | 'retired'
  note?: string | undefined
  /** Retire it although a Route has nothing else. */
  force?: boolean | undefined
}

export interface PromotionDecision {
  approve: boolean
  note?: string | undefined
}

export interface ApproversRequest {
  people: 1 | 2
}

export interface ModelUses {
  model: string
  routes: {
    name: string
    /** Nothing else is left in it. */
    only: boolean
    /** It is only compared with. */
    shadow: boolean
  }[]
  /** That answer through these routes. */
  assistants: string[]
  /** Of the last 30 days, those with the most calls first. */
  callers: { id: string; name: string; calls: number; lastAt: string }[]
  /** There are more callers than are named. */
  more: boolean
}

export interface Comparison {
  /** Of the job. */
  id: string
  name: string
  state: string
  models: string[]
  questions: number
  concurrency: number
  volume: number
  dataClasses: string[]
  regions: string[]
  createdAt: string
  finishedAt: string | null
  error: StoredError | null
  /** Empty until it has ended. */
  candidates: ComparedModel[]
}

export interface ComparedModel {
  model: string
  provider: string
  stage: string | null
  licence: string | null
  regions: string[]
  questions: number
  /** Questions that ended in an error: they count as wrong. */
  failed: number
  right: Share
  expectedFacts: Share
  abstained: Share
  /** Milliseconds, exact. */
  latencyMs: { p50: number; p95: number } | null
  /** Milliseconds, exact. */
  firstTokenMs: { p50: number; p95: number } | null
  /** At the concurrency of the comparison. */
  answersPerSecond: number | null
  /** Of an answer, on average. */
  inputTokens: number | null
  outputTokens: number | null
  /** Null: not known. */
  costPerAnswerUsd: number | null
  /** At the volume. */
  monthlyUsd: number | null
  monthlyFrom: 'tokens' | 'machines' | null
  /** What speaks against it: stage, classes, regions, licence. */
  unfit: string[]
}

/** With its 95 % Wilson interval; null: nothing was counted. */
export interface Share {
  n: number
  hits: number
  value: number | null
  low: number | null
  high: number | null
}

export interface ComparisonRequest {
  name?: string | undefined
  models: string[]
  /** Instead of what each question names. */
  assistant?: string | undefined
  /** In the form of samples/questions.jsonl. */
  questions: {
    id: string
    question: string
    language?: string | undefined
    assistant: string
    asUser?: string | null | undefined
    answerable: boolean
    gold?: { document: string; quote: string }[] | undefined
    expect: string[]
    forbid?: string[] | undefined
    deniedTo?: string[] | undefined
  }[]
  concurrency?: number | undefined
  /** Answers a month. */
  volume?: number | undefined
  dataClasses?: string[] | undefined
  regions?: string[] | undefined
}

export interface AuditEvent {
  seq: number
  at: string
  kind: string
  actor: string
  /** Who that is now; `somebody` for those who may not see people. */
  actorName: string
  target: string
  /** What it is called now, where the caller may see that and it has a name. */
  targetName: string | null
  outcome: string
  details: Record<string, unknown>
  /** Decrypted for those who may see it; `erased` after erasure; absent where there is none. */
  personal?: Record<string, unknown> | 'erased' | 'hidden'
  leafHash: string
}

export interface AuditState {
  size: number
  origin: string
  /** Public key in C2SP vkey notation. */
  vkey: string
  checkpoint: { size: number; note: string; at: string } | null
  /** Every kind of event that may be in the log. */
  kinds: { kind: string; what: string }[]
}

export interface AuditActor {
  id: string
  kind: 'user' | 'key' | 'server'
  name: string
  note: string
}

export interface AuditEventProof {
  seq: number
  at: string
  kind: string
  actor: string
  /** Who that is now; `somebody` for those who may not see people. */
  actorName: string
  target: string
  /** What it is called now, where the caller may see that and it has a name. */
  targetName: string | null
  outcome: string
  details: Record<string, unknown>
  /** Decrypted for those who may see it; `erased` after erasure; absent where there is none. */
  personal?: Record<string, unknown> | 'erased' | 'hidden'
  leafHash: string
  canonical: string
  proof: { treeSize: number; hashes: string[]; checkpoint: string }
}

export interface ApiKey {
  id: string
  name: string
  prefix: string
  userId: string
  userName: string
  scopes: string[]
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  revokedAt: string | null
}

export interface ApiKeyCreate {
  name: string
  /** Empty: everything the user may do. */
  scopes?: string[] | undefined
  expiresAt?: string | undefined
  /** Another user's key needs `people.write`. */
  userId?: string | undefined
}

/** The secret is shown in this response and never again. */
export interface ApiKeyCreated {
  id: string
  name: string
  prefix: string
  userId: string
  userName: string
  scopes: string[]
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  revokedAt: string | null
  secret: string
}

export interface User {
  id: string
  email: string
  name: string
  groups: string[]
  roles: string[]
  disabled: boolean
  hasPassword: boolean
  createdAt: string
  lastSeenAt: string | null
}

export interface UserCreate {
  email: string
  name: string
  groups?: string[] | undefined
  roles?: string[] | undefined
}

export interface InvitedUser {
  id: string
  email: string
  name: string
  groups: string[]
  roles: string[]
  disabled: boolean
  hasPassword: boolean
  createdAt: string
  lastSeenAt: string | null
  signInLink: string
  expiresAt: string
}

export interface UserChange {
  name?: string | undefined
  groups?: string[] | undefined
  roles?: string[] | undefined
  disabled?: boolean | undefined
}

export interface Group {
  name: string
  description: string
  members: number
}

export type ResourceKind =
  | 'KnowledgeBase'
  | 'Source'
  | 'Prompt'
  | 'Provider'
  | 'Model'
  | 'Route'
  | 'Assistant'
  | 'Guardrail'
  | 'Role'
  | 'Budget'

export interface ResourceSummary {
  kind: ResourceKind
  name: string
  project: string
  revision: number
  digest: string
  labels: string[]
  updatedAt: string
  updatedBy: string
  /** Who that is now; `somebody` for those who may not see people. */
  updatedByName: string
}

/** `yaml` may hold several documents. Nothing is applied when any is invalid, or with `dryRun`. */
export interface ApplyRequest {
  yaml: string
  /** Name shown in errors. */
  file?: string | undefined
  dryRun?: boolean | undefined
  message?: string | undefined
  /** `Kind/name` to the revision the change is based on; a mismatch is CONFLICT. */
  expectedRevisions?: Record<string, number> | undefined
}

export interface ApplyResult {
  dryRun: boolean
  results: {
    kind: ResourceKind
    name: string
    outcome: 'created' | 'changed' | 'unchanged'
    revision: number
    digest: string
    /** Unified diff of the canonical YAML; empty when unchanged. */
    diff: string
  }[]
  auditSeq: number | null
}

export interface Resource {
  kind: ResourceKind
  name: string
  project: string
  revision: number
  digest: string
  labels: string[]
  updatedAt: string
  updatedBy: string
  /** Who that is now; `somebody` for those who may not see people. */
  updatedByName: string
  spec: Record<string, unknown>
  yaml: string
  message: string
}

export interface ResourceVersionSummary {
  revision: number
  digest: string
  message: string
  createdAt: string
  createdBy: string
  /** Who that is now; `somebody` for those who may not see people. */
  createdByName: string
  labels: string[]
  current: boolean
}

/** A request as routing sees it. What is not said is unknown and meets no condition. */
export interface RouteQuestion {
  operation?:
    | 'chat'
    | 'embeddings'
    | 'rerank'
    | 'images'
    | 'speech'
    | 'transcription'
    | 'moderation' | undefined
  needs?: (
    | 'chat'
    | 'embeddings'
    | 'rerank'
    | 'images'
    | 'speech'
    | 'transcription'
    | 'moderation'
    | 'tools'
    | 'vision'
    | 'audio'
    | 'json-schema'
    | 'reasoning'
    | 'logprobs'
    | 'streaming')[] | undefined
  inputTokens?: number | undefined
  maxOutputTokens?: number | undefined
  dataClasses?: string[] | undefined
  /** The request must not leave these. */
  regions?: string[] | undefined
  /** Ids of who would ask; not given: the caller. */
  principals?: string[] | undefined
  /** Not given: those of the caller. */
  groups?: string[] | undefined
  project?: string | undefined
  useCase?: string | undefined
  language?: string | undefined
  conversation?: string | undefined
}

export interface RouteExplanation {
  route: string
  strategy:
    | 'ordered'
    | 'weighted'
    | 'lowest-latency'
    | 'least-busy'
    | 'lowest-cost'
    | 'objective'
  reason: string
  candidates: ExplainedCandidate[]
  shadow: string | null
}

export interface ExplainedCandidate {
  model: string
  provider: string | null
  /** 1 is tried first; null: it does not get the request. */
  place: number | null
  reason: string
  /** Why it does not get the request, in one word. */
  code: string | null
  forecast:
    | {
      firstTokenMs: number | null
      totalMs: number | null
      /** null: a price is not known. */
      costUsd: number | null
      answerTokens: number
    }
    | null
  live:
    | {
      breaker: 'closed' | 'open' | 'half-open'
      /** It does not answer its health checks. */
      down: boolean
      inFlight: number
      waiting: number
      usableKeys: number
      /** Calls of this process by whose fault they failed. */
      counts: {
        ok: number
        caller: number
        policy: number
        provider: number
        plinth: number
      }
    }
    | null
}

export type SignInRequest = { email: string; password: string } | { token: string }

export interface Me {
  id: string
  email: string
  name: string
  kind: 'user' | 'service' | 'system'
  organization: { id: string; name: string }
  groups: string[]
  roles: string[]
  permissions: string[]
  hasPassword: boolean
}

export interface SystemStatus {
  version: string
  engine: 'pglite' | 'postgres'
  chatModel: { name: string; note: string }
  dense: { embedder: string | null; off: string | null }
  sample: boolean
  uptimeSeconds: number
  offers: { name: string; note: string; yaml: string }[]
}

export interface DoctorReport {
  ok: boolean
  checks: {
    name: string
    result: 'ok' | 'warning' | 'failed'
    detail: string
    remedy: string | null
  }[]
}
