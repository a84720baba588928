import type { Dialect } from '#ports'
import { messageIn, problemOfStatus } from '../wire/problems.ts'
import { family } from './blocks.ts'
import { bedrockEndpoint } from './endpoint.ts'
import { readConverseReply, writeConverseReply } from './reply.ts'
import { readConverse, writeConverse } from './request.ts'
import { readConverseStream, writeConverseStream } from './stream.ts'

/** `Converse` and `ConverseStream` of Amazon Bedrock, for every model that it has. */
export function createBedrock(): Dialect {
  return {
    version: 'dialect/1',
    id: 'bedrock',
    family,
    framing: 'binary',
    forwardedHeaders: [],
    readRequest: readConverse,
    writeRequest: writeConverse,
    readReply: readConverseReply,
    writeReply: writeConverseReply,
    readStream: readConverseStream,
    writeStream: writeConverseStream,
    readError(status, headers, body) {
      const said = messageIn(body)
      const type = headers['x-amzn-errortype']?.split(':')[0] ?? said.type
      return problemOfStatus(status, headers, { ...said, ...(type ? { type } : {}) })
    },
    writeError: (error, at) => ({
      status: error.code === 'UNSUPPORTED' ? 400 : error.status,
      headers: { 'x-amzn-requestid': at.requestId },
      body: { message: `${error.message} ${error.remedy}`.trim() },
    }),
    endpoint: bedrockEndpoint,
    passThrough: {},
  }
}
