import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import {
  data,
  type Frames,
  inputTokens,
  outputTokens,
  type Said,
  type Seen,
  type Wire,
} from './wire.ts'

const model = 'gemini-2.5-flash'
const usageMetadata = {
  promptTokenCount: inputTokens,
  candidatesTokenCount: outputTokens,
  totalTokenCount: inputTokens + outputTokens,
}

function partsOf({ pieces, call }: Said): object[] {
  if (call) return [{ functionCall: { name: call.name, args: JSON.parse(call.arguments) } }]
  return pieces.map((text) => ({ text }))
}

function chunk(parts: object[], more: object = {}, candidate: object = {}) {
  const content = { role: 'model', parts }
  return {
    candidates: [{ content, index: 0, ...candidate }],
    modelVersion: model,
    responseId: 'r-1',
    ...more,
  }
}

function frames(said: Said): Frames {
  const parts = partsOf(said)
  const last = parts.pop()!
  return {
    before: [],
    // Google ends lines with CR and LF.
    pieces: [
      ...parts.map((part) => data(chunk([part]), '\r\n\r\n')),
      data(chunk([last], { usageMetadata }, { finishReason: 'STOP' }), '\r\n\r\n'),
    ],
    after: [],
  }
}

function refuses({ method, path, body }: Seen, prefix: string): string | undefined {
  const [where, query = ''] = path.split('?') as [string, string?]
  const wanted = new RegExp(`^${prefix}/models/${model}:(generateContent|streamGenerateContent)$`)
  if (method !== 'POST' || !wanted.test(where)) return `no such method: ${path}`
  if (where.endsWith(':streamGenerateContent') && !query.includes('alt=sse')) return 'not as events'
  if (!Array.isArray(body?.contents)) return 'contents is not specified'
  const known = new Set([
    'contents',
    'systemInstruction',
    'tools',
    'toolConfig',
    'generationConfig',
  ])
  const other = Object.keys(body).find((key) => !known.has(key))
  if (other) return `Invalid JSON payload received. Unknown name "${other}": Cannot find field.`
  return undefined
}

const google = {
  protocol: 'gemini',
  upstreamModel: model,
  contentType: 'text/event-stream',
  streams: ({ path }: Seen) => path.includes(':streamGenerateContent'),
  whole: (said: Said) => chunk(partsOf(said), { usageMetadata }, { finishReason: 'STOP' }),
  frames,
  broken: (message: string) =>
    data({ error: { code: 503, message, status: 'UNAVAILABLE' } }, '\r\n\r\n'),
  failure: (code: number, message: string) => ({
    body: { error: { code, message, status: code === 429 ? 'RESOURCE_EXHAUSTED' : 'UNAVAILABLE' } },
  }),
}

export const gemini: Wire = {
  ...google,
  name: 'gemini',
  baseUrl: (url) => `${url}/v1beta`,
  secret: () => 'AIza-canary-gemini-7f3a',
  canaries: (secret) => [secret],
  refuses: (seen, secret) =>
    seen.headers['x-goog-api-key'] === secret ? refuses(seen, '/v1beta') : 'API key not valid.',
}

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const token = 'ya29.canary-token-7f3a'
const email = 'hub@project.iam.gserviceaccount.com'

/** The same behind tokens of a service account, which are given for a signed assertion. */
export function vertex(): Wire {
  const granted = new Set<string>()
  return {
    ...google,
    name: 'vertex',
    baseUrl: (url) => `${url}/v1/projects/p-1/locations/europe-west4`,
    secret: (url) =>
      JSON.stringify({
        type: 'service_account',
        client_email: email,
        private_key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        token_uri: `${url}/token`,
      }),
    // What it is shown of the key.
    canaries: () => [`${token}-1`],
    refuses(seen) {
      const shown = seen.headers.authorization?.replace(/^Bearer /, '') ?? ''
      if (!granted.has(shown)) return 'Request had invalid authentication credentials.'
      return refuses(seen, '/v1/projects/p-1/locations/europe-west4/publishers/google')
    },
    beside({ path, raw }) {
      if (path !== '/token') return undefined
      if (!signed(new URLSearchParams(raw.toString('utf8')).get('assertion') ?? ''))
        return { status: 400, body: { error: 'invalid_grant' } }
      const given = `${token}-${granted.size + 1}`
      granted.add(given)
      return { status: 200, body: { access_token: given, expires_in: 3_600, token_type: 'Bearer' } }
    },
  }
}

function signed(assertion: string): boolean {
  const [head = '', claims = '', signature = ''] = assertion.split('.')
  const { iss, scope, exp, iat } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}')
  if (iss !== email || !scope || !(exp > iat && exp - iat <= 3_600)) return false
  const key = createPublicKey(keys.privateKey)
  const text = Buffer.from(`${head}.${claims}`)
  return verify('RSA-SHA256', text, key, Buffer.from(signature, 'base64url'))
}
