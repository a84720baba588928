import { describe, expect, it } from 'vitest'
import { type DialectSamples, dialectKit } from '../../../../conformance/dialect/index.ts'
import { encodeMessage, MessageFramer } from './event-stream.ts'
import { createBedrock } from './index.ts'
import { signedHeaders } from './sign.ts'
import { frame } from './stream.ts'

const path = '/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse'
const usage = { inputTokens: 30, outputTokens: 628, totalTokens: 658, cacheReadInputTokens: 4 }
const end = (stopReason: string) => [
  frame('messageStop', { stopReason }),
  frame('metadata', { usage, metrics: { latencyMs: 1_275 } }),
]
const delta = (contentBlockIndex: number, value: object) =>
  frame('contentBlockDelta', { contentBlockIndex, delta: value, p: 'abcdef' })

const samples: DialectSamples = {
  requests: [
    {
      name: 'text',
      path: '/model/amazon.nova-pro-v1%3A0/converse-stream',
      body: {
        system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default' } }],
        messages: [{ role: 'user', content: [{ text: 'Write a song.' }] }],
        inferenceConfig: { maxTokens: 512, temperature: 0.5, topP: 0.9, stopSequences: ['x'] },
        additionalModelRequestFields: { top_k: 200 },
        requestMetadata: { team: 'a' },
        serviceTier: { type: 'priority' },
        guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' },
        outputConfig: {
          effort: 'high',
          textFormat: {
            type: 'json_schema',
            structure: { jsonSchema: { schema: '{"type":"object"}', name: 'a' } },
          },
        },
      },
    },
    {
      name: 'an image and documents',
      path,
      body: {
        messages: [
          {
            role: 'user',
            content: [
              { image: { format: 'jpeg', source: { bytes: '/9j/4AAQ' } } },
              { document: { format: 'pdf', name: 'letter', source: { bytes: 'JVBERi0=' } } },
              {
                document: {
                  format: 'md',
                  name: 'notes',
                  source: { bytes: 'IyBB' },
                  citations: { enabled: true },
                },
              },
              { video: { format: 'mp4', source: { s3Location: { uri: 's3://b/a.mp4' } } } },
              { text: 'What is it?' },
            ],
          },
        ],
      },
    },
    {
      name: 'tools and thoughts',
      path,
      body: {
        messages: [
          { role: 'user', content: [{ text: 'What song?' }] },
          {
            role: 'assistant',
            content: [
              { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'c2ln' } } },
              { reasoningContent: { redactedContent: 'cmVk' } },
              { toolUse: { toolUseId: 'tooluse_1', name: 'top_song', input: { sign: 'WZPZ' } } },
            ],
          },
          {
            role: 'user',
            content: [
              {
                toolResult: {
                  toolUseId: 'tooluse_1',
                  content: [{ json: { song: 'Elemental Hotel' } }],
                  status: 'error',
                },
              },
              { cachePoint: { type: 'default', ttl: '1h' } },
            ],
          },
        ],
        toolConfig: {
          tools: [
            {
              toolSpec: {
                name: 'top_song',
                description: 'd',
                inputSchema: { json: { type: 'object' } },
              },
            },
            { cachePoint: { type: 'default' } },
          ],
          toolChoice: { tool: { name: 'top_song' } },
        },
      },
    },
  ],
  replies: [
    {
      name: 'text',
      says: 'Here is a song.',
      body: {
        output: { message: { role: 'assistant', content: [{ text: 'Here is a song.' }] } },
        stopReason: 'end_turn',
        usage,
        metrics: { latencyMs: 1_275 },
      },
    },
    {
      name: 'thoughts and a tool call',
      says: '',
      body: {
        output: {
          message: {
            role: 'assistant',
            content: [
              { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'c2ln' } } },
              { toolUse: { toolUseId: 't', name: 'top_song', input: { sign: 'W' } } },
            ],
          },
        },
        stopReason: 'tool_use',
        usage,
        metrics: { latencyMs: 1 },
      },
    },
  ],
  streams: [
    {
      name: 'text',
      says: 'Hällo 世界',
      finish: 'stop',
      bytes: Buffer.concat([
        frame('messageStart', { role: 'assistant' }),
        delta(0, { text: 'Hällo ' }),
        delta(0, { text: '世界' }),
        frame('contentBlockStop', { contentBlockIndex: 0 }),
        ...end('end_turn'),
      ]),
    },
    {
      name: 'thoughts and a tool call',
      says: '',
      finish: 'tool-calls',
      bytes: Buffer.concat([
        frame('messageStart', { role: 'assistant' }),
        delta(0, { reasoningContent: { text: 'Hm.' } }),
        delta(0, { reasoningContent: { signature: 'c2ln' } }),
        frame('contentBlockStop', { contentBlockIndex: 0 }),
        frame('contentBlockStart', {
          contentBlockIndex: 1,
          start: { toolUse: { toolUseId: 'tooluse_1', name: 'top_song' } },
        }),
        delta(1, { toolUse: { input: '{"sign":' } }),
        delta(1, { toolUse: { input: '"é"}' } }),
        frame('contentBlockStop', { contentBlockIndex: 1 }),
        ...end('tool_use'),
      ]),
    },
  ],
  errors: [
    {
      status: 400,
      body: '{"message":"The provided model identifier is invalid."}',
      code: 'INVALID_INPUT',
      message: 'The provided model identifier is invalid.',
    },
    {
      status: 429,
      body: '{"message":"Too many requests"}',
      code: 'TOO_MANY_REQUESTS',
      message: 'Too many requests',
    },
  ],
}

