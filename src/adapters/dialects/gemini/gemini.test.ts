import { createVerify, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { OutboundRequest } from '#ports'
import { type DialectSamples, dialectKit } from '../../../../conformance/dialect/index.ts'
import { createGemini } from './index.ts'

const chunk = (candidate: object, more: object = {}) =>
  `data: ${JSON.stringify({
    candidates: [{ index: 0, ...candidate }],
    modelVersion: 'gemini-3-pro',
    responseId: 'r-1',
    ...more,
  })}\n\n`
const said = (...parts: object[]) => ({ content: { role: 'model', parts } })
const usageMetadata = {
  promptTokenCount: 8,
  candidatesTokenCount: 10,
  thoughtsTokenCount: 4,
  cachedContentTokenCount: 2,
  totalTokenCount: 22,
}
const path = '/v1beta/models/gemini-3-pro:generateContent'

const samples: DialectSamples = {
  requests: [
    {
      name: 'text with its settings',
      path: '/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse',
      body: {
        systemInstruction: { parts: [{ text: 'You are a cat. Your name is Neko.' }] },
        contents: [{ role: 'user', parts: [{ text: 'Hello there' }] }],
        generationConfig: {
          temperature: 1,
          topP: 0.8,
          topK: 10,
          maxOutputTokens: 800,
          stopSequences: ['Title'],
          candidateCount: 2,
          seed: 5,
          presencePenalty: 1,
          frequencyPenalty: -1,
          responseLogprobs: true,
          logprobs: 3,
          responseMimeType: 'application/json',
          responseJsonSchema: { type: 'object' },
          thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true },
          mediaResolution: 'MEDIA_RESOLUTION_LOW',
        },
        safetySettings: [{ category: 'HARM_CATEGORY_HATE_SPEECH', threshold: 'BLOCK_NONE' }],
        cachedContent: 'cachedContents/1',
      },
    },
    {
      name: 'images and files',
      path,
      body: {
        contents: [
          {
            role: 'user',
            parts: [
              { inlineData: { mimeType: 'image/jpeg', data: '/9j/4AAQ' } },
              { fileData: { mimeType: 'image/webp', fileUri: 'https://example.com/a' } },
              { fileData: { mimeType: 'application/pdf', fileUri: 'gs://b/a.pdf' } },
              { inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } },
              { executableCode: { language: 'PYTHON', code: '1' } },
              { text: 'Caption this.' },
            ],
          },
        ],
        generationConfig: { thinkingConfig: { thinkingBudget: 1_024 } },
      },
    },
    {
      name: 'tools, without ids, with signatures',
      path,
      body: {
        contents: [
          { role: 'user', parts: [{ text: 'Weather in Boston and Paris?' }] },
          {
            role: 'model',
            parts: [
              { text: 'Let me see.', thought: true, thoughtSignature: 'c2ln' },
              {
                functionCall: { name: 'weather', args: { location: 'Boston' } },
                thoughtSignature: 'c2lnMg==',
              },
              { functionCall: { name: 'weather', args: { location: 'Paris' } } },
            ],
          },
          {
            role: 'user',
            parts: [
              { functionResponse: { name: 'weather', response: { temperature: 22 } } },
              { functionResponse: { name: 'weather', response: { error: 'no network' } } },
            ],
          },
        ],
        tools: [
          {
            functionDeclarations: [
              { name: 'weather', description: 'd', parametersJsonSchema: { type: 'object' } },
            ],
          },
          { googleSearch: {} },
        ],
        toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } },
      },
    },
  ],
  replies: [
    {
      name: 'text',
      says: 'Meow!',
      body: {
        candidates: [
          {
            ...said({ text: 'Hm.', thought: true }, { text: 'Meow!' }),
            finishReason: 'STOP',
            index: 0,
            safetyRatings: [],
          },
        ],
        usageMetadata,
        modelVersion: 'gemini-3-pro',
        responseId: 'r-1',
      },
    },
    {
      name: 'a tool call with a signature',
      says: '',
      body: {
        candidates: [
          {
            ...said({
              functionCall: { id: 'x1', name: 'weather', args: { location: 'Boston' } },
              thoughtSignature: 'c2ln',
            }),
            finishReason: 'STOP',
          },
        ],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 2 },
      },
    },
  ],
  streams: [
    {
      name: 'text',
      says: 'Hällo 世界',
      finish: 'stop',
      bytes: [
        chunk(said({ text: 'Hm.', thought: true })),
        chunk(said({ text: 'Hällo ' })),
        chunk({ ...said({ text: '世界' }), finishReason: 'STOP' }, { usageMetadata }),
      ].join(''),
    },
    {
      name: 'parallel tool calls',
      says: '',
      finish: 'tool-calls',
      bytes: [
        chunk(said({ functionCall: { name: 'w', args: { a: 'é' } }, thoughtSignature: 'c2ln' })),
        chunk({ ...said({ functionCall: { name: 'w' } }), finishReason: 'STOP' }),
      ].join(''),
    },
  ],
  errors: [
    {
      status: 400,
      body: '{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}',
      code: 'INVALID_INPUT',
      message: 'API key not valid.',
    },
    {
      status: 429,
      body: '[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}]',
      code: 'TOO_MANY_REQUESTS',
      message: 'Quota exceeded',
    },
  ],
}

