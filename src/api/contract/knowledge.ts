import { z } from 'zod'
import { readerToken } from '#kernel'
import { pageOf, paging, storedError, time } from './basics.ts'

export const knowledgeBase = z
  .object({
    name: z.string(),
    project: z.string(),
    description: z.string(),
    maskingMode: z.enum(['off', 'label', 'mask']),
    documents: z.object({ ready: z.number(), pending: z.number(), failed: z.number() }),
    chunks: z.number(),
    sources: z.number(),
    dense: z
      .object({
        embedder: z.string().nullable(),
        embedded: z.number(),
        off: z.string().nullable(),
      })
      .describe('Dense leg: embedder name and how many chunks have a vector; `off` says why.'),
    denseWeight: z.number(),
    updatedAt: time.nullable(),
  })
  .meta({ id: 'KnowledgeBaseStatus' })

export const source = z
  .object({
    name: z.string(),
    knowledgeBase: z.string(),
    kind: z.enum(['folder', 'upload']),
    path: z.string().nullable(),
    watch: z.boolean(),
    documents: z.number(),
    failed: z.number(),
    job: z
      .lazy(() => job)
      .nullable()
      .describe('The newest sync of this source, if any.'),
  })
  .meta({ id: 'SourceStatus' })

export const document = z
  .object({
    id: z.string(),
    knowledgeBase: z.string(),
    source: z.string(),
    externalId: z.string(),
    title: z.string(),
    state: z.enum(['pending', 'ready', 'failed']),
    error: storedError.nullable(),
    readers: z.array(z.string()),
    metadata: z.record(z.string(), z.unknown()),
    versionId: z.string().nullable(),
    versionNumber: z.number().int().nullable(),
    mediaType: z.string().nullable(),
    bytes: z.number().nullable(),
    language: z.string().nullable(),
    pageCount: z.number().int().nullable(),
    chunkCount: z.number().int(),
    warnings: z.array(z.string()).describe('What was left out, and why.'),
    notes: z.array(z.string()).describe('What else is good to know of how it was read.'),
    findings: z.record(z.string(), z.number()).describe('Personal data found, by kind.'),
    updatedAt: time,
  })
  .meta({ id: 'Document' })

export const documentText = z
  .object({
    documentId: z.string(),
    versionId: z.string(),
    title: z.string(),
    mediaType: z.string(),
    text: z
      .string()
      .describe('The stored (masked) text; all offsets are UTF-16 code units into it.'),
    blocks: z.array(
      z.object({
        kind: z.enum([
          'heading',
          'paragraph',
          'list-item',
          'table-header',
          'table-row',
          'code',
          'quote',
        ]),
        start: z.number(),
        end: z.number(),
        level: z.number().optional(),
        page: z.number().optional(),
        table: z.number().optional(),
      }),
    ),
    pages: z.array(
      z.object({
        number: z.number(),
        start: z.number(),
        end: z.number(),
        label: z.string().optional(),
        width: z.number().optional(),
        height: z.number().optional(),
      }),
    ),
    boxes: z
      .array(
        z.object({
          page: z.number(),
          start: z.number(),
          end: z.number(),
          x: z.number(),
          y: z.number(),
          width: z.number(),
          height: z.number(),
        }),
      )
      .describe("PDF only: line boxes in points from the page's top left."),
    originalAvailable: z
      .boolean()
      .describe(
        'Whether the caller may open the original bytes (not where they hold masked personal data).',
      ),
  })
  .meta({ id: 'DocumentText' })

export const chunk = z
  .object({
    id: z.number(),
    ordinal: z.number(),
    start: z.number(),
    end: z.number(),
    page: z.number().nullable(),
    kind: z.string(),
    headingPath: z.array(z.string()),
    context: z.string(),
    text: z.string(),
    tokens: z.number(),
    embedded: z.boolean(),
  })
  .meta({ id: 'Chunk' })

