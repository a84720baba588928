import { z } from 'zod'
import { allPermissions, type Permission } from './permissions.ts'
import { modelSpec, providerSpec, routeSpec } from './resources/models.ts'
import { reference, resourceName } from './resources/names.ts'

export * from './resources/models.ts'
export { resourceName }

/** `everyone`, `user:<id or e-mail>`, `group:<name>`. */
export const readerToken = z
  .string()
  .regex(/^(everyone|user:.+|group:.+)$/, '"everyone", "user:<e-mail>" or "group:<name>"')

const metadataType = z.enum(['string', 'number', 'boolean', 'date'])

export const knowledgeBaseSpec = z
  .object({
    description: z.string().max(2_000).default(''),
    /** Who may read a document whose source does not say. Empty: nobody (fail closed). */
    readers: z.array(readerToken).max(100).default([]),
    /** off: text stays as it is; label: findings are recorded; mask: findings are replaced and go to the vault. */
    masking: z
      .object({
        mode: z.enum(['off', 'label', 'mask']).default('off'),
        /** Entity kinds; empty means all. */
        entities: z.array(z.string()).max(64).default([]),
        /** Regions (ISO 3166) for phone numbers without a country code. */
        regions: z.array(z.string().length(2)).max(32).default(['US', 'GB', 'DE']),
      })
      .strict()
      .prefault({}),
    /** Name of an embedder; `default` takes the server's, `none` keeps the base lexical. */
    embedder: z.string().default('default'),
    retrieval: z
      .object({
        /** Share of the dense leg in the fused score, 0 to 1. */
        denseWeight: z.number().min(0).max(1).default(0.5),
        /** Passages handed to grounding. */
        topK: z.number().int().min(1).max(100).default(8),
      })
      .strict()
      .prefault({}),
    /** Typed metadata: filters on other fields are refused. */
    metadata: z.record(z.string(), metadataType).default({}),
  })
  .strict()

export const sourceSpec = z
  .object({
    knowledgeBase: resourceName,
    description: z.string().max(2_000).default(''),
    folder: z
      .object({
        path: z.string().min(1),
        include: z.array(z.string()).max(100).default(['**/*']),
        exclude: z.array(z.string()).max(100).default([]),
        watch: z.boolean().default(false),
        /** Minutes between scans; 0 means by hand (and by watch) only. */
        rescanMinutes: z.number().int().min(0).max(10_080).default(0),
      })
      .strict()
      .optional(),
    /** An upload source receives files and texts over the API. */
    upload: z.object({}).strict().optional(),
    readers: z.array(readerToken).max(100).optional(),
    /** First matching rule wins over `readers`. Paths are globs relative to the folder. */
    access: z
      .array(z.object({ path: z.string(), readers: z.array(readerToken).max(100) }).strict())
      .max(1_000)
      .default([]),
    /** Set on every document of the source. */
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  })
  .strict()
  .refine(
    (s) => (s.folder ? 1 : 0) + (s.upload ? 1 : 0) === 1,
    'exactly one of "folder" and "upload"',
  )

export const promptSpec = z
  .object({
    description: z.string().max(2_000).default(''),
    /** Instructions for the model; `{{assistant}}`, `{{date}}` and `{{language}}` are filled in. Never documents. */
    system: z.string().max(50_000),
  })
  .strict()

export const guardrailSpec = z
  .object({
    description: z.string().max(2_000).default(''),
    citations: z
      .object({
        /** What happens to a sentence that its citation does not support. */
        unsupported: z.enum(['mark', 'remove', 'withhold']).default('mark'),
        /** Least lexical support of a sentence by the passages it cites, 0 to 1. */
        minSupport: z.number().min(0).max(1).default(0.5),
      })
      .strict()
      .prefault({}),
    personalData: z
      .object({
        input: z.enum(['allow', 'mask']).default('mask'),
        output: z.enum(['allow', 'mask']).default('mask'),
      })
      .strict()
      .prefault({}),
  })
  .strict()

