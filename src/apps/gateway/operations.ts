import { type Capability, PlinthError } from '#kernel'
import type { Observed } from '#models'
import type { Dialect, JsonObject, PassedThrough } from '#ports'
import type { TextMask } from './masking.ts'

/** What models can be asked for beside chats, by the capability that a Model needs for it. */
export type OperationName = Extract<
  Capability,
  'rerank' | 'moderation' | 'images' | 'speech' | 'transcription'
>

/** A file of a multipart request. */
export interface SentFile {
  field: string
  name: string
  type: string
  bytes: Uint8Array
}

/** What a provider is sent. */
export interface OperationBody {
  path: string
  body: Buffer
  contentType: string
}

interface Sending {
  /** With the upstream's model, and without what must not leave. */
  parsed: JsonObject
  /** Names and values of a multipart request, in their order. */
  fields: readonly (readonly [string, string])[]
  file: SentFile | undefined
  dialect: Dialect
  provider: string
}

interface Answering {
  mask: TextMask
  seen: Observed
  parsed: JsonObject
  dialect: Dialect
  /** What callers of reranking speak. */
  caller: Dialect
  callId: string
}

export interface Operation {
  /** The answer has tokens that cost: pictures, speech, words. */
  gives: boolean
  /** The request as it may leave. @throws UNSUPPORTED for an answer that could not be masked. */
  masked(parsed: JsonObject, mask: TextMask): Promise<JsonObject>
  send(sending: Sending): OperationBody | Promise<OperationBody>
  /** The answer is no JSON: it is passed on as it comes. */
  raw(parsed: JsonObject): boolean
  /** Counts, and returns what is answered instead; undefined: what came. */
  answer(body: unknown, at: Answering): Promise<unknown>
}

/** Parameters whose text leaves. */
function hiding(...names: string[]): Operation['masked'] {
  return async (parsed, { hide }) => {
    const changed: JsonObject = { ...parsed }
    for (const name of names) {
      if (name in parsed) changed[name] = await hidden(parsed[name], hide)
    }
    return changed
  }
}

/** A text, a list of them, or parts with `text`. */
async function hidden(value: unknown, hide: TextMask['hide']): Promise<unknown> {
  if (typeof value === 'string') return hide(value)
  if (Array.isArray(value)) {
    const list = []
    for (const one of value) list.push(await hidden(one, hide))
    return list
  }
  if (typeof value !== 'object' || value === null) return value
  const { text, ...rest } = value as JsonObject
  return typeof text === 'string' ? { ...rest, text: await hide(text) } : value
}

function json(what: PassedThrough): Operation['send'] {
  return ({ parsed, dialect, provider }) => ({
    path: pathFor(what, { parsed, dialect, provider }),
    body: Buffer.from(JSON.stringify(parsed)),
    contentType: 'application/json',
  })
}

type Asking = Pick<Sending, 'parsed' | 'dialect' | 'provider'>

function pathFor(what: PassedThrough, { parsed, dialect, provider }: Asking): string {
  const path = dialect.passThrough[what]
  if (path === undefined) throw notOffered(what, { dialect, provider })
  return path.replace('{model}', encodeURIComponent(String(parsed.model)))
}

function notOffered(what: string, { dialect, provider }: Omit<Asking, 'parsed'>): PlinthError {
  return new PlinthError('UNSUPPORTED', {
    detail: `Provider ${provider} speaks ${dialect.id}, in which Plinth asks for no ${what}.`,
    where: 'body/model',
    remedy: 'Name a model of a provider that speaks a protocol with it.',
  })
}

function listIn(body: unknown, name: string): JsonObject[] {
  const list = (body as JsonObject | null)?.[name]
  if (Array.isArray(list)) return list
  const detail = `The endpoint sent an answer without "${name}".`
  throw new PlinthError('UPSTREAM_FAILED', detail)
}

