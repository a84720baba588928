import { type Answered, answer, modelNamed, onlyQuotes, type Part } from '#apps'
import { limits, PlinthError } from '#kernel'
import type { ChatMessage } from '#ports'
import type { ApiHouse } from '../../house.ts'
import { cacheOf } from '../../http/caching.ts'
import { type Call, replied, route } from '../../http/route.ts'
import { chatChunk, chatCompletion, chatRequest } from './contract.ts'
import { CodedError, openAiErrorOf } from './errors.ts'
import { forwardChat } from './forward.ts'
import { type ChatRequestBody, messagesOf, refuseUnoffered } from './reading.ts'
import { ChunkStream, completionOf, type Ending, headOf } from './reply.ts'

type ChatCall = Call<unknown, unknown, ChatRequestBody>
/** Text as it comes, and how it ended. */
export type Answering = AsyncGenerator<string, Ending>

export const chatRoutes = [
  route({
    method: 'POST',
    path: '/v1/chat/completions',
    permission: 'signed-in',
    summary: 'Ask an assistant (answers.ask) or call a model (models.use), as with OpenAI',
    tag: 'OpenAI-compatible',
    body: chatRequest,
    response: chatCompletion,
    events: chatChunk,
    hot: (call, house) => forwardChat(call, house),
    async handler(call, house) {
      const { body, reply, request } = call
      const { context } = call
      const parts = await answeringOf(
        { model: body.model, messages: messagesOf(body) },
        { context, house, cache: cacheOf(call) },
      )
      // Nothing is asked yet: that a model is not there is told before what is not offered.
      refuseUnoffered(body)
      const head = headOf(body.model, request.id, house.clock.now())
      reply.header('x-request-id', request.id)
      if (body.stream) {
        const includeUsage = body.stream_options?.include_usage === true
        return streamed(parts, new ChunkStream(reply, head, { includeUsage }), request.id)
      }
      let content = ''
      for (;;) {
        const next = await parts.next()
        if (next.done) return completionOf(head, content, next.value)
        content += next.value
      }
    },
  }),
]

async function streamed(
  parts: Answering,
  chunks: ChunkStream,
  requestId: string,
): Promise<typeof replied> {
  try {
    for (;;) {
      const next = await parts.next()
      if (next.done) {
        await chunks.finish(next.value)
        return replied
      }
      await chunks.text(next.value)
    }
  } catch (error) {
    if (!chunks.begun) throw error
    await chunks.fail(openAiErrorOf(error, requestId).body)
    return replied
  }
}

/** What an assistant is asked, whatever door it came through. */
export interface Asked {
  model: string
  messages: readonly ChatMessage[]
}

/**
 * The answer of an assistant; its name comes before a model's of the same name. Models are the hub's to call, and come
 * here only where it could not. @throws NOT_FOUND, UNSUPPORTED, INVALID_INPUT
 */
export async function answeringOf(asked: Asked, at: At): Promise<Answering> {
  const { context, house } = at
  const snapshot = await house.snapshots.get(context.organizationId)
  if (snapshot.resolve('Assistant', asked.model))
    return fromAssistant(asked.model, asked.messages, at)
  const known = snapshot.resolve('Route', asked.model) ?? snapshot.resolve('Model', asked.model)
  if (!known) throw noModel(asked.model)
  const model = modelNamed(snapshot, asked.model, house.gateway)
  if (!model?.callable) throw onlyQuotes(asked.model)
  // A body that the hub could not read as JSON, and this door could.
  throw new PlinthError('INVALID_INPUT', {
    detail: `The request cannot be passed on to ${asked.model}.`,
    where: 'body',
    remedy: 'Send JSON in UTF-8, without a byte order mark.',
  })
}

export function noModel(name: string): PlinthError {
  return new CodedError('NOT_FOUND', 'model_not_found', {
    detail: `There is no assistant and no model "${name}" for you.`,
    where: 'body/model',
    remedy: 'List them with GET /v1/models.',
  })
}

export interface At {
  context: ChatCall['context']
  house: ApiHouse
  cache: ReturnType<typeof cacheOf>
}

/** A question to an assistant: the last message. What the client says as `system` does not reach it. */
async function* fromAssistant(
  assistant: string,
  messages: readonly ChatMessage[],
  { context, house, cache }: At,
): Answering {
  const turns = messages.filter(
    (one): one is ChatMessage & { role: 'user' | 'assistant' } => one.role !== 'system',
  )
  const last = turns.at(-1)
  if (last?.role !== 'user' || last.content.trim() === '') {
    const detail = 'The last message must be a question of the user.'
    throw new PlinthError('INVALID_INPUT', { detail, where: 'body/messages' })
  }
  if (last.content.length > limits.questionChars) {
    const detail = `The question has ${last.content.length} characters; the limit is ${limits.questionChars} (questionChars).`
    throw new PlinthError('INVALID_INPUT', { detail, where: 'body/messages' })
  }
  const history = turns.slice(0, -1)
  const question = { text: last.content, assistant, save: false, history, ...cache }
  const answered = yield* texts(answer(question, context, house.answer))
  return endingOf(answered)
}

async function* texts(parts: AsyncGenerator<Part, Answered>): AsyncGenerator<string, Answered> {
  let told = ''
  for (;;) {
    const next = await parts.next()
    if (next.done) {
      const { text: said, outcome, reading } = refuseFailed(next.value)
      const text = reading && outcome !== 'answered' ? `${said} ${reading.note}` : said
      // What was not answered says why; an answer withheld at its end says so after what was said.
      if (told === '') yield text
      else if (outcome !== 'answered' && !told.includes(said)) yield `\n\n${text}`
      else if (outcome !== 'answered' && reading) yield `\n\n${reading.note}`
      return next.value
    }
    if (next.value.type !== 'text') continue
    told += next.value.text
    yield next.value.text
  }
}

/** Outcomes that are errors to clients of this door. */
function refuseFailed(answered: Answered): Answered {
  const { outcome, text, reason, code, traceId } = answered
  if (outcome === 'denied') {
    throw new PlinthError('FORBIDDEN', reason ?? 'You may not ask this assistant.')
  }
  if (outcome === 'cancelled') throw new PlinthError('CANCELLED', 'The question was cancelled.')
  if (outcome === 'failed') {
    throw new PlinthError(code ?? 'INTERNAL', { detail: text, remedy: `See trace ${traceId}.` })
  }
  return answered
}

function endingOf(answered: Answered): Ending {
  const { outcome, usage, citations, traceId, auditSeq, releaseDigest, reading } = answered
  return {
    finish: outcome === 'withheld' ? 'content_filter' : 'stop',
    usage,
    citations,
    plinth: { traceId, outcome, auditSeq, releaseDigest, ...(reading ? { reading } : {}) },
  }
}
