import type { Dialect } from '#ports'
import { messageIn, problemOfStatus } from '../wire/problems.ts'
import { geminiEmbeddings } from './embeddings.ts'
import { geminiEndpoint } from './endpoint.ts'
import { writeGeminiError } from './errors.ts'
import { family } from './parts.ts'
import { readGeminiReply, writeGeminiReply } from './reply.ts'
import { readGeminiRequest } from './request-read.ts'
import { writeGeminiRequest } from './request-write.ts'
import { readGeminiStream, writeGeminiStream } from './stream.ts'

/** `generateContent` of Google: the Gemini API with a key, Vertex AI with a service account. */
export function createGemini(): Dialect {
  return {
    version: 'dialect/1',
    id: 'gemini',
    family,
    framing: 'sse',
    forwardedHeaders: [],
    readRequest: readGeminiRequest,
    writeRequest: writeGeminiRequest,
    readReply: readGeminiReply,
    writeReply: writeGeminiReply,
    readStream: readGeminiStream,
    writeStream: writeGeminiStream,
    readError: (status, headers, body) => problemOfStatus(status, headers, messageIn(body)),
    writeError: writeGeminiError,
    endpoint: geminiEndpoint,
    embeddings: geminiEmbeddings,
    passThrough: { models: '/models', 'count-tokens': '/models/{model}:countTokens' },
  }
}
