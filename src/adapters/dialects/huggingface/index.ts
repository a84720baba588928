import type { Dialect, Exchange, RerankCall, RerankReply } from '#ports'
import { createOpenAiChat } from '../openai-chat/index.ts'
import { openAi } from '../openai-chat/variant.ts'
import { bearer, fixedEndpoint } from '../wire/endpoint.ts'
import { defined, Fields, isObject } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'

/**
 * Hugging Face: inference endpoints, text-generation-inference and text-embeddings-inference. Chat and embeddings as
 * OpenAI has them, below `/v1`; reranking in a shape of its own, beside it.
 */
export function createHuggingFace(): Dialect {
  const chat = createOpenAiChat({
    ...openAi,
    id: 'huggingface',
    lacks: [
      ...(['topK', 'minP', 'n', 'logitBias', 'parallelToolCalls', 'reasoning'] as const),
      ...(['user', 'metadata', 'cacheKey', 'serviceTier'] as const),
    ],
    media: new Set(['image']),
    cacheMarkers: false,
    developers: false,
  })
  return {
    ...chat,
    rerank,
    endpoint(options) {
      const root = options.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')
      const headers = bearer(options.apiKey)
      const fixed = fixedEndpoint(options, { headers, base: root })
      const address: typeof fixed.address = (path, body) =>
        fixed.address(path === '/rerank' ? path : `/v1${path}`, body)
      return { ...fixed, address }
    },
    passThrough: { completions: '/completions', models: '/models' },
  }
}

const rerank: Exchange<RerankCall, RerankReply> = {
  readRequest(body) {
    const fields = Fields.asked(body)
    const documents = fields.strings('texts')
    if (!documents?.length) throw fields.refuse('texts', 'is required and must not be empty')
    return { model: fields.string('model') ?? '', query: fields.needString('query'), documents }
  },
  writeRequest(call) {
    const losses = new Losses()
    if (call.topN !== undefined)
      losses.add('topN', 'hint', 'All documents are scored; the best are taken here.')
    if (call.maxTokensPerDocument !== undefined)
      losses.add('maxTokensPerDocument', 'changed', 'Documents are cut by the model’s own limit.')
    const { query, documents } = call
    const body = { query, texts: documents, truncate: true, raw_scores: false }
    return { path: '/rerank', headers: {}, body, losses: losses.list }
  },
  readReply(body) {
    const rows = Array.isArray(body) ? body : isObject(body) ? body.results : undefined
    const fields = Fields.answered({ results: rows })
    const results = (fields.objects('results') ?? []).map((row) => ({
      index: row.count('index') ?? 0,
      score: row.number('score') ?? 0,
    }))
    if (rows === undefined) throw fields.refuse('results', 'is missing')
    return { results: results.sort((a, b) => b.score - a.score) }
  },
  writeReply: (reply) => ({ body: defined({ results: reply.results }), losses: [] }),
}
