import { STATUS_CODES } from 'node:http'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import {
  limits,
  newId,
  type Permission,
  PlinthError,
  type Principal,
  type RequestContext,
} from '#kernel'
import { isAnthropicPath, sendDialectError } from './compatible/anthropic/index.ts'
import { isCoherePath } from './compatible/cohere/contract.ts'
import { isOpenAiPath, sendOpenAiError } from './compatible/openai/index.ts'
import type { ApiHouse } from './house.ts'
import { denyAudited } from './http/denial.ts'
import { clientSignal } from './http/events.ts'
import { withIdempotency } from './http/idempotency.ts'
import { parseJson, valid, withoutNul } from './http/input.ts'
import { labelsOf } from './http/labels.ts'
import { linger } from './http/linger.ts'
import { sendProblem } from './http/problem.ts'
import { type Route, replied } from './http/route.ts'
import { authenticateRequest, bearsToken } from './http/sign-in.ts'
import { routes } from './routes/index.ts'

export interface ServerOptions {
  house: ApiHouse
  /** Folder of the built console; absent: no console is served. */
  consoleDir?: string
  /** Validates every answer against the route's schema (tests). */
  checkAnswers?: boolean
  log?: (entry: Record<string, unknown>) => void
}

/** Every route of the table on one Fastify, with the console beside it. Does not listen yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: limits.jsonBodyBytes,
    genReqId: () => newId('req'),
    // A body that never ends must not hold its socket for ever; 200 MB take ten minutes at 2.7 Mbit/s.
    requestTimeout: 600_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    ['application/json', 'application/problem+json'],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => jsonOf(request, body),
  )
  // Bytes go to the handler as they come: an upload is never held in memory whole.
  app.addContentTypeParser('application/octet-stream', async () => undefined)
  app.addHook('onSend', async (request, reply) => secureHeaders(request, reply))
  app.setErrorHandler((error, request, reply) => {
    report(options, request, error)
    if ((error as { code?: string }).code === 'FST_ERR_CTP_BODY_TOO_LARGE') linger(request, reply)
    sendError(request, reply, { error, options })
  })
  app.setNotFoundHandler((request, reply) => notFound(request, reply, options))
  for (const route of routes) if (!route.hot) register(app, route, options)
  await app.register(async (hot) => registerHot(hot, options))
  if (options.consoleDir) {
    // Looked up with each request: a console that is built anew is served at once, its new files with it.
    await app.register(fastifyStatic, {
      root: options.consoleDir,
      index: false,
      preCompressed: true,
      cacheControl: false,
      setHeaders: cacheByName,
    })
  }
  return app
}

function register(app: FastifyInstance, route: Route, options: ServerOptions): void {
  app.route({
    method: route.method,
    url: route.path,
    ...(route.rawBody ? { bodyLimit: limits.uploadBytes } : {}),
    handler: (request, reply) => handle(route, { request, reply, options }),
  })
}

/** Routes that take the body's bytes; what they leave alone goes the common way. */
function registerHot(app: FastifyInstance, options: ServerOptions): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: limits.modelBodyBytes },
    async (_request: FastifyRequest, body: Buffer) => body,
  )
  app.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer', bodyLimit: limits.modelBodyBytes },
    async (_request: FastifyRequest, body: Buffer) => body,
  )
  for (const route of routes) {
    if (!route.hot) continue
    const take = route.hot
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: limits.modelBodyBytes,
      handler: async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        if (await take({ body, request, reply }, options.house)) return reply
        if (body.length > limits.jsonBodyBytes) throw bodyTooLarge(body.length)
        request.body = jsonOf(request, body)
        return handle(route, { request, reply, options })
      },
    })
  }
}

function jsonOf({ headers }: FastifyRequest, body: Buffer): unknown {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return body.length === 0 ? {} : parseJson(body)
  throw new PlinthError('UNSUPPORTED', {
    detail: `The body is encoded as "${encoding.slice(0, 40)}" (content-encoding), which is not read.`,
    where: 'header/content-encoding',
    remedy: 'Send it as it is, without compression.',
  })
}

function bodyTooLarge(bytes: number): PlinthError {
  const detail = `The body has ${bytes} bytes; the limit is ${limits.jsonBodyBytes} (jsonBodyBytes).`
  return new PlinthError('TOO_LARGE', { detail, where: 'body' })
}

async function handle(
  route: Route,
  at: { request: FastifyRequest; reply: FastifyReply; options: ServerOptions },
): Promise<unknown> {
  const { request, reply, options } = at
  const { house } = options
  const context = await contextOf(route, at)
  const call = {
    params: valid(route.params, withoutNul(request.params, 'path'), 'path'),
    query: valid(route.query, withoutNul(request.query, 'query'), 'query'),
    body: valid(route.body, request.body, 'body'),
    context,
    request,
    reply,
  }
  const result = await withIdempotency(route, call, {
    house,
    run: () => route.handler(call, house),
  })
  if (result === replied || reply.sent) return reply
  if (options.checkAnswers && route.response) checkAnswer(route, result)
  return reply
    .code(route.status ?? 200)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(result ?? { ok: true }))
}

