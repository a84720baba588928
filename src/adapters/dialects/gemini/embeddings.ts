import { PlinthError } from '#kernel'
import type { EmbeddingCall, EmbeddingReply, Exchange, WireRequest } from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'

const purposes = {
  query: 'RETRIEVAL_QUERY',
  passage: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
} as const

/** Several texts at once by `:batchEmbedContents`. */
export const geminiEmbeddings: Exchange<EmbeddingCall, EmbeddingReply> = {
  readRequest(body, path = '') {
    const model = /\/models\/([^/:]+):batchEmbedContents/.exec(path)?.[1]
    if (model === undefined) {
      const detail = 'The path names no model: /models/{model}:batchEmbedContents.'
      throw new PlinthError('INVALID_INPUT', { detail, where: 'path' })
    }
    const fields = Fields.asked(body)
    const requests = fields.objects('requests')
    if (!requests?.length) throw fields.refuse('requests', 'is required and must not be empty')
    const input = requests.map((request) => {
      const parts = request.needObject('content').objects('parts') ?? []
      return parts.map((part) => part.string('text') ?? '').join('\n')
    })
    const type = requests[0]!.string('taskType')
    const known = Object.entries(purposes).find(([, word]) => word === type)?.[0]
    return defined({
      model: decodeURIComponent(model),
      input,
      encoding: 'float' as const,
      dimensions: requests[0]!.count('outputDimensionality', { min: 1 }),
      purpose: known as EmbeddingCall['purpose'],
    })
  },
  writeRequest,
  readReply(body) {
    const rows = Fields.answered(body).objects('embeddings')
    if (!rows) throw Fields.answered(body).refuse('embeddings', 'is missing')
    return { vectors: rows.map((row) => (row.list('values') ?? []) as number[]) }
  },
  writeReply: (reply) => ({
    body: { embeddings: reply.vectors.map((values) => ({ values })) },
    losses: [],
  }),
}

function writeRequest(call: EmbeddingCall): WireRequest {
  const losses = new Losses()
  if (call.user !== undefined) losses.add('user', 'hint', 'The user is not told.')
  if (call.truncate !== undefined) losses.add('truncate', 'changed', 'Long texts are cut.')
  const requests = call.input.map((text, i) => {
    if (typeof text !== 'string') losses.add(`input/${i}`, 'meaning', 'Texts only, no tokens.')
    return defined({
      model: `models/${call.model}`,
      content: { parts: [{ text: typeof text === 'string' ? text : '' }] },
      taskType: call.purpose && purposes[call.purpose],
      outputDimensionality: call.dimensions,
    })
  })
  const path = `/models/${encodeURIComponent(call.model)}:batchEmbedContents`
  return { path, headers: {}, body: { requests }, losses: losses.list }
}
