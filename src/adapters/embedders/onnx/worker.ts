/**
 * The thread that runs the model. One text at a time: int8 models scale activations over a batch, so that a vector
 * would depend on its neighbours (measured cosine .989); batch 1 is also faster per thread and needs a quarter of
 * the memory. Threads do not spin: on a busy machine spinning costs half of the throughput.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { ModelConfig } from './model-folder.ts'

export interface WorkerInput {
  dir: string
  config: ModelConfig
  threads: number
}

export interface EmbedMessage {
  id: number
  text: string
}

export type EmbedReply = { id: number; vector: Float32Array } | { id: number; error: string }

/** Characters of a token at the most that are worth tokenising: the rest is cut anyway. */
const charsPerToken = 40

interface Loaded {
  encode(text: string): number[]
  session: InferenceSession
  tensor(data: BigInt64Array): Tensor
  output: string
}

async function load({ dir, config, threads }: WorkerInput): Promise<Loaded> {
  const { default: ort } = await import('onnxruntime-node')
  const { Tokenizer } = await import('@huggingface/tokenizers')
  const definition = JSON.parse(await readFile(join(dir, config.tokenizer), 'utf8'))
  // Some models ship settings that cut at 128 tokens and fill up to them; we cut by the model's own window.
  const tokenizer = new Tokenizer({ ...definition, truncation: null, padding: null }, {})
  const session = await ort.InferenceSession.create(join(dir, config.model), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  const known = [config.output, 'sentence_embedding', 'last_hidden_state']
  const output = known.find((name) => name !== undefined && session.outputNames.includes(name))
  return {
    encode: (text) => tokenizer.encode(text).ids,
    session,
    tensor: (data) => new ort.Tensor('int64', data, [1, data.length]),
    output: output ?? session.outputNames[0]!,
  }
}

function cut(ids: number[], config: ModelConfig): number[] {
  if (ids.length <= config.maxLength) return ids
  return [...ids.slice(0, config.maxLength - 1), config.closingTokenId ?? ids.at(-1)!]
}

async function embed(text: string, loaded: Loaded, config: ModelConfig): Promise<Float32Array> {
  const ids = cut(loaded.encode(text.slice(0, config.maxLength * charsPerToken)), config)
  const feeds: Record<string, Tensor> = {}
  for (const name of loaded.session.inputNames) {
    if (name === 'input_ids') feeds[name] = loaded.tensor(BigInt64Array.from(ids, BigInt))
    else if (name === 'attention_mask')
      feeds[name] = loaded.tensor(new BigInt64Array(ids.length).fill(1n))
    else if (name === 'token_type_ids') feeds[name] = loaded.tensor(new BigInt64Array(ids.length))
    else throw new Error(`The model wants an input ${name}, which is not supported.`)
  }
  const results = await loaded.session.run(feeds, [loaded.output])
  const { data, dims } = results[loaded.output]!
  if (!(data instanceof Float32Array)) throw new Error('The model gives no float32 vectors.')
  const vector = dims.length === 3 ? pooled(data, dims[2]!, config.pooling) : data.slice()
  if (vector.length !== config.dims) {
    throw new Error(`The model gives ${vector.length} dimensions, its config says ${config.dims}.`)
  }
  return normalised(vector)
}

/** One vector from token vectors: their mean, or the first. There is no padding: one text at a time. */
function pooled(data: Float32Array, dims: number, pooling: 'mean' | 'cls'): Float32Array {
  if (pooling === 'cls') return data.slice(0, dims)
  const sum = new Float32Array(dims)
  for (let i = 0; i < data.length; i++) sum[i % dims]! += data[i]!
  return sum
}

function normalised(vector: Float32Array): Float32Array {
  let squares = 0
  for (const value of vector) squares += value * value
  const length = Math.sqrt(squares)
  if (!Number.isFinite(length) || length === 0) throw new Error('The model gave an empty vector.')
  return vector.map((value) => value / length)
}

const port = parentPort
if (port) {
  const input = workerData as WorkerInput
  let loaded: Promise<Loaded> | undefined
  port.on('message', async ({ id, text }: EmbedMessage) => {
    try {
      loaded ??= load(input)
      const vector = await embed(text, await loaded, input.config)
      port.postMessage({ id, vector } satisfies EmbedReply, [vector.buffer as ArrayBuffer])
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      port.postMessage({ id, error: message } satisfies EmbedReply)
    }
  })
}