/** Who asks, and whether the route's permission is held; a refusal is recorded before it is answered. */
async function contextOf(
  route: Route,
  {
    request,
    reply,
    options,
  }: { request: FastifyRequest; reply: FastifyReply; options: ServerOptions },
): Promise<RequestContext> {
  const signal = clientSignal(request, reply)
  if (route.opensWith && bearsToken(request, route.opensWith(options.house))) {
    const organizationId = options.house.organization.id
    return { organizationId, principal: nobody, requestId: request.id, signal }
  }
  const found = await authenticateRequest(request, options.house)
  if ('principal' in found) {
    const { organizationId, principal } = found
    const labels = labelsOf(request.headers)
    const context = { organizationId, principal, requestId: request.id, signal, labels }
    const missing = missingPermission(route, principal)
    if (missing)
      throw await denyAudited(options.house, context, { permission: missing, record: route.refuse })
    return context
  }
  if (route.permission === 'public') {
    return { organizationId: '', principal: nobody, requestId: request.id, signal }
  }
  throw found.refused
}

function missingPermission(route: Route, principal: Principal): Permission | undefined {
  const { permission, orElse } = route
  if (permission === 'public' || permission === 'signed-in') return undefined
  const enough = [permission, ...(orElse?.permissions ?? [])]
  if (enough.some((one) => principal.permissions.has(one))) return undefined
  const projects = orElse?.inProject ? [...(principal.projectPermissions?.values() ?? [])] : []
  if (projects.some((held) => enough.some((one) => held.has(one)))) return undefined
  return permission
}

const nobody: Principal = {
  kind: 'user',
  id: '',
  userId: '',
  name: '',
  readerTokens: [],
  permissions: new Set(),
}

/** Holds an answer to its schema, field by field: what the schema does not name must not go out either. */
function checkAnswer(route: Route, result: unknown): void {
  const sent: unknown = JSON.parse(JSON.stringify(result))
  const parsed = route.response?.safeParse(sent)
  const extra = parsed?.success ? excess(sent, parsed.data, '') : undefined
  if (parsed?.success && extra === undefined) return
  const against = extra ? `${extra} is not in it` : parsed?.error?.message
  const detail = `${route.method} ${route.path} answers against its schema: ${against}`
  throw new PlinthError('INTERNAL', detail)
}

/** The first place where a value holds more than what its schema kept of it. */
function excess(sent: unknown, kept: unknown, at: string): string | undefined {
  if (typeof sent !== 'object' || sent === null || typeof kept !== 'object' || kept === null) {
    return undefined
  }
  for (const [key, value] of Object.entries(sent)) {
    if (!(key in kept)) return `${at}/${key}`
    const found = excess(value, (kept as Record<string, unknown>)[key], `${at}/${key}`)
    if (found) return found
  }
  return undefined
}

const csp = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ')

function secureHeaders(_request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-content-type-options', 'nosniff')
  reply.header('referrer-policy', 'no-referrer')
  if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', csp)
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
}

function wantsPage(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/html') === true
}

/** Names in assets/ carry the digest of their content; the others stay the same from build to build. */
function cacheByName(reply: FastifyReply, path: string): void {
  const named = path.includes('/assets/')
  reply.header('cache-control', named ? 'public, max-age=31536000, immutable' : 'no-cache')
}

/** Pages of the console answer any path that is not the API's, so that deep links work. */
function notFound(request: FastifyRequest, reply: FastifyReply, options: ServerOptions): unknown {
  const path = request.url.split('?')[0] ?? ''
  // By what the browser asks for, not by the look of the path: names of resources may hold dots.
  const page = request.method === 'GET' && !/^\/(api|v1)(\/|$)/.test(path) && wantsPage(request)
  if (page && options.consoleDir) {
    return reply
      .header('cache-control', 'no-cache')
      .sendFile('index.html', { maxAge: 0, immutable: false })
  }
  const detail = `There is no ${request.method} ${path}.`
  const error = new PlinthError('NOT_FOUND', detail)
  return sendError(request, reply, { error, options })
}

/** In the words of the door that was knocked at. */
function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  { error, options }: { error: unknown; options: ServerOptions },
): void {
  const protocol = isAnthropicPath(request.url) ? 'anthropic' : 'cohere'
  const own = protocol === 'anthropic' || isCoherePath(request.url)
  const dialect = own && options.house.gateway.dialect(protocol)
  if (dialect) sendDialectError(reply, { error, dialect, requestId: request.id })
  else if (isOpenAiPath(request.url)) sendOpenAiError(reply, error, request.id)
  else sendProblem(reply, error, request.id)
}

function report(options: ServerOptions, request: FastifyRequest, error: unknown): void {
  const known = error instanceof PlinthError && error.code !== 'INTERNAL'
  if (known) return
  const status = (error as { statusCode?: number }).statusCode
  if (status && status < 500 && STATUS_CODES[status]) return
  const { stack, message, cause } = error as Error
  options.log?.({
    level: 'error',
    requestId: request.id,
    route: `${request.method} ${request.routeOptions?.url ?? request.url.split('?')[0]}`,
    message,
    stack,
    cause: cause instanceof Error ? cause.stack : undefined,
  })
}
