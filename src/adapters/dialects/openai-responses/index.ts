import type { Dialect } from '#ports'
import { writeOpenAiError } from '../openai-chat/errors.ts'
import { bearer, fixedEndpoint } from '../wire/endpoint.ts'
import { messageIn, problemOfStatus } from '../wire/problems.ts'
import { family } from './family.ts'
import { readResponsesReply, writeResponsesReply } from './reply.ts'
import { readResponsesRequest } from './request-read.ts'
import { writeResponsesRequest } from './request-write.ts'
import { readResponsesStream } from './stream-read.ts'
import { writeResponsesStream } from './stream-write.ts'

/** The Responses API of OpenAI. What it keeps itself (`previous_response_id`, `store`) goes along to it alone. */
export function createOpenAiResponses(): Dialect {
  return {
    version: 'dialect/1',
    id: 'openai-responses',
    family,
    framing: 'sse',
    forwardedHeaders: ['openai-organization', 'openai-project', 'openai-beta', 'idempotency-key'],
    readRequest: readResponsesRequest,
    writeRequest: writeResponsesRequest,
    readReply: readResponsesReply,
    writeReply: writeResponsesReply,
    readStream: readResponsesStream,
    writeStream: writeResponsesStream,
    readError: (status, headers, body) => problemOfStatus(status, headers, messageIn(body)),
    writeError: writeOpenAiError,
    endpoint: (options) => fixedEndpoint(options, { headers: bearer(options.apiKey) }),
    passThrough: { models: '/models', files: '/files' },
  }
}