export const assistantSpec = z
  .object({
    description: z.string().max(2_000).default(''),
    knowledgeBases: z.array(resourceName).min(1).max(16),
    route: reference,
    prompt: reference,
    guardrail: reference,
    /** Typed metadata filter applied to every question: field to value or list of values. */
    filter: z.record(z.string(), z.unknown()).default({}),
    /** Tokens of passages given to the model. */
    groundTokens: z.number().int().min(200).max(200_000).default(3_000),
    /** Abstain below this confidence of the built-in model, 0 to 1; absent: the threshold fitted on data. */
    abstainBelow: z.number().min(0).max(1).optional(),
    /** Absent: each question is answered anew. */
    cache: z
      .object({
        /** The same question in other words, from the same documents, to somebody with the same rights. */
        semantic: z
          .object({
            ttlSeconds: z.number().int().min(1).max(604_800).default(3_600),
            /** Similarity from which on two questions may be one; not given: as it was fitted on data. */
            threshold: z.number().min(0.8).max(1).optional(),
          })
          .strict(),
      })
      .strict()
      .optional(),
    suggestions: z.array(z.string().max(300)).max(12).default([]),
  })
  .strict()

export const roleSpec = z
  .object({
    description: z.string().max(2_000).default(''),
    permissions: z.array(z.enum(['*', ...allPermissions] as ['*', ...Permission[]])).max(200),
  })
  .strict()

/** What may be spent by whom in how long. Reserved before each call and settled after it, across all servers. */
export const budgetSpec = z
  .object({
    description: z.string().max(2_000).default(''),
    /** Each subject of this type has the limits for itself. */
    per: z.enum(['organization', 'project', 'use-case', 'user', 'key', 'model']),
    /** Only these subjects: names of projects, use cases and models, ids of users and keys. Empty: all. */
    only: z.array(z.string().min(1).max(200)).max(1_000).default([]),
    /** Calendar windows in UTC. */
    window: z.enum(['minute', 'hour', 'day', 'month']),
    limits: z
      .object({
        usd: z.number().positive().max(1_000_000).optional(),
        tokens: z.number().int().positive().max(1e15).optional(),
        requests: z.number().int().positive().max(1e12).optional(),
      })
      .strict()
      .refine((l) => Object.keys(l).length > 0, 'at least one of "usd", "tokens" and "requests"'),
    /** hard: what does not fit is refused; soft: it is counted and told. */
    enforce: z.enum(['hard', 'soft']).default('hard'),
    /** Shares of a limit at which an audit event is written. */
    alerts: z.array(z.number().positive().max(1)).max(8).default([0.8, 1]),
  })
  .strict()

/** The schema of each kind's `spec`. One mechanism stores them all. */
export const resourceKinds = {
  KnowledgeBase: knowledgeBaseSpec,
  Source: sourceSpec,
  Prompt: promptSpec,
  Provider: providerSpec,
  Model: modelSpec,
  Route: routeSpec,
  Assistant: assistantSpec,
  Guardrail: guardrailSpec,
  Role: roleSpec,
  Budget: budgetSpec,
} as const

export type ResourceKind = keyof typeof resourceKinds
export type ResourceSpec<K extends ResourceKind> = z.output<(typeof resourceKinds)[K]>

/** What people write in YAML, send to the API and edit in the console. */
export interface Resource<K extends ResourceKind = ResourceKind> {
  kind: K
  name: string
  project: string
  spec: ResourceSpec<K>
}

/** A stored, immutable version of a resource. */
export interface ResourceVersion<K extends ResourceKind = ResourceKind> extends Resource<K> {
  /** 1, 2, 3 … per resource. */
  revision: number
  /** `sha256:…` of the canonical JSON of `{kind, name, project, spec}`. */
  digest: string
  createdAt: string
  /** Principal id. */
  createdBy: string
  message: string
  labels: string[]
}
