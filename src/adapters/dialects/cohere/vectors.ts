import type { EmbeddingCall, EmbeddingReply, Exchange, RerankCall, RerankReply } from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'

/** `POST /v2/rerank`: the shape that other rerankers follow. */
export const cohereRerank: Exchange<RerankCall, RerankReply> = {
  readRequest(body) {
    const fields = Fields.asked(body)
    const documents = fields.list('documents')?.map((one, i) => {
      if (typeof one === 'string') return one
      const text = Fields.asked(one, `body/documents/${i}`).string('text')
      if (text === undefined) throw fields.refuse(`documents/${i}`, 'must be a text')
      return text
    })
    if (!documents?.length) throw fields.refuse('documents', 'is required and must not be empty')
    return defined({
      model: fields.needString('model'),
      query: fields.needString('query'),
      documents,
      topN: fields.count('top_n', { min: 1 }),
      maxTokensPerDocument: fields.count('max_tokens_per_doc', { min: 1 }),
    })
  },
  writeRequest({ model, query, documents, topN, maxTokensPerDocument }) {
    const limits = { top_n: topN, max_tokens_per_doc: maxTokensPerDocument }
    const body = defined({ model, query, documents, ...limits })
    return { path: '/rerank', headers: {}, body, losses: [] }
  },
  readReply(body) {
    const fields = Fields.answered(body)
    const rows = fields.objects('results')
    if (!rows) throw fields.refuse('results', 'is missing')
    const results = rows.map((row) => ({
      index: row.count('index') ?? 0,
      score: row.number('relevance_score') ?? 0,
    }))
    const billed = fields.object('meta')?.object('billed_units')
    const searchUnits = billed?.number('search_units')
    const inputTokens = billed?.number('input_tokens')
    return defined({ id: fields.string('id'), results, searchUnits, inputTokens })
  },
  writeReply(reply) {
    const { searchUnits: search_units, inputTokens: input_tokens } = reply
    const billed_units = defined({ search_units, input_tokens })
    const results = reply.results.map(({ index, score }) => ({ index, relevance_score: score }))
    const meta = { api_version: { version: '2' }, billed_units }
    return { body: defined({ id: reply.id, results, meta }), losses: [] }
  },
}

const purposes = {
  query: 'search_query',
  passage: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
} as const

/** `POST /v2/embed`. */
export const cohereEmbeddings: Exchange<EmbeddingCall, EmbeddingReply> = {
  readRequest(body) {
    const fields = Fields.asked(body)
    const type = fields.string('input_type')
    const purpose = Object.entries(purposes).find(([, word]) => word === type)?.[0]
    const texts = fields.strings('texts')
    if (!texts?.length) throw fields.refuse('texts', 'is required and must not be empty')
    const truncate = fields.string('truncate')
    return defined({
      model: fields.needString('model'),
      input: texts,
      encoding: 'float' as const,
      dimensions: fields.count('output_dimension', { min: 1 }),
      purpose: purpose as EmbeddingCall['purpose'],
      truncate: truncate === undefined ? undefined : truncate !== 'NONE',
    })
  },
  writeRequest(call) {
    const losses = new Losses()
    if (call.input.some((one) => typeof one !== 'string'))
      losses.add('input', 'meaning', 'Texts only, no tokens.')
    if (call.user !== undefined) losses.add('user', 'hint', 'The user is not told.')
    const { model, dimensions, purpose, truncate } = call
    const body = defined({
      model,
      texts: call.input.map((one) => (typeof one === 'string' ? one : '')),
      input_type: purposes[purpose ?? 'passage'],
      embedding_types: ['float'],
      output_dimension: dimensions,
      truncate: truncate === undefined ? undefined : truncate ? 'END' : 'NONE',
    })
    return { path: '/embed', headers: {}, body, losses: losses.list }
  },
  readReply(body) {
    const fields = Fields.answered(body)
    const vectors = fields.needObject('embeddings').list('float')
    if (!vectors) throw fields.refuse('embeddings/float', 'is missing')
    const inputTokens = fields.object('meta')?.object('billed_units')?.number('input_tokens')
    return defined({ vectors: vectors as number[][], inputTokens })
  },
  writeReply: (reply, call) => ({
    body: {
      texts: call.input,
      embeddings: { float: reply.vectors },
      meta: { billed_units: { input_tokens: reply.inputTokens ?? 0 } },
    },
    losses: [],
  }),
}