function count(body: unknown, seen: Observed): void {
  const usage = (body as { usage?: JsonObject | null }).usage
  const input = usage?.input_tokens ?? usage?.prompt_tokens
  const output = usage?.output_tokens ?? usage?.completion_tokens ?? 0
  if (!isCount(input) || !isCount(output)) return
  seen.counted = true
  seen.inputTokens = input
  seen.outputTokens = output
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

const moderation: Operation = {
  gives: false,
  masked: hiding('input'),
  send: json('moderations'),
  raw: () => false,
  async answer(body, { seen }) {
    listIn(body, 'results')
    count(body, seen)
  },
}

const images: Operation = {
  gives: true,
  masked: hiding('prompt'),
  send: json('images'),
  raw: () => false,
  async answer(body, { seen, mask }) {
    const data = listIn(body, 'data')
    count(body, seen)
    if (!data.some(({ revised_prompt: said }) => typeof said === 'string')) return undefined
    const shown = []
    for (const one of data) {
      const { revised_prompt: said } = one
      shown.push(typeof said === 'string' ? { ...one, revised_prompt: await mask.show(said) } : one)
    }
    return { ...(body as JsonObject), data: shown }
  },
}

const speech: Operation = {
  gives: true,
  masked: hiding('input', 'instructions'),
  send: json('speech'),
  raw: () => true,
  answer: async () => undefined,
}

const plainTexts: readonly unknown[] = ['text', 'srt', 'vtt']

const transcription: Operation = {
  gives: true,
  async masked(parsed, mask) {
    const { response_format: format = 'json', include } = parsed
    if (mask.veiled && (format !== 'json' || include !== undefined)) {
      throw new PlinthError('UNSUPPORTED', {
        detail: 'What is said must be masked for you, which is done in the format "json" alone.',
        where: format === 'json' ? 'body/include' : 'body/response_format',
        remedy: 'Leave it out.',
      })
    }
    return hiding('prompt')(parsed, mask)
  },
  async send(sending) {
    const { parsed, fields, file } = sending
    const form = new FormData()
    for (const [name, value] of fields) {
      form.append(name, name === 'model' || name === 'prompt' ? String(parsed[name]) : value)
    }
    if (file) {
      const blob = new Blob([new Uint8Array(file.bytes)], { type: file.type })
      form.append(file.field, blob, file.name)
    }
    const written = new Response(form)
    return {
      path: pathFor('transcriptions', sending),
      contentType: written.headers.get('content-type')!,
      body: Buffer.from(await written.arrayBuffer()),
    }
  },
  raw: ({ response_format: format }) => plainTexts.includes(format),
  async answer(body, { seen, mask }) {
    const { text } = (body ?? {}) as JsonObject
    if (typeof text !== 'string') {
      throw new PlinthError('UPSTREAM_FAILED', 'The endpoint sent an answer without "text".')
    }
    count(body, seen)
    const shown = await mask.show(text)
    return shown === text ? undefined : { ...(body as JsonObject), text: shown }
  },
}

/** In the shape of Cohere, to whatever ranks: an endpoint of Cohere's protocol, or Hugging Face's own. */
const rerank: Operation = {
  gives: false,
  masked: hiding('query', 'documents'),
  send({ parsed, dialect, provider }) {
    if (!dialect.rerank) throw notOffered('rerank', { dialect, provider })
    const { path, body } = dialect.rerank.writeRequest(rerankCallOf(parsed))
    return { path, body: Buffer.from(JSON.stringify(body)), contentType: 'application/json' }
  },
  raw: () => false,
  async answer(body, { seen, parsed, dialect, caller, callId }) {
    const call = rerankCallOf(parsed)
    const reply = dialect.rerank!.readReply(body)
    if (reply.inputTokens !== undefined) {
      seen.counted = true
      seen.inputTokens = reply.inputTokens
    }
    const results = reply.results.slice(0, call.topN)
    const told = { ...reply, id: reply.id ?? callId, results }
    return caller.rerank!.writeReply(told, call).body
  },
}

/** Its contract was checked at the door. */
function rerankCallOf(parsed: JsonObject) {
  const { top_n: topN, max_tokens_per_doc: most } = parsed
  const documents = (parsed.documents as (string | { text: string })[]).map((one) =>
    typeof one === 'string' ? one : one.text,
  )
  return {
    model: String(parsed.model),
    query: String(parsed.query),
    documents,
    ...(typeof topN === 'number' ? { topN } : {}),
    ...(typeof most === 'number' ? { maxTokensPerDocument: most } : {}),
  }
}

export const operations: Readonly<Record<OperationName, Operation>> = {
  rerank,
  moderation,
  images,
  speech,
  transcription,
}
