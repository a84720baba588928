import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { type Admitted, admit, modelNamed } from '#apps'
import type { Principal } from '#kernel'
import type { ForwardSink } from '#models'
import type { Dialect } from '#ports'
import type { ApiHouse } from '../../house.ts'
import { labelsOf } from '../../http/labels.ts'
import type { HotCall } from '../../http/route.ts'
import { authenticateRequest } from '../../http/sign-in.ts'

type Parsed = Record<string, unknown>

/** A door behind which models are called. */
export interface Door {
  /** As accounts name it. */
  door: string
  protocol: string
  /** Member of a body that says what is asked; a list, where it is `messages`. */
  says: string
  /** Changes a call before it is checked, and hears its answer. */
  around?(call: AroundCall, house: ApiHouse): Promise<Around>
}

export interface AroundCall {
  organizationId: string
  principal: Principal
  requestId: string
  body: Buffer
  parsed: Parsed
}

export interface Around {
  body: Buffer
  parsed: Parsed
  sink?(sink: ForwardSink, raw: ServerResponse): ForwardSink
}

const chatDoor: Door = { door: 'openai.chat', protocol: 'openai', says: 'messages' }

/**
 * A call of a model that is reached over HTTP. Anything else (an assistant, the built-in model, a body that cannot be
 * read) is left to the common way, which answers or refuses it.
 */
export async function forwardChat(
  call: HotCall,
  house: ApiHouse,
  from: Door = chatDoor,
): Promise<boolean> {
  const parsed = readable(call.body, from.says)
  if (!parsed) return false
  const found = await authenticateRequest(call.request, house)
  if (!('principal' in found)) return false
  const { organizationId, principal } = found
  const epochs = house.store.epochs(organizationId)
  const { resources, caches } = epochs instanceof Promise ? await epochs : epochs
  const snapshot = await house.snapshots.get(organizationId, { epoch: resources })
  const name = parsed.model as string
  if (snapshot.resolve('Assistant', name)) return false
  const model = modelNamed(snapshot, name, house.gateway)
  const dialect = house.gateway.dialect(from.protocol)
  if (!model?.callable || !dialect) return false
  const { request, reply, body } = call
  const stream = parsed.stream === true
  const asked = { organizationId, principal, requestId: request.id, body, parsed }
  const around: Around = from.around ? await from.around(asked, house) : asked
  const admitted = await admit(
    {
      organizationId,
      principal,
      requestId: request.id,
      door: from.door,
      dialect,
      body: around.body,
      parsed: around.parsed,
      stream,
      labels: labelsOf(request.headers),
      headers: headersFor(dialect, request.headers),
      cacheControl: request.headers['cache-control'],
      generation: caches,
    },
    { model, snapshot },
    house.gateway,
  )
  await forwarded(admitted, reply, { requestId: request.id, stream, wrap: around.sink })
  return true
}

/** Choose whose account at the provider is charged: that is the Provider resource's to say. */
const accounts = new Set(['openai-organization', 'openai-project'])

/** Headers that belong to the caller's protocol, for an endpoint that speaks it too. */
function headersFor(dialect: Dialect, headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of dialect.forwardedHeaders) {
    const value = headers[name]
    if (typeof value === 'string' && !accounts.has(name)) kept[name] = value
  }
  return kept
}

/** Undefined for what the common way will refuse with its own words. */
function readable(body: Buffer, says: string): Parsed | undefined {
  if (!isUtf8(body)) return undefined
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    const { model, [says]: said } = (isObject ? parsed : {}) as Parsed
    if (typeof model !== 'string') return undefined
    if (!Array.isArray(said) && (says === 'messages' || typeof said !== 'string')) return undefined
    return parsed as Parsed
  } catch {
    return undefined
  }
}

/** Starts the call and writes its answer as it comes. */
export async function forwarded(
  admitted: Admitted,
  reply: FastifyReply,
  { requestId, stream, wrap }: { requestId: string; stream: boolean; wrap: Around['sink'] },
): Promise<void> {
  const { raw } = reply
  if (raw.destroyed) {
    admitted.release()
    return
  }
  const sink = sinkOf(raw, { requestId, admitted, stream })
  const forwarding = admitted.forward(wrap ? wrap(sink, raw) : sink)
  const left = () => forwarding.abort()
  raw.once('close', left)
  raw.on('drain', () => forwarding.resume())
  const record = await forwarding.done
  raw.off('close', left)
  if (!record.error || record.begun) {
    reply.hijack()
    return
  }
  if (raw.destroyed) reply.hijack()
  else throw record.error
}

function sinkOf(
  raw: ServerResponse,
  at: { requestId: string; admitted: Admitted; stream: boolean },
): ForwardSink {
  return {
    head(contentType, candidate, bytes) {
      raw.writeHead(200, {
        'content-type': contentType,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': at.requestId,
        'x-plinth-call': at.admitted.id,
        'x-plinth-model': candidate.name,
        ...(at.admitted.cache ? { 'x-plinth-cache': at.admitted.cache() } : {}),
        ...(at.stream ? { 'x-accel-buffering': 'no' } : {}),
        ...(bytes === undefined ? {} : { 'content-length': bytes }),
      })
    },
    write: (bytes) => raw.write(bytes),
    end: (bytes) => {
      raw.end(bytes)
    },
    // After the error frame the connection is closed without the protocol's end: nobody takes it for whole.
    broken: () => {
      raw.write(': \n\n', () => raw.destroy())
    },
  }
}