export const searchRequest = z
  .object({
    query: z.string().min(1).max(16_000),
    knowledgeBases: z.array(z.string()).min(1).max(16),
    filter: z.record(z.string(), z.unknown()).optional(),
    topK: z.number().int().min(1).max(100).optional(),
    denseWeight: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("Overrides the knowledge base's weight: for the search bench."),
  })
  .meta({ id: 'SearchRequest' })

export const searchHit = z
  .object({
    chunkId: z.number(),
    documentId: z.string(),
    versionId: z.string(),
    knowledgeBase: z.string(),
    title: z.string(),
    externalId: z.string(),
    headingPath: z.array(z.string()),
    text: z.string(),
    start: z.number(),
    end: z.number(),
    page: z.number().nullable(),
    score: z
      .number()
      .describe('Fused, 0 to 1. Raw leg scores and ranks (1-based) where that leg found it.'),
    lexical: z.object({ score: z.number(), rank: z.number() }).nullable(),
    dense: z.object({ score: z.number(), rank: z.number() }).nullable(),
  })
  .meta({ id: 'SearchHit' })

export const searchResponse = z
  .object({
    hits: z.array(searchHit),
    terms: z.array(z.string()),
    dense: z.object({ embedder: z.string().nullable(), off: z.string().nullable() }),
    tookMs: z.object({
      analyse: z.number(),
      embed: z.number(),
      search: z.number(),
      read: z.number(),
    }),
    traceId: z.string(),
  })
  .meta({ id: 'SearchResponse' })

export const job = z
  .object({
    id: z.string(),
    kind: z.string(),
    state: z.enum(['queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled']),
    target: z.string().describe('What it works on: a source, a document.'),
    progress: z.object({
      filesDone: z.number().optional(),
      filesTotal: z.number().optional(),
      filesFailed: z.number().optional(),
      filesUnchanged: z.number().optional(),
      pages: z.number().optional(),
      chunks: z.number().optional(),
      current: z.string().optional().describe('What is being done now.'),
      filesPerSecond: z.number().optional(),
      secondsLeft: z.number().nullable().optional(),
    }),
    error: storedError.nullable(),
    cancelRequested: z.boolean(),
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
  })
  .meta({ id: 'Job' })

export const documentQuery = paging.extend({
  knowledgeBase: z.string().optional(),
  source: z.string().optional(),
  state: z.enum(['pending', 'ready', 'failed']).optional(),
  search: z.string().max(200).optional(),
})

export const textDocument = z
  .object({
    source: z.string(),
    externalId: z.string().min(1).max(1_000),
    title: z.string().max(500).optional(),
    text: z.string().min(1).max(2_000_000),
    mediaType: z
      .enum(['text/plain', 'text/markdown', 'text/html', 'text/csv'])
      .default('text/plain'),
    readers: z.array(readerToken).max(100).optional(),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .meta({ id: 'TextDocument', description: 'Text by API: becomes a document of an upload source.' })

export const uploadStart = z
  .object({
    source: z.string(),
    name: z.string().min(1).max(1_000),
    size: z.number().int().min(0),
    digest: z
      .string()
      .optional()
      .describe('`sha256:…` of the whole file: unchanged content costs nothing.'),
    readers: z.array(readerToken).max(100).optional(),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .meta({
    id: 'UploadStart',
    description:
      'Starts (or resumes) an upload: the same source, name, size and digest finds the earlier one.',
  })

export const upload = z
  .object({
    id: z.string(),
    name: z.string(),
    size: z.number(),
    received: z.number().describe('Bytes that are safe on the server: send from here.'),
    state: z.enum(['receiving', 'received', 'unchanged']),
    jobId: z.string().nullable(),
  })
  .meta({ id: 'Upload' })

export const knowledgeBasePage = pageOf(knowledgeBase)
export const sourcePage = pageOf(source)
export const documentPage = pageOf(document)
export const chunkPage = pageOf(chunk)
export const jobPage = pageOf(job)