dialectKit(createBedrock(), samples)

describe('bedrock', () => {
  const example = {
    credentials: {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    },
    region: 'us-east-1',
    service: 'service',
    date: new Date('2015-08-30T12:36:00Z'),
  }

  it('signs as the published examples of Signature Version 4 do [M15.bedrock]', () => {
    const known = {
      GET: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
      POST: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    }
    for (const [method, signature] of Object.entries(known)) {
      const url = new URL('https://example.amazonaws.com/')
      const signed = signedHeaders({ method, url, headers: {}, body: '' }, example)
      expect(signed.authorization).toBe(
        `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
      )
    }
  })

  it('signs with keys, and sends an API key as it is [M15.bedrock]', async () => {
    const outbound = { request: () => Promise.reject(new Error('unused')) }
    const baseUrl = 'https://bedrock-runtime.eu-central-1.amazonaws.com'
    const open = (apiKey: string) => createBedrock().endpoint({ baseUrl, apiKey, outbound })
    const signing = open('ASIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG:token/1')
    const { url, headers } = await signing.address(path, '{}')
    expect(url).toBe(`${baseUrl}${path}`)
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    )
    expect(headers['x-amz-security-token']).toBe('token/1')
    expect(signing.secrets).toEqual(expect.arrayContaining(['wJalrXUtnFEMI/K7MDENG', 'token/1']))
    expect(signing.perRequest).toBe(true)
    const plain = await open('bedrock-api-key-abc').address(path, '{}')
    expect(plain.headers.authorization).toBe('Bearer bedrock-api-key-abc')
    expect(() =>
      createBedrock().endpoint({
        baseUrl: 'https://x.test',
        apiKey: 'AKIAIOSFODNN7EXAMPLE:s',
        outbound,
      }),
    ).toThrow(/region/)
  })

  it('knows a damaged message by its checksums [M15.bedrock-frames]', () => {
    const empty = Buffer.from('000000100000000005c248eb7d98c8ff', 'hex')
    expect(encodeMessage({ headers: {}, payload: '' })).toEqual(empty)
    expect(new MessageFramer().push(empty)).toEqual([{ headers: {}, payload: '' }])
    const good = frame('messageStart', { role: 'assistant' })
    for (let at = 0; at < good.length; at++) {
      const damaged = Buffer.from(good)
      damaged[at] = damaged[at]! ^ 0x10
      expect(() => new MessageFramer().push(Buffer.concat([damaged, good]))).toThrow()
    }
  })

  it('tells an exception within the stream by its kind [M15.bedrock-frames]', () => {
    const reader = createBedrock().readStream()
    const events = reader.push(
      encodeMessage({
        headers: { ':message-type': 'exception', ':exception-type': 'throttlingException' },
        payload: '{"message":"Too fast."}',
      }),
    )
    expect(events).toMatchObject([
      { type: 'error', problem: { code: 'TOO_MANY_REQUESTS', message: 'Too fast.', said: true } },
    ])
    expect(reader.complete).toBe(false)
  })
})
