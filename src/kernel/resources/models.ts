import { z } from 'zod'
import { reference, secretReference } from './names.ts'

/**
 * Provider, Model and Route. Whatever came after the first version is optional and has its default where it is used
 * (`models/routing`): a stored resource keeps its digest when Plinth learns a new key.
 */

const milliseconds = (least: number, most: number) => z.number().int().min(least).max(most)

/** Answers that are given again to whoever asks the same with the same rights. */
const cache = z
  .object({
    /** For requests that are the same in every field. */
    exact: z
      .object({
        /** Seconds for which an answer is given again. */
        ttlSeconds: z.number().int().min(1).max(604_800).default(3_600),
      })
      .strict(),
  })
  .strict()

/** What a request and a model are said to be: compared letter for letter, so written in one way. */
const label = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'lower-case letters, digits, ".", "_" and "-"')
const labels = z.array(label).max(64)

/** Where text is processed: `eu`, `eu-west-1`. A constraint `eu` is met by `eu` and everything below it. */
const region = z
  .string()
  .regex(
    /^[a-z0-9]+(-[a-z0-9]+)*$/,
    'a region such as "eu" or "eu-west-1": lower-case letters, digits and "-"',
  )
  .max(63)

const language = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'a language tag such as "en" or "pt-BR"')

/** What a model can be asked for. The first seven are operations; the rest are parts of a chat request. */
export const capabilities = [
  'chat',
  'embeddings',
  'rerank',
  'images',
  'speech',
  'transcription',
  'moderation',
  'tools',
  'vision',
  'audio',
  'json-schema',
  'reasoning',
  'logprobs',
  'streaming',
] as const

export type Capability = (typeof capabilities)[number]

const capability = z.enum(capabilities)

const origin = z.url().refine((text) => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text
}, 'an exact origin such as "http://10.0.0.5:8000": scheme, host and port, nothing after it')

const timeouts = z
  .object({
    totalMs: milliseconds(100, 3_600_000).default(120_000),
    firstTokenMs: milliseconds(100, 600_000).default(30_000),
    idleMs: milliseconds(100, 600_000).default(20_000),
    /** Until the connection stands. */
    connectMs: milliseconds(10, 60_000).optional(),
  })
  .strict()

const weightedKey = secretReference.extend({
  /** Share of the calls, beside the other keys. */
  weight: z.number().min(0.001).max(1_000).default(1),
})

const concurrency = z
  .object({
    max: z.number().int().min(1).max(100_000).default(1_000),
    queue: z.number().int().min(0).max(100_000).default(1_000),
    queueMs: milliseconds(0, 600_000).default(10_000),
  })
  .strict()

const retry = z
  .object({
    max: z.number().int().min(0).max(10).default(2),
    baseMs: milliseconds(0, 60_000).default(250),
    maxMs: milliseconds(0, 600_000).default(8_000),
  })
  .strict()

const breaker = z
  .object({
    failures: z.number().int().min(1).max(10_000).default(10),
    ratio: z.number().min(0).max(1).default(0.5),
    windowMs: milliseconds(100, 3_600_000).default(30_000),
    openMs: milliseconds(10, 3_600_000).default(10_000),
  })
  .strict()

/** What holds where a Provider leaves the whole key out. */
export const providerDefaults = {
  concurrency: concurrency.parse({}),
  retry: retry.parse({}),
  breaker: breaker.parse({}),
  connectMs: 10_000,
  healthPath: '/models',
}

/** What a scripted model says: the first rule whose words stand in the question answers it. */
const script = z
  .object({
    rules: z
      .array(
        z
          .object({
            /** Words of the question, in any case; empty fits every question. */
            when: z.string().max(500).default(''),
            /** `{{question}}` stands for the question. */
            reply: z.string().max(20_000).optional(),
            fails: z.enum(['UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT', 'TOO_MANY_REQUESTS']).optional(),
            finish: z.enum(['stop', 'length', 'content-filter']).default('stop'),
            /** Before each word. */
            delayMs: milliseconds(0, 60_000).default(0),
          })
          .strict()
          .refine(
            ({ reply, fails }) => (reply === undefined) !== (fails === undefined),
            'exactly one of "reply" and "fails"',
          ),
      )
      .min(1)
      .max(200),
  })
  .strict()

