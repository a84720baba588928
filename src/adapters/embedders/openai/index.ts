import { z } from 'zod'
import { digestOf, PlinthError } from '#kernel'
import type { Embedder } from '#ports'
import { type HttpModelOptions, ModelExchange } from '../../models/exchange.ts'
import { authorization } from '../../models/openai/index.ts'

export interface OpenAiEmbedderOptions extends HttpModelOptions {
  /** The upstream's name for the model. */
  model: string
  dimensions: number
  /** Asks the endpoint for this many dimensions (only models that can shorten their vectors). */
  shorten?: boolean
  queryPrefix?: string
  passagePrefix?: string
}

const answer = z.object({
  data: z.array(z.object({ index: z.number().int().min(0), embedding: z.array(z.number()) })),
})

/** Texts and characters of one call; endpoints refuse more (OpenAI: 2,048 texts, 300,000 tokens). */
const maxTexts = 128
const maxChars = 200_000

/** Embeddings of any endpoint that speaks OpenAI's protocol. Vectors are normalised here; calls follow one another. */
export function createOpenAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const identity = {
    baseUrl: options.baseUrl,
    model: options.model,
    dimensions: options.dimensions,
  }
  const prefixes = { query: options.queryPrefix ?? '', passage: options.passagePrefix ?? '' }
  let closed = false
  const embed = async (texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> => {
    const vectors: Float32Array[] = []
    for (const some of batches(texts)) {
      if (closed) throw new PlinthError('UNAVAILABLE', 'The embedder is closed.')
      vectors.push(...(await call(some, options, signal)))
    }
    return vectors
  }
  return {
    version: 'embedder/1',
    id: options.id,
    // No files to hash: endpoint, model and settings are what tells these vectors from others.
    digest: digestOf({ ...identity, prefixes }),
    dimensions: options.dimensions,
    embedPassages: (texts, signal = new AbortController().signal) =>
      embed(
        texts.map((text) => prefixes.passage + text),
        signal,
      ),
    async embedQuery(text, signal = new AbortController().signal) {
      const [vector] = await embed([prefixes.query + text], signal)
      return vector!
    },
    async close() {
      closed = true
    },
  }
}

function* batches(texts: readonly string[]): Generator<string[]> {
  let batch: string[] = []
  let chars = 0
  for (const text of texts) {
    if (batch.length >= maxTexts || (batch.length > 0 && chars + text.length > maxChars)) {
      yield batch
      batch = []
      chars = 0
    }
    // Endpoints refuse an empty text.
    batch.push(text.trim() === '' ? ' .' : text.toWellFormed())
    chars += text.length
  }
  if (batch.length > 0) yield batch
}

async function call(
  texts: string[],
  options: OpenAiEmbedderOptions,
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const exchange = new ModelExchange(options, signal)
  try {
    const url = `${options.baseUrl.replace(/\/+$/, '')}/embeddings`
    const body: Record<string, unknown> = {
      model: options.model,
      input: texts,
      encoding_format: 'float',
    }
    if (options.shorten) body.dimensions = options.dimensions
    const response = await exchange.post(url, authorization(options), body)
    if (response.status !== 200) throw await exchange.error(response)
    const parsed = answer.safeParse(await exchange.json(response))
    if (!parsed.success) throw exchange.broken('sent embeddings of another shape')
    const vectors = new Array<Float32Array>(texts.length)
    for (const { index, embedding } of parsed.data.data) {
      if (embedding.length !== options.dimensions) {
        throw exchange.broken(
          `sent ${embedding.length} dimensions instead of ${options.dimensions}`,
        )
      }
      if (index < texts.length) vectors[index] = normalised(embedding, exchange)
    }
    for (let i = 0; i < texts.length; i++)
      if (!vectors[i]) throw exchange.broken(`sent no vector for text ${i}`)
    return vectors
  } catch (error) {
    throw signal.aborted ? new PlinthError('CANCELLED', 'Embedding was cancelled.') : error
  } finally {
    exchange.close()
  }
}

function normalised(values: readonly number[], exchange: ModelExchange): Float32Array {
  const length = Math.hypot(...values)
  if (!Number.isFinite(length) || length === 0) throw exchange.broken('sent an empty vector')
  return Float32Array.from(values, (value) => value / length)
}
