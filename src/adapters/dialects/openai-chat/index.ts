import type { Dialect, JsonObject, UpstreamProblem } from '#ports'
import { bearer, fixedEndpoint } from '../wire/endpoint.ts'
import { messageIn, problemOfStatus } from '../wire/problems.ts'
import { openAiEmbeddings } from './embeddings.ts'
import { writeOpenAiError } from './errors.ts'
import { readChatReply, writeChatReply } from './reply.ts'
import { readChatRequest } from './request-read.ts'
import { writeChatRequest } from './request-write.ts'
import { readChatStream } from './stream-read.ts'
import { writeChatStream } from './stream-write.ts'
import { type ChatVariant, family, openAi } from './variant.ts'

/** Parameters that some endpoints refuse by name, in the order in which they are looked for. */
const refusable = [
  [/stream_options|include_usage/, 'stream_options'],
  [/max_completion_tokens/, 'max_tokens'],
  [/temperature/, 'temperature'],
  [/prompt_cache_breakpoint/, 'prompt_cache_breakpoint'],
] as const

/** Chat completions of OpenAI and of what speaks its protocol: vLLM, Ollama under `/v1`, llama.cpp, LiteLLM … */
export function createOpenAiChat(variant: ChatVariant = openAi): Dialect {
  return {
    version: 'dialect/1',
    id: variant.id,
    family,
    framing: 'sse',
    forwardedHeaders: ['openai-organization', 'openai-project', 'openai-beta', 'idempotency-key'],
    readRequest: readChatRequest,
    writeRequest: (call) => writeChatRequest(call, variant),
    readReply: readChatReply,
    writeReply: writeChatReply,
    readStream: readChatStream,
    writeStream: writeChatStream,
    readError: (status, headers, body) => problemOfStatus(status, headers, messageIn(body)),
    writeError: writeOpenAiError,
    endpoint: (options) => fixedEndpoint(options, { headers: bearer(options.apiKey) }),
    tolerance: { refused, without },
    embeddings: openAiEmbeddings,
    passThrough: {
      completions: '/completions',
      moderations: '/moderations',
      images: '/images/generations',
      'image-edits': '/images/edits',
      speech: '/audio/speech',
      transcriptions: '/audio/transcriptions',
      translations: '/audio/translations',
      files: '/files',
      batches: '/batches',
      models: '/models',
    },
  }
}

function refused({ status, message }: UpstreamProblem): string | undefined {
  if (status !== 400 && status !== 422) return undefined
  return refusable.find(([pattern]) => pattern.test(message))?.[1]
}

function without(body: JsonObject, parameters: ReadonlySet<string>): JsonObject {
  if (parameters.size === 0) return body
  const { stream_options, temperature, max_tokens, ...rest } = body
  const left: JsonObject = rest
  if (stream_options !== undefined && !parameters.has('stream_options'))
    left.stream_options = stream_options
  if (temperature !== undefined && !parameters.has('temperature')) left.temperature = temperature
  if (max_tokens !== undefined)
    left[parameters.has('max_tokens') ? 'max_completion_tokens' : 'max_tokens'] = max_tokens
  if (parameters.has('prompt_cache_breakpoint')) return unmarked(left) as JsonObject
  return left
}

/** The body without marks of where a cached prompt ends. */
function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([name]) => name !== 'prompt_cache_breakpoint')
  return Object.fromEntries(fields.map(([name, field]) => [name, unmarked(field)]))
}
