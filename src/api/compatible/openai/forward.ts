import { isUtf8 } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { type Admitted, admit, modelNamed } from '#apps'
import type { ForwardSink } from '#models'
import type { ApiHouse } from '../../house.ts'
import type { HotCall } from '../../http/route.ts'
import { authenticateRequest } from '../../http/sign-in.ts'

type Parsed = Record<string, unknown>

/**
 * A call of a model that is reached over HTTP. Anything else (an assistant, the built-in model, a body that cannot be
 * read) is left to the common way, which answers or refuses it.
 */
export async function forwardChat(call: HotCall, house: ApiHouse): Promise<boolean> {
  const parsed = readable(call.body)
  if (!parsed || call.request.headers['idempotency-key'] !== undefined) return false
  const found = await authenticateRequest(call.request, house)
  if (!('principal' in found)) return false
  const { organizationId, principal } = found
  const epochs = house.store.epochs(organizationId)
  const { resources } = epochs instanceof Promise ? await epochs : epochs
  const snapshot = await house.snapshots.get(organizationId, { epoch: resources })
  const name = parsed.model as string
  if (snapshot.resolve('Assistant', name)) return false
  const model = modelNamed(snapshot, name, house.gateway)
  const dialect = house.gateway.dialect('openai')
  if (!model?.remote || !dialect) return false
  const { request, reply, body } = call
  const stream = parsed.stream === true
  const useCase = request.headers['x-plinth-use-case']
  const admitted = await admit(
    {
      organizationId,
      principal,
      requestId: request.id,
      door: 'openai.chat',
      dialect,
      body,
      parsed,
      stream,
      ...(typeof useCase === 'string' ? { useCase } : {}),
    },
    { model, snapshot },
    house.gateway,
  )
  await forwarded(admitted, reply, { requestId: request.id, stream })
  return true
}

/** Undefined for what the common way will refuse with its own words. */
function readable(body: Buffer): Parsed | undefined {
  if (!isUtf8(body)) return undefined
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    const { model, messages } = (isObject ? parsed : {}) as Parsed
    if (typeof model !== 'string' || !Array.isArray(messages)) return undefined
    return parsed as Parsed
  } catch {
    return undefined
  }
}

/** Starts the call and writes its answer as it comes. */
async function forwarded(
  admitted: Admitted,
  reply: FastifyReply,
  { requestId, stream }: { requestId: string; stream: boolean },
): Promise<void> {
  const { raw } = reply
  if (raw.destroyed) {
    admitted.release()
    return
  }
  const forwarding = admitted.forward(sinkOf(raw, { requestId, callId: admitted.id, stream }))
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
  at: { requestId: string; callId: string; stream: boolean },
): ForwardSink {
  return {
    head(contentType, choice, bytes) {
      raw.writeHead(200, {
        'content-type': contentType,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': at.requestId,
        'x-plinth-call': at.callId,
        'x-plinth-model': choice.model.name,
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
