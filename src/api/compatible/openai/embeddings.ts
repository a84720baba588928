import type { z } from 'zod'
import { bookedEmbedding } from '#apps'
import { estimateTokens } from '#data'
import { type RequestContext, Trace } from '#kernel'
import { writeTrace } from '#ops'
import type { Embedder } from '#ports'
import type { ApiHouse } from '../../house.ts'
import { route } from '../../http/route.ts'
import { embeddingList, embeddingRequest, maxEmbeddingChars } from './contract.ts'
import { CodedError } from './errors.ts'

type Body = z.output<typeof embeddingRequest>

export const embeddingRoutes = [
  route({
    method: 'POST',
    path: '/v1/embeddings',
    permission: 'models.use',
    summary: 'Vectors of texts by an embedding model of this server, as with OpenAI',
    tag: 'OpenAI-compatible',
    body: embeddingRequest,
    response: embeddingList,
    async handler({ body, context, request, reply }, house) {
      const embedder = house.embedders().get(body.model)
      if (!embedder) throw unknownModel(body.model, house)
      refuseDimensions(body, embedder)
      const texts = textsOf(body)
      const trace = new Trace(house.clock.now())
      const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0)
      const asked = { door: 'openai.embeddings', asked: body.model, embedder: embedder.id }
      const vectors = await trace.step('embed', () =>
        bookedEmbedding(house.gateway, { ...asked, context, inputTokens: tokens }, () =>
          embed(embedder, { texts, body, context }),
        ),
      )
      await record(house, context, { trace, tokens, texts: texts.length, model: embedder.id })
      const base64 = body.encoding_format === 'base64'
      reply.header('x-request-id', request.id)
      return {
        object: 'list' as const,
        data: vectors.map((vector, index) => ({
          object: 'embedding' as const,
          index,
          embedding: base64 ? base64Of(vector) : Array.from(vector),
        })),
        model: body.model,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
        plinth: { traceId: trace.id },
      }
    },
  }),
]

async function embed(
  embedder: Embedder,
  { texts, body, context }: { texts: string[]; body: Body; context: RequestContext },
): Promise<Float32Array[]> {
  const { signal } = context
  if (body.input_type !== 'query') return embedder.embedPassages(texts, signal)
  return Promise.all(texts.map((text) => embedder.embedQuery(text, signal)))
}

function textsOf({ input }: Body): string[] {
  const list = typeof input === 'string' ? [input] : input
  return list.map((text, i) => {
    const where = typeof input === 'string' ? 'body/input' : `body/input/${i}`
    if (typeof text !== 'string') {
      const detail = 'Token numbers are not read: they belong to another model’s vocabulary.'
      throw new CodedError('INVALID_INPUT', 'unsupported_value', {
        detail,
        where,
        remedy: 'Send text.',
      })
    }
    if (text === '' || text.length > maxEmbeddingChars) {
      const detail = `A text has 1 to ${maxEmbeddingChars} characters, this one ${text.length}.`
      throw new CodedError('INVALID_INPUT', 'invalid_value', { detail, where })
    }
    return text
  })
}

function refuseDimensions({ dimensions, model }: Body, embedder: Embedder): void {
  if (dimensions == null || dimensions === embedder.dimensions) return
  throw new CodedError('INVALID_INPUT', 'unsupported_value', {
    detail: `The model ${model} gives ${embedder.dimensions} dimensions; its vectors cannot be shortened.`,
    where: 'body/dimensions',
    remedy: `Leave "dimensions" out, or send ${embedder.dimensions}.`,
  })
}

function unknownModel(name: string, house: ApiHouse) {
  const known = [...house.embedders().keys()]
  return new CodedError('NOT_FOUND', 'model_not_found', {
    detail: `There is no embedding model "${name}".`,
    where: 'body/model',
    remedy:
      known.length > 0
        ? `Known: ${known.join(', ')}.`
        : 'Add one with `plinth models pull all-minilm-l6-v2`.',
  })
}

/** 32-bit floats, little-endian whatever this machine is. */
function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4)
  return bytes.toString('base64')
}

/** Nothing of the texts is kept, and none of them leaves the server. */
async function record(
  house: ApiHouse,
  context: RequestContext,
  what: { trace: Trace; tokens: number; texts: number; model: string },
): Promise<void> {
  const { trace, tokens, texts, model } = what
  const { principal, organizationId } = context
  await house.store.within(organizationId, (tx) =>
    writeTrace(tx, {
      id: trace.id,
      kind: 'embedding',
      name: `${texts} ${texts === 1 ? 'text' : 'texts'}`,
      principalId: principal.id,
      userId: principal.userId,
      assistant: null,
      outcome: 'done',
      releaseDigest: null,
      snapshotDigest: null,
      auditSeq: null,
      startedAt: trace.startedAt,
      durationMs: trace.elapsedMs(),
      inputTokens: tokens,
      outputTokens: null,
      costUsd: null,
      spans: trace.spans,
      detail: { route: [{ model, reason: 'named by the caller', used: true }] },
    }),
  )
}