export const providerSpec = z
  .object({
    protocol: z.enum([
      ...([
        'extractive',
        'scripted',
        'openai',
        'openai-responses',
        'azure-openai',
        'anthropic',
      ] as const),
      ...(['bedrock', 'cohere', 'gemini', 'mistral', 'ollama', 'huggingface'] as const),
    ]),
    baseUrl: z.url().optional(),
    apiKey: secretReference.optional(),
    /** Further keys: calls are spread over all that work. */
    keys: z.array(weightedKey).max(32).optional(),
    headers: z.record(z.string(), z.string()).default({}),
    timeouts: timeouts.prefault({}),
    /** Calls in flight at once; those that wait for a place; how long they do. */
    concurrency: concurrency.optional(),
    /** Rounds of further tries, and the wait before each: random up to `baseMs`, doubled each round, at most `maxMs`. */
    retry: retry.optional(),
    /** No more calls for `openMs` after `failures` within `windowMs`, where they are at least `ratio` of the calls. */
    breaker: breaker.optional(),
    /** Where it processes what it is sent. */
    region: region.optional(),
    /** Classes of data that may be sent to it. */
    dataClasses: labels.optional(),
    /** Asks the endpoint whether it is there, every so often. */
    health: z
      .object({
        /** Below `baseUrl`. */
        path: z
          .string()
          .regex(/^\/[^\s?#]*$/, 'a path that begins with "/"')
          .max(500)
          .optional(),
        everyMs: milliseconds(1_000, 3_600_000).default(30_000),
      })
      .strict()
      .optional(),
    script: script.optional(),
    /** Private origins that this provider may be reached at. */
    allowPrivate: z.array(origin).max(16).optional(),
  })
  .strict()
  .refine(
    (p) => p.protocol === 'extractive' || p.protocol === 'scripted' || p.baseUrl !== undefined,
    '"baseUrl" is needed for this protocol',
  )
  .refine(
    (p) => (p.protocol === 'scripted') === (p.script !== undefined),
    '"script" is needed for the protocol "scripted", and for no other',
  )

const dollars = z.number().min(0).max(1_000_000)

const priceSpec = z
  .object({
    /** US dollars per million tokens. */
    input: dollars.optional(),
    output: dollars.optional(),
    /** Input read from, and written to, the provider's cache; that of `input` where it is not given. */
    cachedInput: dollars.optional(),
    cacheWrite: dollars.optional(),
    /** Tokens of reasoning; that of `output` where it is not given. */
    reasoning: dollars.optional(),
    /** What a batch costs, as a share of the rest: 0.5 is half. */
    batchFactor: z.number().min(0).max(10).optional(),
    /** Of a machine of one's own: US dollars per GPU and hour, and how many it takes; one where it is not given. */
    perGpuHour: dollars.optional(),
    gpus: z.number().int().min(1).max(4_096).optional(),
  })
  .strict()

/** A price of a period: from the first day to before the second, UTC. */
const datedPriceSpec = priceSpec.extend({ from: z.iso.date(), until: z.iso.date().optional() })

/** In the order of a model's life. One without a stage is used like an approved one. */
export const modelStages = ['draft', 'evaluated', 'approved', 'deprecated', 'retired'] as const

export type ModelStage = (typeof modelStages)[number]

const modality = z.enum(['text', 'image', 'audio', 'video', 'pdf', 'vector'])

/** What somebody measured: kept with the version that it speaks of. */
const evaluation = z
  .object({
    suite: z.string().min(1).max(200),
    on: z.iso.date(),
    /** `recall .91 [.88, .94], n 200`. */
    result: z.string().max(500),
    /** A report, or the id of a comparison. */
    report: z.string().max(500).optional(),
  })
  .strict()

export const modelSpec = z
  .object({
    provider: reference,
    /** The provider's own name for the model. */
    upstreamModel: z.string().min(1).max(200),
    contextTokens: z.number().int().min(256).default(8_192),
    maxOutputTokens: z.number().int().min(1).default(1_024),
    temperature: z.number().min(0).max(2).optional(),
    /** Where it is known. What is not given is unknown, never nothing. */
    price: priceSpec.optional(),
    /** Of periods; the last one that holds on a day wins over `price`. */
    prices: z.array(datedPriceSpec).max(64).optional(),
    /** Entry of the price catalogue, for what is not given here; `none`: never looked up. */
    catalogue: z
      .string()
      .max(300)
      .regex(/^(none|[a-z0-9-]+\/\S+)$/, 'an entry such as "openai/gpt-4.1-mini", or "none"')
      .optional(),
    /** What it can be asked for; not given: nobody knows, so everything may be tried. */
    capabilities: z.array(capability).max(capabilities.length).optional(),
    /** What it speaks; not given: everything. */
    languages: z.array(language).max(256).optional(),
    /** Every region it may be processed in, beside its provider's. */
    regions: z.array(region).max(64).optional(),
    /** Classes of data that may be sent to it; narrows its provider's. */
    dataClasses: labels.optional(),
    /** Of calls that name this Model; those that name a Route follow the Route's. */
    cache: cache.optional(),
    stage: z.enum(modelStages).optional(),
    licence: z.string().max(200).optional(),
    owner: z.string().max(200).optional(),
    /** Where it comes from: an address, a repository, a contract. */
    source: z.string().max(500).optional(),
    modalities: z
      .object({ input: z.array(modality).max(8), output: z.array(modality).max(8) })
      .strict()
      .optional(),
    /** What people should know before they use it. */
    riskNotes: z.string().max(8_000).optional(),
    evaluations: z.array(evaluation).max(64).optional(),
  })
  .strict()

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as "08:30"')

const hours = z
  .object({
    from: clock,
    /** Not later than `from`: it goes over midnight. */
    to: clock,
    /** The day on which it begins. */
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .max(7)
      .optional(),
    /** IANA time zone. */
    zone: z.string().max(64).refine(isZone, 'a time zone such as "Europe/Berlin"').default('UTC'),
  })
  .strict()

const names = z.array(z.string().min(1).max(200)).min(1).max(256)

/** Which requests a candidate is for. All that is given must be so; what a request does not say is not so. */
const when = z
  .object({
    operations: z.array(capability).min(1).max(capabilities.length).optional(),
    /** The request needs each of these. */
    capabilities: z.array(capability).min(1).max(capabilities.length).optional(),
    minInputTokens: z.number().int().min(0).optional(),
    maxInputTokens: z.number().int().min(0).optional(),
    languages: z.array(language).min(1).max(256).optional(),
    /** Ids of users or API keys. */
    principals: names.optional(),
    groups: names.optional(),
    projects: names.optional(),
    useCases: names.optional(),
    /** Each class of the request is one of these. */
    dataClasses: labels.min(1).optional(),
    /** The request must stay within regions, each of which is one of these or below one. */
    regions: z.array(region).min(1).max(64).optional(),
    hours: hours.optional(),
  })
  .strict()

const candidate = z
  .object({
    model: reference,
    /** Share of the requests where the strategy is `weighted`, and of conversations; 0: in reserve only. */
    weight: z.number().min(0).max(1_000_000).default(1),
    when: when.optional(),
  })
  .strict()

export const routeSpec = z
  .object({
    description: z.string().max(2_000).default(''),
    /** Tried in order; the next one only before the first token was sent. */
    models: z.array(reference).max(16).default([]),
    /** The same with weights and conditions, instead of `models`. */
    candidates: z.array(candidate).min(1).max(32).optional(),
    strategy: z
      .enum(['ordered', 'weighted', 'lowest-latency', 'least-busy', 'lowest-cost', 'objective'])
      .optional(),
    /** Of the strategy `objective`: the cheapest candidate whose forecast keeps these. */
    objective: z
      .object({
        ttftMs: milliseconds(1, 600_000).optional(),
        totalMs: milliseconds(1, 3_600_000).optional(),
        maxCostUsd: dollars.optional(),
      })
      .strict()
      .refine((o) => Object.keys(o).length > 0, 'at least one of its keys')
      .optional(),
    /** The same conversation goes to the same model as long as that can answer. */
    sticky: z.enum(['conversation']).optional(),
    /** After so long without a first token another candidate is asked too; the first to speak answers. */
    hedge: z
      .object({
        afterMs: milliseconds(10, 600_000),
        max: z.number().int().min(1).max(3).default(1),
      })
      .strict()
      .optional(),
    /** Rounds over the candidates after the first; not given: what each provider says. */
    retries: z.number().int().min(0).max(10).optional(),
    /** Instead of the provider's, where shorter. */
    timeouts: z
      .object({
        totalMs: milliseconds(100, 3_600_000).optional(),
        firstTokenMs: milliseconds(100, 600_000).optional(),
        idleMs: milliseconds(100, 600_000).optional(),
        connectMs: milliseconds(10, 60_000).optional(),
      })
      .strict()
      .optional(),
    /** A share of the requests is meant for this model too, for comparison. */
    shadow: z
      .object({ model: reference, share: z.number().min(0).max(1) })
      .strict()
      .optional(),
    /** Of direct calls on this route. Absent: nothing is kept. */
    cache: cache.optional(),
    /** Guardrail of direct calls on this route. */
    guardrail: reference.optional(),
  })
  .strict()
  .refine(
    (r) => r.models.length > 0 !== (r.candidates !== undefined),
    'exactly one of "models" and "candidates"',
  )
  .refine(
    (r) => (r.strategy === 'objective') === (r.objective !== undefined),
    'the strategy "objective" and the key "objective" go together',
  )

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}
