import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { inputTokens, outputTokens, type Said, type Seen, type Wire } from './wire.ts'

const accessKeyId = 'AKIACANARY0123456789'
const secretAccessKey = 'canary/7f3a+SecretAccessKey0123456789ab'
const region = 'eu-central-1'
const model = 'anthropic.claude-3-5-sonnet-20240620-v1:0'
const usage = { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens }

/** Amazon Bedrock: Converse, and ConverseStream as a binary event stream; every signature is computed anew. */
export const bedrock: Wire = {
  name: 'bedrock',
  protocol: 'bedrock',
  upstreamModel: model,
  contentType: 'application/vnd.amazon.eventstream',
  baseUrl: (url) => url,
  secret: () => JSON.stringify({ accessKeyId, secretAccessKey, region }),
  canaries: () => [secretAccessKey],
  refuses(seen) {
    const why = signatureFault(seen)
    if (why) return why
    const { method, path, body } = seen
    const where = decodeURIComponent(path)
    if (method !== 'POST' || !new RegExp(`^/model/${model}/converse(-stream)?$`).test(where))
      return `unknown operation ${where}`
    return Array.isArray(body?.messages) ? undefined : 'messages: required'
  },
  streams: ({ path }) => path.endsWith('/converse-stream'),
  whole: ({ pieces, call }) => ({
    output: {
      message: {
        role: 'assistant',
        content: call
          ? [
              {
                toolUse: {
                  toolUseId: 'tooluse_1',
                  name: call.name,
                  input: JSON.parse(call.arguments),
                },
              },
            ]
          : [{ text: pieces.join('') }],
      },
    },
    stopReason: call ? 'tool_use' : 'end_turn',
    usage,
    metrics: { latencyMs: 7 },
  }),
  frames: ({ pieces, call }: Said) => ({
    before: [
      event('messageStart', { role: 'assistant' }),
      ...(call
        ? [
            event('contentBlockStart', {
              start: { toolUse: { toolUseId: 'tooluse_1', name: call.name } },
              contentBlockIndex: 0,
            }),
          ]
        : []),
    ],
    pieces: (call ? halves(call.arguments) : pieces).map((text) =>
      event('contentBlockDelta', {
        delta: call ? { toolUse: { input: text } } : { text },
        contentBlockIndex: 0,
        p: 'abcdefghijk',
      }),
    ),
    after: [
      event('contentBlockStop', { contentBlockIndex: 0 }),
      event('messageStop', { stopReason: call ? 'tool_use' : 'end_turn' }),
      event('metadata', { usage, metrics: { latencyMs: 7 } }),
    ],
  }),
  broken: (message) =>
    encoded(
      {
        ':message-type': 'exception',
        ':exception-type': 'modelStreamErrorException',
        ':content-type': 'application/json',
      },
      JSON.stringify({ message }),
    ),
  failure: (status, message) => ({
    headers: {
      'x-amzn-errortype': status === 429 ? 'ThrottlingException' : 'ServiceUnavailableException',
    },
    body: { message },
  }),
}

function halves(text: string): string[] {
  const middle = text.length >> 1
  return [text.slice(0, middle), text.slice(middle)]
}

function event(type: string, value: object): Buffer {
  const headers = {
    ':event-type': type,
    ':content-type': 'application/json',
    ':message-type': 'event',
  }
  return encoded(headers, JSON.stringify(value))
}

/** A message with lengths and the checksums of its beginning and of all of it. */
function encoded(headers: Record<string, string>, payload: string): Buffer {
  const parts = Object.entries(headers).map(([name, value]) => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(Buffer.byteLength(value))
    return Buffer.concat([
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([7]),
      length,
      Buffer.from(value),
    ])
  })
  const head = Buffer.concat(parts)
  const body = Buffer.from(payload)
  const prelude = Buffer.alloc(8)
  prelude.writeUInt32BE(16 + head.length + body.length, 0)
  prelude.writeUInt32BE(head.length, 4)
  const begun = Buffer.concat([prelude, checksum(prelude), head, body])
  return Buffer.concat([begun, checksum(begun)])
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum
}

const sha256 = (value: Buffer | string) => createHash('sha256').update(value).digest('hex')
const hmac = (key: Buffer | string, value: string) =>
  createHmac('sha256', key).update(value).digest()

/** AWS Signature Version 4 from what came over the wire; undefined where it holds. */
function signatureFault({ method, path, headers, raw }: Seen): string | undefined {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/bedrock\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  if (!found) return 'Missing Authentication Token'
  const [, id, day, at, names = '', signature = ''] = found as unknown as string[]
  const time = String(headers['x-amz-date'] ?? '')
  if (id !== accessKeyId || at !== region || !time.startsWith(day!))
    return 'The security token is invalid.'
  const age = Math.abs(
    Date.now() - Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')),
  )
  if (!(age < 300_000)) return 'Signature expired'
  const [where = '', query = ''] = path.split('?')
  const list = names.split(';')
  if (!list.includes('host') || !list.includes('x-amz-date')) return 'host must be signed'
  const canonical = [
    method,
    where
      .split('/')
      .map((step) => encodeURIComponent(step))
      .join('/'),
    query,
    ...list.map((name) => `${name}:${String(headers[name] ?? '').trim()}`),
    '',
    names,
    sha256(raw),
  ].join('\n')
  const text = [
    'AWS4-HMAC-SHA256',
    time,
    `${day}/${region}/bedrock/aws4_request`,
    sha256(canonical),
  ].join('\n')
  const key = ['bedrock', 'aws4_request'].reduce(
    hmac,
    hmac(hmac(`AWS4${secretAccessKey}`, day!), region),
  )
  const right = createHmac('sha256', key).update(text).digest()
  return timingSafeEqual(right, Buffer.from(signature, 'hex'))
    ? undefined
    : 'The request signature we calculated does not match the signature you provided.'
}
