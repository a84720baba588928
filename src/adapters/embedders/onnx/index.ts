import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { PlinthError } from '#kernel'
import type { Embedder } from '#ports'
import { type ModelFolder, readModelFolder } from './model-folder.ts'
import { type Batch, EmbedQueue, type Lane } from './queue.ts'
import type { EmbedMessage, EmbedReply, WorkerInput } from './worker.ts'

export interface OnnxOptions {
  /** Threads of one inference; default 2, or 1 on one core. */
  threads?: number
  /** Milliseconds without a text after which the model leaves memory; default a minute. */
  idleMs?: number
}

const defaultIdleMs = 60_000

/**
 * Opens an embedder over a model folder: reads and verifies the files (about 50 ms for 25 MB), loads them in a worker
 * thread with the first text. Resident memory once loaded: about 190 MB for all-minilm-l6-v2, 430 MB for
 * multilingual-e5-small. Throws NOT_FOUND, INVALID_INPUT or INTEGRITY for a folder that is no whole model.
 */
export async function openOnnxEmbedder(dir: string, options: OnnxOptions = {}): Promise<Embedder> {
  const folder = await readModelFolder(dir)
  return new OnnxEmbedder(folder, {
    threads: options.threads ?? Math.min(2, availableParallelism()),
    idleMs: options.idleMs ?? defaultIdleMs,
  })
}

/**
 * States of the worker: none (before the first text, after it died), idle, busy with exactly one text. A text leads
 * from none or idle to busy, its reply back to idle; a worker that dies fails the text it had, and the next text
 * starts a new one; after `idleMs` idle it is ended and there is none again; `close` leads to closed, for good.
 */
class OnnxEmbedder implements Embedder {
  readonly version = 'embedder/1'
  readonly id: string
  readonly digest: string
  readonly dimensions: number
  readonly #input: WorkerInput
  readonly #queue = new EmbedQueue()
  readonly #idleMs: number
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #busy: { id: number; batch: Batch } | undefined
  #lastId = 0
  #closed = false

  constructor(folder: ModelFolder, { threads, idleMs }: { threads: number; idleMs: number }) {
    this.#idleMs = idleMs
    this.id = folder.config.name
    this.digest = folder.digest
    this.dimensions = folder.config.dims
    this.#input = { dir: folder.dir, config: folder.config, threads }
  }

  embedPassages(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    const { passagePrefix } = this.#input.config
    return this.#submit(
      'passage',
      texts.map((text) => passagePrefix + text),
      signal,
    )
  }

  async embedQuery(text: string, signal?: AbortSignal): Promise<Float32Array> {
    const { queryPrefix } = this.#input.config
    const [vector] = await this.#submit('query', [queryPrefix + text], signal)
    return vector!
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    const waiting = this.#queue.clear()
    const busy = this.#busy
    if (busy) waiting.push(busy.batch)
    this.#busy = undefined
    for (const batch of waiting) settle(batch, closedError())
    const worker = this.#worker
    this.#worker = undefined
    if (worker && busy) await itsReply(worker)
    await worker?.terminate()
  }

  #submit(lane: Lane, texts: string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    if (texts.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closedError()
      if (signal?.aborted) throw cancelledError()
      const onAbort = () => {
        this.#queue.remove(batch)
        settle(batch, cancelledError())
      }
      const clean = () => signal?.removeEventListener('abort', onAbort)
      const batch: Batch = {
        lane,
        texts,
        next: 0,
        vectors: [],
        done: false,
        resolve: (vectors) => {
          clean()
          resolve(vectors)
        },
        reject: (error) => {
          clean()
          reject(error)
        },
      }
      this.#queue.add(batch)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#next()
    })
  }

  /** Hands the next text to the worker, if it is free. */
  #next(): void {
    if (this.#busy || this.#closed) return
    const taken = this.#queue.take()
    if (!taken) {
      this.#rest()
      return
    }
    clearTimeout(this.#idle)
    this.#worker ??= this.#start()
    this.#busy = { id: ++this.#lastId, batch: taken.batch }
    this.#worker.ref()
    this.#worker.postMessage({
      id: this.#lastId,
      text: taken.text.toWellFormed(),
    } satisfies EmbedMessage)
  }

  /** An idle embedder keeps no process alive, and after a while no model in memory. */
  #rest(): void {
    this.#worker?.unref()
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => {
      const worker = this.#worker
      this.#worker = undefined
      void worker?.terminate()
    }, this.#idleMs)
    this.#idle.unref()
  }

  #start(): Worker {
    // Source runs as .ts, the published package as .js.
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: this.#input,
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    })
    worker.on('message', (reply: EmbedReply) => this.#onReply(reply))
    worker.on('error', (error) => this.#onDeath(worker, error as Error))
    worker.on('exit', () => this.#onDeath(worker, new Error('The thread of the embedder ended.')))
    return worker
  }

  #onReply(reply: EmbedReply): void {
    const busy = this.#busy
    if (!busy || busy.id !== reply.id) return
    this.#busy = undefined
    const { batch } = busy
    if ('error' in reply) {
      this.#queue.remove(batch)
      settle(batch, failedError(this.id, reply.error))
    } else if (!batch.done) {
      batch.vectors.push(reply.vector)
      if (batch.vectors.length === batch.texts.length) settle(batch)
    }
    this.#next()
  }

  #onDeath(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const busy = this.#busy
    this.#busy = undefined
    if (busy) {
      this.#queue.remove(busy.batch)
      settle(busy.batch, failedError(this.id, error.message))
    }
    this.#next()
  }
}

const longestTextMs = 10_000

/** ONNX Runtime ends the whole process when its thread is terminated inside a call: the one text is waited for. */
async function itsReply(worker: Worker): Promise<void> {
  const signal = AbortSignal.timeout(longestTextMs)
  await Promise.race([once(worker, 'message', { signal }), once(worker, 'exit', { signal })]).catch(
    () => undefined,
  )
}

function settle(batch: Batch, error?: PlinthError): void {
  if (batch.done) return
  batch.done = true
  if (error) batch.reject(error)
  else batch.resolve(batch.vectors)
}

function closedError(): PlinthError {
  return new PlinthError('UNAVAILABLE', 'The embedder is closed.')
}

function cancelledError(): PlinthError {
  return new PlinthError('CANCELLED', 'Embedding was cancelled.')
}

function failedError(id: string, reason: string): PlinthError {
  return new PlinthError('UNAVAILABLE', {
    detail: `The embedder ${id} failed: ${reason}`,
    remedy:
      'Check the model with `plinth models list`; pull or add it again if its files are damaged.',
  })
}
