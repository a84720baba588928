import { PlinthError } from '#kernel'
import type { DialectEndpoint, EndpointOptions } from '#ports'
import { bearer, fixedEndpoint, secretsOf } from '../wire/endpoint.ts'
import { isObject, parsed } from '../wire/fields.ts'
import { type AwsCredentials, signedHeaders } from './sign.ts'

/**
 * Amazon Bedrock at `https://bedrock-runtime.REGION.amazonaws.com`. The secret is a Bedrock API key, sent as a bearer
 * token; or credentials that sign each request: `ACCESS_KEY_ID:SECRET[:SESSION_TOKEN]`, or JSON with `accessKeyId`,
 * `secretAccessKey`, and optionally `sessionToken` and `region`.
 */
export function bedrockEndpoint(options: EndpointOptions): DialectEndpoint {
  const found = credentialsOf(options.apiKey)
  if (!found) return fixedEndpoint(options, { headers: bearer(options.apiKey) })
  const { region: told, ...credentials } = found
  const base = options.baseUrl.replace(/\/+$/, '')
  const region = told ?? regionOf(base)
  return {
    perRequest: true,
    secrets: [
      ...secretsOf(options),
      credentials.secretAccessKey,
      ...(credentials.sessionToken ? [credentials.sessionToken] : []),
    ],
    address(path, body) {
      const url = new URL(`${base}${path}`)
      const headers = { 'content-type': 'application/json' }
      const date = options.now?.() ?? new Date()
      const at = { credentials, region, service: 'bedrock', date }
      const signed = signedHeaders({ method: 'POST', url, headers, body }, at)
      return { url: url.href, headers: { ...headers, ...signed, ...options.headers } }
    },
  }
}

function regionOf(baseUrl: string): string {
  const region = /bedrock[a-z-]*\.([a-z]{2}(?:-[a-z]+)+-\d)\./.exec(baseUrl)?.[1]
  if (region !== undefined) return region
  throw new PlinthError('INVALID_INPUT', {
    detail: 'The address names no region, which the signature needs.',
    remedy: 'Use https://bedrock-runtime.REGION.amazonaws.com, or put "region" beside the keys.',
  })
}

function credentialsOf(
  secret: string | undefined,
): (AwsCredentials & { region?: string }) | undefined {
  if (secret === undefined) return undefined
  if (secret.trimStart().startsWith('{')) {
    const value = parsed(secret)
    if (
      isObject(value) &&
      typeof value.accessKeyId === 'string' &&
      typeof value.secretAccessKey === 'string'
    ) {
      const { accessKeyId, secretAccessKey, sessionToken, region } = value
      return {
        accessKeyId,
        secretAccessKey,
        ...(typeof sessionToken === 'string' ? { sessionToken } : {}),
        ...(typeof region === 'string' ? { region } : {}),
      }
    }
    throw new PlinthError(
      'INVALID_INPUT',
      'The credentials have no "accessKeyId" and "secretAccessKey".',
    )
  }
  const match = /^(A[SK]IA[A-Z0-9]{12,}):([^:\s]+)(?::(\S+))?$/.exec(secret.trim())
  if (!match) return undefined
  const [, accessKeyId = '', secretAccessKey = '', sessionToken] = match
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}
