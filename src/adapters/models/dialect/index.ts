import { PlinthError } from '#kernel'
import {
  type CallUsage,
  type ChatModel,
  type ChatPart,
  type ChatRequest,
  type Dialect,
  eventsOfReply,
  type ModelCall,
  type OutboundResponse,
  type StreamEvent,
} from '#ports'
import { endpointOf, type HttpModelOptions, ModelExchange } from '../exchange.ts'

/** More refusals than parameters would be a quarrel. */
const maxAdjustments = 3
/** Models whose refusals are remembered. */
const maxRemembered = 256

/** A chat model behind an endpoint, in whatever dialect it speaks. One that answers without streaming is understood too. */
export function createDialectModel(options: HttpModelOptions): ChatModel {
  const endpoint = endpointOf(options)
  const learned = new Map<string, ReadonlySet<string>>()
  return {
    version: 'chat-model/1',
    id: options.id,
    async *stream(request, signal) {
      const exchange = new ModelExchange({ options, endpoint }, signal)
      try {
        const response = await open(exchange, { request, dialect: options.dialect, learned })
        yield* partsOf(exchange, eventsOf(exchange, response, options.dialect))
      } catch (error) {
        throw signal.aborted ? new PlinthError('CANCELLED', 'The call was cancelled.') : error
      } finally {
        exchange.close()
      }
    },
  }
}

/**
 * Plain text loses little in any dialect: a wider scale of temperatures, an answer before the first question. The
 * route's next model would lose the same, so that it is sent as far as it can be said.
 */
function callOf(request: ChatRequest): ModelCall {
  const { model, temperature, maxOutputTokens, stop } = request
  return {
    model,
    messages: request.messages.map(({ role, content }) => ({
      role,
      content: [{ type: 'text', text: content }],
    })),
    stream: true,
    includeUsage: true,
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stop?.length ? { stop } : {}),
  }
}

async function open(
  exchange: ModelExchange,
  at: { request: ChatRequest; dialect: Dialect; learned: Map<string, ReadonlySet<string>> },
): Promise<OutboundResponse> {
  const { request, dialect, learned } = at
  const { tolerance } = dialect
  const { path, headers, body } = dialect.writeRequest(callOf(request))
  let without = learned.get(request.model) ?? new Set<string>()
  for (let adjusted = 0; ; adjusted++) {
    const sent = tolerance?.without(body, without) ?? body
    const response = await exchange.post(path, sent, headers)
    if (response.status === 200) return response
    const problem = await exchange.problem(response)
    const next = tolerance?.refused(problem)
    if (next === undefined || without.has(next) || adjusted >= maxAdjustments)
      throw exchange.failed(problem)
    without = new Set([...without, next])
    if (learned.size >= maxRemembered) learned.clear()
    learned.set(request.model, without)
  }
}

async function* eventsOf(
  exchange: ModelExchange,
  response: OutboundResponse,
  dialect: Dialect,
): AsyncGenerator<StreamEvent> {
  if (/\bjson\b/i.test(response.headers['content-type'] ?? '')) {
    yield* eventsOfReply(exchange.read(await exchange.json(response), dialect.readReply))
    return
  }
  const reader = dialect.readStream()
  try {
    for await (const bytes of response.body) {
      yield* reader.push(bytes)
      if (reader.complete) return
    }
  } catch (error) {
    throw exchange.explain(error)
  }
  yield* reader.end()
}

async function* partsOf(
  exchange: ModelExchange,
  events: AsyncIterable<StreamEvent>,
): AsyncGenerator<ChatPart> {
  let finish: (ChatPart & { type: 'finish' })['reason'] | undefined
  let usage: CallUsage | undefined
  try {
    for await (const event of events) {
      if (event.type === 'text' || event.type === 'refusal') {
        exchange.count(event.text)
        yield { type: 'text', text: event.text }
      } else if (event.type === 'error') throw exchange.failed(event.problem)
      else if (event.type === 'usage') usage = event.usage
      else if (event.type !== 'start') exchange.sawToken()
      if (event.type === 'finish') finish = event.reason === 'pause' ? 'other' : event.reason
    }
  } catch (error) {
    // The answer is complete once its reason to finish came; what would follow is bookkeeping.
    const late = error instanceof PlinthError && error.code.startsWith('UPSTREAM_')
    if (finish === undefined || !late) throw error
  }
  if (usage) {
    const { inputTokens, outputTokens } = usage
    yield { type: 'usage', inputTokens, outputTokens }
  }
  yield { type: 'finish', reason: finish ?? 'other' }
}
