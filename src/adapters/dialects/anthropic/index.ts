import type { Dialect } from '#ports'
import { fixedEndpoint } from '../wire/endpoint.ts'
import { messageIn, problemOfStatus } from '../wire/problems.ts'
import { writeAnthropicError } from './errors.ts'
import { family } from './family.ts'
import { readMessagesReply, writeMessagesReply } from './reply.ts'
import { readMessagesRequest } from './request-read.ts'
import { writeMessagesRequest } from './request-write.ts'
import { readMessagesStream } from './stream-read.ts'
import { writeMessagesStream } from './stream-write.ts'

const apiVersion = '2023-06-01'

/** The Messages API of Anthropic and of gateways that speak it. `baseUrl` with or without `/v1`. */
export function createAnthropic(): Dialect {
  return {
    version: 'dialect/1',
    id: 'anthropic',
    family,
    framing: 'sse',
    forwardedHeaders: ['anthropic-beta', 'anthropic-version', 'idempotency-key'],
    readRequest: readMessagesRequest,
    writeRequest: writeMessagesRequest,
    readReply: readMessagesReply,
    writeReply: writeMessagesReply,
    readStream: readMessagesStream,
    writeStream: writeMessagesStream,
    readError: (status, headers, body) => problemOfStatus(status, headers, messageIn(body)),
    writeError: writeAnthropicError,
    endpoint(options) {
      const base = options.baseUrl.replace(/\/+$/, '')
      const headers: Record<string, string> = { 'anthropic-version': apiVersion }
      if (options.apiKey !== undefined) headers['x-api-key'] = options.apiKey
      return fixedEndpoint(options, {
        headers,
        base: base.endsWith('/v1') ? base : `${base}/v1`,
      })
    },
    passThrough: { 'count-tokens': '/messages/count_tokens', models: '/models' },
  }
}
