import { Worker } from 'node:worker_threads'
import { PlinthError } from '#kernel'
import type { Statement, StatementError, StatementResult } from './pglite-statements.ts'
import type { WorkerReply, WorkerRequest } from './pglite-worker.ts'

/** Waiting units of work over which the store answers UNAVAILABLE rather than queue further. */
const maxQueue = 20_000
/** Single statements that are sent as one message: waking the other thread costs more than a small statement. */
const maxBatch = 16

export interface PgliteOptions {
  /** Folder of the database, or `memory://` for tests. */
  dataDir: string
  /** A data directory as `dump` gave it, instead of running initdb. */
  seed?: Uint8Array
}

type Rows = Extract<StatementResult, { rows: unknown }>
type Request = WorkerRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, 'id'>
    : never
  : never

interface Reply {
  resolve(reply: WorkerReply): void
  reject(error: Error): void
}

/** What waits for the session: a statement by itself, or somebody who wants to hold it. */
type Waiting = Single | { granted(): void; reject(error: Error): void }

interface Single {
  statement: Statement
  resolve(rows: Rows): void
  reject(error: Error): void
}

/** The one session: who holds it, who waits (in the order they came), and the replies on their way. */
export class Session {
  readonly ready: Promise<unknown>
  readonly #worker: Worker
  readonly #replies = new Map<number, Reply>()
  readonly #queue: Waiting[] = []
  #busy = false
  #nextId = 1
  #gone: Error | undefined

  constructor(options: PgliteOptions) {
    const file = new URL(`./pglite-worker${import.meta.url.slice(-3)}`, import.meta.url)
    this.#worker = new Worker(file, {
      workerData: options,
      // Rows live shortly: a nursery of the default size is 40 MB that are never given back.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    })
    this.ready = new Promise((resolve, reject) => this.#replies.set(0, { resolve, reject }))
    this.#worker.on('message', (reply: WorkerReply) => this.#settle(reply))
    this.#worker.on('error', (error) => this.#end(error as Error))
    this.#worker.on('exit', () => this.#end(new Error('The embedded database has stopped.')))
  }

  /** Runs one statement as a unit of work. */
  single(statement: Statement): Promise<Rows> {
    return new Promise((resolve, reject) => {
      this.#wait({ statement, resolve, reject })
    })
  }

  /** Waits until the session is held by the caller alone. Call `release` afterwards, whatever happened. */
  acquire(): Promise<void> {
    return new Promise((granted, reject) => {
      this.#wait({ granted, reject })
    })
  }

  release(): void {
    this.#busy = false
    this.#next()
  }

  /** Runs statements of the one who holds the session; gives the last one's rows, throws the first failure. */
  async inside(statements: readonly Statement[]): Promise<Rows> {
    const reply = await this.#send({ statements, together: true })
    const last = 'results' in reply ? reply.results.at(-1) : undefined
    if (!last) throw new Error('The embedded database gave no result.')
    if ('error' in last) throw thrown(last.error)
    return last
  }

  async dump(): Promise<Uint8Array> {
    await this.acquire()
    try {
      const reply = await this.#send({ task: 'dump' })
      if ('bytes' in reply) return reply.bytes
      throw new Error('The embedded database gave no dump.')
    } finally {
      this.release()
    }
  }

  async close(): Promise<void> {
    if (this.#gone) return
    await this.acquire()
    await this.#send({ task: 'close' })
    this.#end(new Error('closed'))
    await this.#worker.terminate()
  }

  #wait(waiting: Waiting): void {
    if (this.#gone) waiting.reject(stopped(this.#gone))
    else if (this.#queue.length >= maxQueue) waiting.reject(tooMuch())
    else {
      this.#queue.push(waiting)
      this.#next()
    }
  }

  /** Gives the session to the first who waits; single statements that wait behind one another go together. */
  #next(): void {
    if (this.#busy) return
    const first = this.#queue.shift()
    if (!first) return
    this.#busy = true
    if ('granted' in first) first.granted()
    else void this.#runBatch(this.#batchFrom(first)).finally(() => this.release())
  }

  #batchFrom(first: Single): Single[] {
    const batch = [first]
    for (let next = this.#queue[0]; next && 'statement' in next; next = this.#queue[0]) {
      if (batch.length >= maxBatch) break
      batch.push(next)
      this.#queue.shift()
    }
    return batch
  }

  async #runBatch(batch: readonly Single[]): Promise<void> {
    try {
      const statements = batch.map((one) => one.statement)
      const reply = await this.#send({ statements, together: false })
      const results = 'results' in reply ? reply.results : []
      for (const [i, one] of batch.entries()) {
        const result = results[i] ?? { error: { message: 'There was no result.' } }
        if ('error' in result) one.reject(thrown(result.error))
        else one.resolve(result)
      }
    } catch (error) {
      for (const one of batch) one.reject(error as Error)
    }
  }

  #send(request: Request): Promise<WorkerReply> {
    if (this.#gone) return Promise.reject(stopped(this.#gone))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#replies.set(id, { resolve, reject })
      this.#worker.postMessage({ ...request, id } satisfies WorkerRequest)
    })
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#replies.get(reply.id)
    this.#replies.delete(reply.id)
    if ('error' in reply) waiting?.reject(thrown(reply.error))
    else waiting?.resolve(reply)
  }

  #end(error: Error): void {
    this.#gone ??= error
    for (const waiting of this.#replies.values()) waiting.reject(error)
    this.#replies.clear()
    for (const waiting of this.#queue.splice(0)) waiting.reject(stopped(error))
  }
}

function thrown(error: StatementError): Error {
  return Object.assign(new Error(error.message), error)
}

function tooMuch(): PlinthError {
  return new PlinthError('UNAVAILABLE', 'Too much work waits for the embedded database.')
}

function stopped(cause: Error): PlinthError {
  return new PlinthError('UNAVAILABLE', { detail: 'The embedded database has stopped.', cause })
}