dialectKit(createGemini(), samples)

describe('gemini', () => {
  it('takes a prompt that was blocked as filtered [M15.gemini]', () => {
    const blocked = createGemini().readReply({ promptFeedback: { blockReason: 'SAFETY' } })
    expect(blocked.choices).toEqual([{ content: [], finish: 'content-filter' }])
    const reader = createGemini().readStream()
    reader.push(Buffer.from('data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n'))
    expect(reader.end()).toEqual([])
    expect(reader.complete).toBe(true)
  })

  it('goes to the Gemini API with a key, in a header only [M15.gemini]', async () => {
    const endpoint = createGemini().endpoint({
      baseUrl: 'https://generativelanguage.googleapis.com/',
      apiKey: 'AIza-secret',
      outbound: { request: () => Promise.reject(new Error('unused')) },
    })
    const { url, headers } = await endpoint.address('/models/m:generateContent', '{}')
    expect(url).toBe('https://generativelanguage.googleapis.com/v1beta/models/m:generateContent')
    expect(headers).toMatchObject({ 'x-goog-api-key': 'AIza-secret' })
    expect([endpoint.perRequest, endpoint.secrets]).toEqual([false, ['AIza-secret']])
  })

  it('goes to Vertex with a token that a signed assertion bought, once until it expires [M15.gemini]', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const account = {
      type: 'service_account',
      client_email: 'plinth@p.iam.gserviceaccount.com',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      token_uri: 'https://oauth2.googleapis.com/token',
    }
    const asked: OutboundRequest[] = []
    let now = new Date('2026-11-24T10:00:00Z')
    const endpoint = createGemini().endpoint({
      baseUrl:
        'https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4',
      apiKey: JSON.stringify(account),
      now: () => now,
      outbound: {
        async request(request) {
          asked.push(request)
          const body = `{"access_token":"t${asked.length}","expires_in":3600,"token_type":"Bearer"}`
          return { status: 200, headers: {}, body: [Buffer.from(body)] as never }
        },
      },
    })
    const address = () => endpoint.address('/models/m:generateContent', '{}')
    const [one, two] = await Promise.all([address(), address()])
    expect(one.url).toBe(
      'https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google/models/m:generateContent',
    )
    expect([one.headers.authorization, two.headers.authorization]).toEqual([
      'Bearer t1',
      'Bearer t1',
    ])
    now = new Date('2026-11-24T10:59:30Z')
    expect((await address()).headers.authorization).toBe('Bearer t2')
    const assertion = new URLSearchParams(String(asked[0]!.body)).get('assertion')!
    const [head, claims, signature] = assertion.split('.') as [string, string, string]
    const verified = createVerify('RSA-SHA256')
      .update(`${head}.${claims}`)
      .verify(publicKey, signature, 'base64url')
    expect(verified).toBe(true)
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: account.client_email,
      aud: account.token_uri,
      scope: expect.stringContaining('cloud-platform'),
    })
    expect(endpoint.perRequest).toBe(true)
  })
})
