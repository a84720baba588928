import type { EmbeddingCall, EmbeddingReply, Exchange, WireRequest, Written } from '#ports'
import { defined, Fields } from '../wire/fields.ts'
import { Losses } from '../wire/losses.ts'

/** Embeddings as OpenAI asks for them; several other dialects take the same shape. */
export const openAiEmbeddings: Exchange<EmbeddingCall, EmbeddingReply> = {
  readRequest,
  writeRequest,
  readReply,
  writeReply,
}

function readRequest(body: unknown): EmbeddingCall {
  const fields = Fields.asked(body)
  const purpose = fields.word('input_type', ['query', 'passage'] as const)
  const rest = fields.string('encoding_format')
  if (rest !== undefined && rest !== 'float' && rest !== 'base64')
    throw fields.refuse('encoding_format', `is "${rest}"; known: float, base64`)
  return defined({
    model: fields.needString('model'),
    input: inputOf(fields),
    encoding: rest ?? ('float' as const),
    dimensions: fields.count('dimensions', { min: 1 }),
    purpose,
    user: fields.string('user'),
  })
}

function inputOf(fields: Fields): EmbeddingCall['input'] {
  const input = fields.raw('input')
  if (typeof input === 'string') return [input]
  const list = fields.list('input')
  if (!list || list.length === 0) throw fields.refuse('input', 'is required and must not be empty')
  if (list.every((one) => typeof one === 'number')) return [list as number[]]
  return list.map((one, i) => {
    const tokens = Array.isArray(one) && one.every((token) => typeof token === 'number')
    if (typeof one !== 'string' && !tokens)
      throw fields.refuse(`input/${i}`, 'must be a text or a list of tokens')
    return one as string | number[]
  })
}

function writeRequest(call: EmbeddingCall): WireRequest {
  const losses = new Losses()
  if (call.purpose === 'classification' || call.purpose === 'clustering')
    losses.add('purpose', 'changed', 'What the vectors are for is not told.')
  if (call.truncate !== undefined) losses.add('truncate', 'changed', 'Long texts may be refused.')
  const { model, input, dimensions, user, encoding } = call
  const body = defined({ model, input, encoding_format: encoding, dimensions, user })
  return { path: '/embeddings', headers: {}, body, losses: losses.list }
}

function readReply(body: unknown): EmbeddingReply {
  const fields = Fields.answered(body)
  const rows = fields.objects('data')
  if (!rows) throw fields.refuse('data', 'is missing')
  const vectors: number[][] = []
  for (const [i, row] of rows.entries()) vectors[row.count('index') ?? i] = vectorOf(row)
  const missing = rows.findIndex((_, i) => vectors[i] === undefined)
  if (missing >= 0) throw fields.refuse('data', `has no vector for text ${missing}`)
  const inputTokens = fields.object('usage')?.count('prompt_tokens')
  return defined({ model: fields.string('model'), vectors, inputTokens })
}

/** Numbers, or base 64 of 32-bit floats in little-endian order. */
function vectorOf(row: Fields): number[] {
  const value = row.raw('embedding')
  if (typeof value === 'string') return floatsOf(value)
  const list = row.list('embedding')
  if (!list?.every((one) => typeof one === 'number'))
    throw row.refuse('embedding', 'must be numbers')
  return list as number[]
}

export function floatsOf(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64')
  return Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readFloatLE(i * 4))
}

export function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4)
  return bytes.toString('base64')
}

function writeReply(reply: EmbeddingReply, call: EmbeddingCall): Written {
  const tokens = reply.inputTokens ?? 0
  const body = {
    object: 'list',
    data: reply.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: call.encoding === 'base64' ? base64Of(vector) : vector,
    })),
    model: call.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
  return { body, losses: [] }
}
