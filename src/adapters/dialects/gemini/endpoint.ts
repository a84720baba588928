import { createSign } from 'node:crypto'
import { PlinthError } from '#kernel'
import type { DialectEndpoint, EndpointOptions } from '#ports'
import { fixedEndpoint, secretsOf } from '../wire/endpoint.ts'
import { isObject, parsed } from '../wire/fields.ts'

interface ServiceAccount {
  client_email: string
  private_key: string
  token_uri?: string
}

const scope = 'https://www.googleapis.com/auth/cloud-platform'
const tokenUri = 'https://oauth2.googleapis.com/token'
const timeouts = { totalMs: 15_000, firstByteMs: 15_000, idleMs: 15_000 }
/** A token is fetched anew this long before it expires. */
const ahead = 60_000

/**
 * Google's two houses: with a plain key the Gemini API (`…/v1beta`), with the JSON of a service account Vertex AI
 * (`…/v1/projects/P/locations/L`), whose tokens are fetched and kept until they expire.
 */
export function geminiEndpoint(options: EndpointOptions): DialectEndpoint {
  const base = baseOf(options.baseUrl)
  const account = accountOf(options.apiKey)
  if (!account) {
    const key = options.apiKey === undefined ? {} : { 'x-goog-api-key': options.apiKey }
    return fixedEndpoint(options, { headers: key as Record<string, string>, base })
  }
  const tokens = tokenSource(account, options)
  const lasting = [...secretsOf(options), account.private_key]
  let secrets = lasting
  return {
    perRequest: true,
    // The token is what the endpoint is shown, and could repeat.
    get secrets() {
      return secrets
    },
    async address(path) {
      const token = await tokens()
      if (!secrets.includes(token)) secrets = [...lasting, token]
      return {
        url: `${base}${path}`,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          ...options.headers,
        },
      }
    },
  }
}

function baseOf(baseUrl: string): string {
  const base = baseUrl.replace(/\/+$/, '')
  if (/\/projects\/[^/]+\/locations\/[^/]+$/.test(base)) return `${base}/publishers/google`
  return /\/v\d\w*(\/|$)/.test(base) ? base : `${base}/v1beta`
}

function accountOf(secret: string | undefined): ServiceAccount | undefined {
  if (!secret?.trimStart().startsWith('{')) return undefined
  const value = parsed(secret)
  if (
    isObject(value) &&
    typeof value.client_email === 'string' &&
    typeof value.private_key === 'string'
  )
    return value as unknown as ServiceAccount
  throw new PlinthError('INVALID_INPUT', {
    detail: 'The key begins like a service account, but has no "client_email" and "private_key".',
    remedy: 'Put the whole JSON file of the service account into the variable.',
  })
}

function tokenSource(account: ServiceAccount, options: EndpointOptions): () => Promise<string> {
  const now = () => (options.now?.() ?? new Date()).getTime()
  let kept: { token: string; until: number } | undefined
  let fetching: Promise<string> | undefined
  return () => {
    if (kept && kept.until - ahead > now()) return Promise.resolve(kept.token)
    fetching ??= fetchToken(account, options, now())
      .then((fetched) => {
        kept = fetched
        return fetched.token
      })
      .finally(() => {
        fetching = undefined
      })
    return fetching
  }
}

async function fetchToken(account: ServiceAccount, { outbound }: EndpointOptions, now: number) {
  const url = account.token_uri ?? tokenUri
  const assertion = signedAssertion(account, url, now)
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  const response = await outbound.request({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: grant, assertion }).toString(),
    timeouts,
    maxBytes: 64 * 1024,
  })
  const pieces: Uint8Array[] = []
  for await (const piece of response.body) pieces.push(piece)
  const body = parsed(Buffer.concat(pieces).toString('utf8'))
  if (response.status !== 200 || !isObject(body) || typeof body.access_token !== 'string') {
    const detail = `The token of ${account.client_email} was refused (${response.status}).`
    throw new PlinthError('UPSTREAM_FAILED', {
      detail,
      remedy: 'Check that the service account exists and that its key is not revoked.',
    })
  }
  const seconds = typeof body.expires_in === 'number' ? body.expires_in : 3_600
  return { token: body.access_token, until: now + seconds * 1_000 }
}

/** A JWT (RFC 7519) signed with the account’s key, good for an hour. */
function signedAssertion(account: ServiceAccount, audience: string, now: number): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const issued = Math.floor(now / 1_000)
  const claims = {
    iss: account.client_email,
    scope,
    aud: audience,
    iat: issued,
    exp: issued + 3_600,
  }
  const text = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`
  const signature = createSign('RSA-SHA256').update(text).sign(account.private_key, 'base64url')
  return `${text}.${signature}`
}
