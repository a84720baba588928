import type { Dialect, EmbeddingCall, EmbeddingReply, Exchange } from '#ports'
import { bearer, fixedEndpoint } from '../wire/endpoint.ts'
import { defined, Fields } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'
import { messageIn, problemOfStatus } from '../wire/problems.ts'
import { readOllamaReply, readOllamaStream, writeOllamaReply, writeOllamaStream } from './reply.ts'
import { family, readOllamaRequest, writeOllamaRequest } from './request.ts'

/** Ollama's own protocol, which knows what its OpenAI-compatible door does not: context length, thinking, keep-alive. */
export function createOllama(): Dialect {
  return {
    version: 'dialect/1',
    id: 'ollama',
    family,
    framing: 'ndjson',
    forwardedHeaders: [],
    readRequest: readOllamaRequest,
    writeRequest: writeOllamaRequest,
    readReply: readOllamaReply,
    writeReply: writeOllamaReply,
    readStream: readOllamaStream,
    writeStream: writeOllamaStream,
    readError: (status, headers, body) => problemOfStatus(status, headers, messageIn(body)),
    writeError: (error, at) => ({
      status: error.code === 'UNSUPPORTED' ? 400 : error.status,
      headers: { 'x-request-id': at.requestId },
      body: { error: `${error.message} ${error.remedy}`.trim() },
    }),
    endpoint: (options) => fixedEndpoint(options, { headers: bearer(options.apiKey) }),
    embeddings,
    passThrough: { models: '/api/tags' },
  }
}

const embeddings: Exchange<EmbeddingCall, EmbeddingReply> = {
  readRequest(body) {
    const fields = Fields.asked(body)
    const input = fields.raw('input')
    return defined({
      model: fields.needString('model'),
      input: typeof input === 'string' ? [input] : (fields.strings('input') ?? []),
      encoding: 'float' as const,
      dimensions: fields.count('dimensions', { min: 1 }),
      truncate: fields.boolean('truncate'),
    })
  },
  writeRequest(call) {
    const losses = new Losses()
    if (call.input.some((one) => typeof one !== 'string'))
      losses.add('input', 'meaning', 'Texts only, no tokens.')
    if (call.purpose !== undefined) losses.add('purpose', 'changed', 'What for is not told.')
    if (call.user !== undefined) losses.add('user', 'hint', 'The user is not told.')
    const { model, dimensions, truncate } = call
    const input = call.input.map((one) => (typeof one === 'string' ? one : ''))
    const body = defined({ model, input, dimensions, truncate })
    return { path: '/api/embed', headers: {}, body, losses: losses.list }
  },
  readReply(body) {
    const fields = Fields.answered(body)
    const rows = fields.list('embeddings')
    if (!rows) throw fields.refuse('embeddings', 'is missing')
    const inputTokens = fields.count('prompt_eval_count')
    return defined({ model: fields.string('model'), vectors: rows as number[][], inputTokens })
  },
  writeReply: (reply, call) => ({
    body: defined({
      model: call.model,
      embeddings: reply.vectors,
      prompt_eval_count: reply.inputTokens,
    }),
    losses: [],
  }),
}
