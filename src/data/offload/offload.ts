import { Worker } from 'node:worker_threads'
import { PlinthError } from '#kernel'
import type { Tasks } from './tasks.ts'

type TaskName = keyof Tasks
type Input<N extends TaskName> = Parameters<Tasks[N]>[0]
type Output<N extends TaskName> = Awaited<ReturnType<Tasks[N]>>

export interface TaskRequest {
  id: number
  task: TaskName
  input: unknown
}
export type TaskReply = { id: number; output: unknown } | { id: number; error: unknown }

interface Thread {
  worker: Worker
  busy: Map<number, { resolve(output: unknown): void; reject(error: unknown): void }>
}

/** Tasks waiting in one thread beyond which callers are refused (they are jobs, and try again). */
const maxQueue = 1_000

/**
 * Worker threads for the processor's work: masking, chunking and analysis of a long document take seconds, and so does
 * a long file of resources; the event loop must answer meanwhile. A thread that dies fails its tasks and is started again.
 */
export class Offload {
  readonly #threads: Thread[] = []
  readonly #size: number
  readonly #idleMs: number
  #nextId = 1
  #timer: NodeJS.Timeout | undefined

  constructor(options: { threads: number; idleMs?: number }) {
    this.#size = options.threads
    this.#idleMs = options.idleMs ?? 30_000
  }

  /**
   * Runs one task of `tasks.ts` in a thread. Throws what the task throws, and TOO_LARGE once it took `limitMs`: the thread
   * is ended then, with whatever waits in it (UNAVAILABLE).
   */
  run<N extends TaskName>(
    task: N,
    input: Input<N>,
    { limitMs }: { limitMs?: number } = {},
  ): Promise<Output<N>> {
    const thread = this.#pick()
    if (thread.busy.size >= maxQueue) {
      throw new PlinthError('UNAVAILABLE', 'Too much is being prepared at once.')
    }
    const id = this.#nextId++
    const done = new Promise<Output<N>>((resolve, reject) => {
      thread.busy.set(id, { resolve: resolve as (output: unknown) => void, reject })
      thread.worker.postMessage({ id, task, input } satisfies TaskRequest)
    })
    if (limitMs === undefined) return done
    const limit = setTimeout(() => {
      const waiting = thread.busy.get(id)
      thread.busy.delete(id)
      waiting?.reject(new PlinthError('TOO_LARGE', `This takes longer than ${limitMs} ms.`))
      void thread.worker.terminate()
    }, limitMs)
    return done.finally(() => clearTimeout(limit))
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await Promise.all(this.#threads.splice(0).map((thread) => thread.worker.terminate()))
  }

  #pick(): Thread {
    const idlest = this.#threads.toSorted((a, b) => a.busy.size - b.busy.size)[0]
    if (idlest && (idlest.busy.size === 0 || this.#threads.length >= this.#size)) return idlest
    const thread = this.#start()
    this.#threads.push(thread)
    return thread
  }

  #start(): Thread {
    const file = new URL(`./thread${import.meta.url.slice(-3)}`, import.meta.url)
    const thread: Thread = { worker: new Worker(file), busy: new Map() }
    thread.worker.unref()
    thread.worker.on('message', (reply: TaskReply) => {
      const waiting = thread.busy.get(reply.id)
      thread.busy.delete(reply.id)
      if ('output' in reply) waiting?.resolve(reply.output)
      else waiting?.reject(revived(reply.error))
      this.#scheduleRest()
    })
    const end = (error: Error): void => {
      const at = this.#threads.indexOf(thread)
      if (at >= 0) this.#threads.splice(at, 1)
      for (const waiting of thread.busy.values()) waiting.reject(error)
      thread.busy.clear()
    }
    thread.worker.on('error', (error) => end(error as Error))
    thread.worker.on('exit', () => end(new PlinthError('UNAVAILABLE', 'A worker thread stopped.')))
    return thread
  }

  /** Idle threads hold dictionaries and detectors (tens of MB): they are let go after a while. */
  #scheduleRest(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#threads.some((thread) => thread.busy.size > 0)) return
      void Promise.all(this.#threads.splice(0).map((thread) => thread.worker.terminate()))
    }, this.#idleMs)
    this.#timer.unref()
  }
}

/** A PlinthError crosses the thread boundary as plain data. */
function revived(error: unknown): unknown {
  const e = error as { plinth?: { code: never; detail: string; where?: string } }
  return e.plinth ? new PlinthError(e.plinth.code, e.plinth) : error
}
