import type { z } from 'zod'
import { permissions } from '#kernel'
import { anthropicError } from './compatible/anthropic/contract.ts'
import { isAnthropicPath } from './compatible/anthropic/errors.ts'
import { cohereError, isCoherePath } from './compatible/cohere/contract.ts'
import { openAiError } from './compatible/openai/contract.ts'
import { isOpenAiPath } from './compatible/openai/errors.ts'
import { problem } from './contract/basics.ts'
import type { Route } from './http/route.ts'
import { Components, type Schema } from './openapi-components.ts'

type Json = Schema

/** The OpenAPI 3.1 description of a route table: what is described is what routes, because both read the same table. */
export function openApiOf(
  routes: readonly Route[],
  server: { version: string; url: string },
): Json {
  const components = new Components()
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: operationOf(route, components),
    }
  }
  return {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Plinth',
      version: server.version,
      description:
        'Governed documents in, cited answers out. Errors are problem details (RFC 9457) under /api/v1, and in the words of OpenAI under /v1.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server.url }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ bearer: [] }, { apiKey: [] }, { session: [], csrf: [] }],
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key: plk_…' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        session: { type: 'apiKey', in: 'cookie', name: 'plinth_session' },
        csrf: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Plinth-Csrf',
          description: 'Any value; needed beside the session cookie, except for GET.',
        },
      },
    },
  }
}

function operationOf(route: Route, components: Components): Json {
  const { permission, orElse } = route
  return {
    operationId: operationIdOf(route),
    summary: route.summary,
    description: rightsOf(route),
    tags: [route.tag],
    'x-permission': permission,
    ...(orElse?.permissions ? { 'x-permission-or': orElse.permissions } : {}),
    ...(orElse?.inProject ? { 'x-permission-in-project': true } : {}),
    ...(permission === 'public' ? { security: [] } : {}),
    parameters: [
      ...parametersOf(route.params, 'path', components),
      ...parametersOf(route.query, 'query', components),
      ...idempotencyOf(route),
    ],
    ...bodyOf(route, components),
    responses: responsesOf(route, components),
  }
}

/** `get /api/v1/documents/:id/text` → `getDocumentsByIdText`. Unique as paths are. */
function operationIdOf({ method, path }: Route): string {
  const steps = path.replace(/^\/(api\/v1|v1)\//, (whole) => (whole === '/v1/' ? 'openai/' : ''))
  const words = steps.split(/[/_.-]/).map((step) => {
    const named = step.startsWith(':') ? `by-${step.slice(1)}` : step
    return named.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase())
  })
  return method.toLowerCase() + words.join('')
}

function rightsOf({ permission, orElse }: Route): string {
  if (permission === 'public') return 'Needs no key.'
  if (permission === 'signed-in') return 'Needs a key or session, and no certain permission.'
  const others = (orElse?.permissions ?? []).map((one) => ` or \`${one}\``).join('')
  const where = orElse?.inProject ? ', in the organization or the project concerned' : ''
  return `Needs \`${permission}\`${others}${where}. (${permissions[permission]}.)`
}

function parametersOf(
  schema: z.ZodType | undefined,
  place: 'path' | 'query',
  components: Components,
): Json[] {
  if (!schema) return []
  const { properties = {} } = components.of(schema, 'output') as {
    properties?: Record<string, Json>
  }
  const needed = neededIn(schema)
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || needed.has(name),
    ...(description ? { description } : {}),
    schema: rest,
  }))
}

/** Fields that the schema misses in an empty object: a default makes a field optional to the caller. */
function neededIn(schema: z.ZodType): Set<string> {
  const parsed = schema.safeParse({})
  return new Set(parsed.error?.issues.map(({ path }) => String(path[0])) ?? [])
}

function idempotencyOf(route: Route): Json[] {
  const { method, response, rawBody, permission, idempotency } = route
  if (method === 'GET' || !response || rawBody || permission === 'public') return []
  if (idempotency === 'off') return []
  return [
    {
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description:
        idempotency === 'secret'
          ? 'The same key is done once; a repeat is refused, because the secret in the answer is not kept.'
          : 'The same key is done once; a repeat gets the first answer, for a day.',
      schema: { type: 'string', minLength: 1, maxLength: 200 },
    },
  ]
}

function bodyOf(route: Route, components: Components): Json {
  if (route.rawBody || (!route.body && route.consumes)) {
    const media = route.consumes ?? 'application/octet-stream'
    return { requestBody: { required: true, content: { [media]: {} } } }
  }
  if (!route.body) return {}
  const required = neededIn(route.body).size > 0
  const schema = components.of(route.body, 'input')
  return { requestBody: { required, content: { 'application/json': { schema } } } }
}

function responsesOf(route: Route, components: Components): Json {
  const content: Record<string, Json> = {}
  if (route.response) {
    content['application/json'] = { schema: components.of(route.response, 'output') }
  }
  if (route.events) {
    content['text/event-stream'] = { schema: components.of(route.events, 'output') }
  }
  if (route.produces) content[route.produces] ??= {}
  const events = route.events ? ' As events, each `data:` is one of the second schema.' : ''
  const good = { description: `Done.${events}`, content }
  return { [String(route.status ?? 200)]: good, ...errorsOf(route, components) }
}

function errorsOf(route: Route, components: Components): Json {
  const openAi = isOpenAiPath(route.path)
  const known = isCoherePath(route.path) ? cohereError : openAiError
  const theirs = isAnthropicPath(route.path) ? anthropicError : known
  const schema = components.of(openAi ? theirs : problem, 'output')
  const media = openAi ? 'application/json' : 'application/problem+json'
  const error = (description: string) => ({ description, content: { [media]: { schema } } })
  const takes = route.body ?? route.query ?? route.params
  return {
    ...(takes ? { 400: error('Something in the request is not valid; the answer names it.') } : {}),
    ...(route.permission === 'public'
      ? {}
      : { 401: error('No key or session, or one that ended.') }),
    ...(route.permission === 'public' || route.permission === 'signed-in'
      ? {}
      : { 403: error('A permission is missing; the refusal is in the audit log.') }),
    ...(route.params ? { 404: error('There is no such thing, or it may not be seen.') } : {}),
    default: error('Anything else.'),
  }
}
