import { digestOf, PlinthError } from '#kernel'
import type { DialectEndpoint, Embedder } from '#ports'
import { endpointOf, type HttpModelOptions, ModelExchange } from '../../models/exchange.ts'

export interface DialectEmbedderOptions extends HttpModelOptions {
  /** The upstream's name for the model. */
  model: string
  dimensions: number
  /** Asks the endpoint for this many dimensions (only models that can shorten their vectors). */
  shorten?: boolean
  queryPrefix?: string
  passagePrefix?: string
}

type Purpose = 'query' | 'passage'

/** Texts and characters of one call; endpoints refuse more (OpenAI: 2,048 texts, 300,000 tokens). */
const maxTexts = 128
const maxChars = 200_000

/** Embeddings of an endpoint in any dialect that has them. Vectors are normalised here; calls follow one another. */
export function createDialectEmbedder(options: DialectEmbedderOptions): Embedder {
  const identity = {
    baseUrl: options.baseUrl,
    model: options.model,
    dimensions: options.dimensions,
  }
  const prefixes = { query: options.queryPrefix ?? '', passage: options.passagePrefix ?? '' }
  const endpoint = endpointOf(options)
  let closed = false
  const embed = async (
    texts: readonly string[],
    purpose: Purpose,
    signal: AbortSignal,
  ): Promise<Float32Array[]> => {
    const vectors: Float32Array[] = []
    for (const some of batches(texts)) {
      if (closed) throw new PlinthError('UNAVAILABLE', 'The embedder is closed.')
      vectors.push(...(await call(some, { options, endpoint, purpose }, signal)))
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
        'passage',
        signal,
      ),
    async embedQuery(text, signal = new AbortController().signal) {
      const [vector] = await embed([prefixes.query + text], 'query', signal)
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
  at: { options: DialectEmbedderOptions; endpoint: DialectEndpoint; purpose: Purpose },
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const { options, endpoint, purpose } = at
  const { dialect, model, dimensions, shorten } = options
  const codec = dialect.embeddings
  if (!codec) throw new PlinthError('UNSUPPORTED', `${dialect.id} has no embeddings.`)
  const exchange = new ModelExchange({ options, endpoint }, signal)
  try {
    const asked = codec.writeRequest({
      model,
      input: texts,
      encoding: 'float',
      purpose,
      ...(shorten ? { dimensions } : {}),
    })
    const response = await exchange.post(asked.path, asked.body, asked.headers)
    if (response.status !== 200) throw exchange.failed(await exchange.problem(response))
    const { vectors } = exchange.read(await exchange.json(response), codec.readReply)
    return texts.map((_, i) => {
      const vector = vectors[i]
      if (!vector) throw exchange.broken(`sent no vector for text ${i}`)
      if (vector.length !== dimensions)
        throw exchange.broken(`sent ${vector.length} dimensions instead of ${dimensions}`)
      return normalised(vector, exchange)
    })
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
