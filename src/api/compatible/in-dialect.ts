import type { FastifyReply } from 'fastify'
import { PlinthError } from '#kernel'
import type {
  CallPart,
  ChatMessage,
  Dialect,
  JsonObject,
  ModelCall,
  StreamWriterOptions,
} from '#ports'
import type { ApiHouse } from '../house.ts'
import { EventStream } from '../http/events.ts'
import { problemOf } from '../http/problem.ts'
import { replied } from '../http/route.ts'
import type { Answering, Asked } from './openai/chat.ts'
import type { Ending } from './openai/reply.ts'

/** @throws UNAVAILABLE */
export function dialectIn(house: ApiHouse, protocol: string): Dialect {
  const dialect = house.gateway.dialect(protocol)
  if (!dialect) throw new PlinthError('UNAVAILABLE', `The dialect ${protocol} is not there.`)
  return dialect
}

/** What would change an answer, and what assistants do not know. */
const unoffered = [
  ['tools', (call: ModelCall) => (call.tools?.length ?? 0) > 0],
  ['format', (call: ModelCall) => call.format !== undefined && call.format.type !== 'text'],
  ['n', (call: ModelCall) => (call.n ?? 1) > 1],
  ['logprobs', (call: ModelCall) => call.logprobs !== undefined],
] as const

/**
 * What assistants can be asked: text. Models go the hot way.
 * `names`: what the door calls a parameter. @throws INVALID_INPUT with its name.
 */
export function askedIn(call: ModelCall, names: Readonly<Record<string, string>> = {}): Asked {
  const refused = unoffered.find(([, is]) => is(call))?.[0]
  if (refused) {
    const name = names[refused] ?? refused
    throw new PlinthError('INVALID_INPUT', {
      detail: `"${name}" is not offered here.`,
      where: `body/${name}`,
      remedy: `Leave "${name}" out, or name a model of a provider.`,
    })
  }
  return {
    model: call.model,
    messages: call.messages.map(({ role, content }, i): ChatMessage => {
      const known = role === 'developer' || role === 'tool' ? 'system' : role
      return { role: known, content: content.map((part) => textIn(part, i)).join('') }
    }),
  }
}

function textIn(part: CallPart, at: number): string {
  if (part.type === 'text') return part.text
  throw new PlinthError('INVALID_INPUT', {
    detail: `Content of type "${part.type}" is not offered here.`,
    where: `body/messages/${at}/content`,
    remedy: 'Send text only, or name a model of a provider.',
  })
}

const finishes = { stop: 'stop', length: 'length', content_filter: 'content-filter' } as const

export interface InDialect {
  dialect: Dialect
  options: StreamWriterOptions
}

/** A whole answer, with what proves it beside it. */
export async function wholeIn(
  { dialect, options }: InDialect,
  answering: Answering,
): Promise<JsonObject> {
  let text = ''
  for (;;) {
    const next = await answering.next()
    if (!next.done) {
      text += next.value
      continue
    }
    const { finish, usage } = next.value
    const choice = { content: [{ type: 'text' as const, text }], finish: finishes[finish] }
    const { body } = dialect.writeReply({ choices: [choice], usage }, options)
    return { ...body, plinth: provenanceOf(next.value) }
  }
}

function provenanceOf({ plinth, citations }: Ending): JsonObject {
  return citations ? { ...plinth, citations } : plinth
}

/** A thrown value as an error that may be told: a fault without its inner words. */
export function tellable(thrown: unknown, requestId: string): PlinthError {
  const { code, detail, where, remedy } = problemOf(thrown, requestId)
  const wait = thrown instanceof PlinthError ? thrown.retryAfterSeconds : undefined
  return new PlinthError(code, {
    detail,
    remedy,
    ...(where === undefined ? {} : { where }),
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  })
}

interface Streaming extends InDialect {
  reply: FastifyReply
  requestId: string
  headers: Record<string, string>
  /** Sees the last frames, and what proves the answer, before they are sent. */
  ending?(frames: string, plinth: JsonObject): Promise<void>
}

/** Nothing is sent before the first text, so that a failure before it is an ordinary error with its status. */
export async function streamedIn(at: Streaming, answering: Answering): Promise<typeof replied> {
  const { dialect, options, reply, requestId, headers } = at
  const writer = dialect.writeStream(options)
  let events: EventStream | undefined
  const send = async (frame: string | Uint8Array) => {
    events ??= new EventStream(reply, headers)
    if (frame.length > 0) await events.write(String(frame))
  }
  try {
    for (;;) {
      const next = await answering.next()
      if (next.done) {
        const { finish, usage } = next.value
        await send(writer.write({ type: 'usage', usage }))
        await send(writer.write({ type: 'finish', reason: finishes[finish] }))
        const last = String(writer.end())
        await at.ending?.(last, provenanceOf(next.value))
        await send(last)
        break
      }
      await send(writer.write({ type: 'text', text: next.value }))
    }
  } catch (error) {
    if (!events) throw error
    await send(writer.fail(tellable(error, requestId), { requestId }))
  }
  events?.end()
  return replied
}
