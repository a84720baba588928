import { PlinthError } from '#kernel'
import { type Candidate, spliceBody, type WireAttempt } from '#models'
import type { Dialect, JsonObject, ModelCall } from '#ports'
import { addressed, type Place, type ReadyModel } from './compiled.ts'
import type { MaskedCall } from './masking.ts'

/** A call as its attempts are made from it. */
export interface Asked {
  id: string
  requestId: string
  body: Buffer
  parsed: Readonly<JsonObject>
  stream: boolean
  usageWanted: boolean
  /** Headers of the caller's protocol, for an endpoint that speaks it too. */
  headers: Readonly<Record<string, string>>
  /** The caller's. */
  dialect: Dialect
  model: ReadyModel
  /** Where somebody has to look into the texts. */
  masked?: MaskedCall
}

/** Who is called, and where. */
export interface Chosen {
  candidate: Candidate
  place: Place
}

/**
 * What a candidate is sent: the caller's bytes with another model where it speaks the caller's dialect, else the call
 * written in its own. @throws UNSUPPORTED for a call that cannot be said there without changing what it means.
 */
export function attemptOf(
  asked: Asked,
  { candidate, place }: Chosen,
): WireAttempt | Promise<WireAttempt> {
  const same = place.dialect.id === asked.dialect.id && !asked.masked
  const attempt = same
    ? passed(asked, { candidate, place })
    : translated(asked, { candidate, place })
  const { outbound } = place
  if (!outbound) return attempt
  return then(attempt, (made) => ({ ...made, outbound }))
}

function passed(asked: Asked, { candidate, place }: Chosen): WireAttempt | Promise<WireAttempt> {
  const { parsed, stream, usageWanted } = asked
  const model = candidate.model.spec.upstreamModel
  const set = stream && !usageWanted ? withUsage(asked) : undefined
  const body = spliceBody(asked.body, parsed, { model, ...(set ? { set } : {}) })
  const { secrets } = place.endpoint
  if (place.fixed) return { ...withHeaders(place.fixed, asked), secrets, body }
  const path = place.dialect.writeRequest(emptyCall(model, stream)).path
  const sent = place.endpoint.perRequest ? body.toString('utf8') : ''
  const address = place.endpoint.address(path, sent)
  return then(address, (found) => {
    const where = addressed(found)
    if (!place.endpoint.perRequest) place.fixed = where
    return { ...withHeaders(where, asked), secrets, body }
  })
}

function withHeaders<T extends { headers: Record<string, string> }>(
  where: T,
  { headers }: Asked,
): T {
  for (const _ in headers) return { ...where, headers: { ...where.headers, ...headers } }
  return where
}

function translated(
  asked: Asked,
  { candidate, place }: Chosen,
): WireAttempt | Promise<WireAttempt> {
  const { model: target, provider } = candidate
  const call = asked.masked?.call ?? asked.dialect.readRequest(asked.parsed)
  const maxOutputTokens = call.maxOutputTokens ?? target.spec.maxOutputTokens
  const written = place.dialect.writeRequest({
    ...call,
    model: target.spec.upstreamModel,
    maxOutputTokens,
    ...(call.stream ? { includeUsage: true } : {}),
  })
  const lost = written.losses.find(({ effect }) => effect === 'meaning')
  if (lost) {
    throw new PlinthError('UNSUPPORTED', {
      detail: `Provider ${provider.name} cannot be asked for this: ${lost.detail}`,
      where: `body/${lost.path}`,
      remedy: 'Leave it out, or name a model whose provider can.',
    })
  }
  const body = Buffer.from(JSON.stringify(written.body))
  const address = place.endpoint.address(written.path, body.toString('utf8'))
  return then(address, (found) => {
    const where = addressed(found)
    return {
      target: where.target,
      headers: { ...where.headers, ...written.headers },
      secrets: place.endpoint.secrets,
      body,
      translation: {
        from: place.dialect,
        to: asked.dialect,
        ...(asked.masked ? { transform: asked.masked.transform() } : {}),
        place: { requestId: asked.requestId },
        reply: {
          model: asked.model.name,
          id: answerId(asked),
          created: Math.floor(Date.now() / 1_000),
          includeUsage: asked.usageWanted,
        },
      },
    }
  })
}

/** Every stream tells its usage: it is what budgets and costs are counted from. Dialects that always do need no asking. */
function withUsage({ parsed, dialect }: Asked): Record<string, unknown> | undefined {
  if (dialect.id !== 'openai-chat') return undefined
  const options = parsed.stream_options
  const given = typeof options === 'object' && options !== null ? options : {}
  return { stream_options: { ...given, include_usage: true } }
}

/** Answers of this protocol are asked for again by an id that says what it names. */
function answerId({ dialect, id }: Asked): string {
  return dialect.id === 'openai-responses' ? id.replace(/^cal_/, 'resp_') : id
}

function emptyCall(model: string, stream: boolean): ModelCall {
  return {
    model,
    stream,
    maxOutputTokens: 1,
    messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }],
  }
}

function then<V, T>(value: V | Promise<V>, next: (value: V) => T): T | Promise<T> {
  return value instanceof Promise ? value.then(next) : next(value)
}
