import type { Dialect } from '#ports'
import { bearer, fixedEndpoint } from '../wire/endpoint.ts'
import { messageIn, problemOfStatus } from '../wire/problems.ts'
import { readCohereReply, writeCohereReply } from './reply.ts'
import { family, readCohereRequest, writeCohereRequest } from './request.ts'
import { readCohereStream, writeCohereStream } from './stream.ts'
import { cohereEmbeddings, cohereRerank } from './vectors.ts'

/** Chat, embeddings and reranking of Cohere, version 2. `baseUrl` with or without `/v2`. */
export function createCohere(): Dialect {
  return {
    version: 'dialect/1',
    id: 'cohere',
    family,
    framing: 'sse',
    forwardedHeaders: ['x-client-name'],
    readRequest: readCohereRequest,
    writeRequest: writeCohereRequest,
    readReply: readCohereReply,
    writeReply: writeCohereReply,
    readStream: readCohereStream,
    writeStream: writeCohereStream,
    readError: (status, headers, body) => problemOfStatus(status, headers, messageIn(body)),
    writeError: (error, at) => ({
      status: error.code === 'UNSUPPORTED' ? 400 : error.status,
      headers: { 'x-request-id': at.requestId },
      body: { id: at.requestId, message: `${error.message} ${error.remedy}`.trim() },
    }),
    endpoint(options) {
      const base = options.baseUrl.replace(/\/+$/, '').replace(/\/v2$/, '')
      return fixedEndpoint(options, { headers: bearer(options.apiKey), base: `${base}/v2` })
    },
    embeddings: cohereEmbeddings,
    rerank: cohereRerank,
    passThrough: {},
  }
}
