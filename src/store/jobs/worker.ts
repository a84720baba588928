import { hostname } from 'node:os'
import { PlinthError, toPlinthError } from '#kernel'
import type { Store, Tx } from '../store.ts'
import {
  claim,
  endLeases,
  finish,
  type JobEnd,
  type JobRow,
  type Lease,
  readStep,
  renew,
  toStoredError,
  writeProgress,
  writeStep,
} from './jobs.ts'

/** What a handler is given. Everything it writes goes through here or names the lease. */
export interface JobContext {
  readonly job: JobRow
  readonly lease: Lease
  /** Aborted when somebody cancels, the lease is lost or the server stops. */
  readonly signal: AbortSignal
  /** Runs once: the stored result is returned when the step finished before, in whichever process. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Progress for people, written at most twice a second. */
  progress(values: Record<string, unknown>): void
}

/** What became of a job: `wait` parks it until its children have ended, then it runs again. */
export type JobOutcome = { done: unknown } | { wait: true }

export type JobHandler = (context: JobContext) => Promise<JobOutcome>

export interface WorkerOptions {
  store: Store
  handlers: Record<string, JobHandler>
  /** Jobs that run at once in this process. */
  concurrency: number
  leaseSeconds?: number
  /** Milliseconds between looks when nothing is to do. */
  idleMs?: number
  /** No other process works on this database: leases of before belong to the dead. */
  alone?: boolean
  onFault?: (job: JobRow, error: PlinthError) => void
}

const progressEveryMs = 500

/** Runs jobs in this process until `stop`. Any number of processes may run over one database. */
export class JobWorker {
  readonly #options: Required<Omit<WorkerOptions, 'onFault'>> & Pick<WorkerOptions, 'onFault'>
  readonly #owner = `${hostname()}:${process.pid}:${Math.random().toString(36).slice(2, 8)}`
  readonly #running = new Map<
    string,
    { lease: Lease; abort: AbortController; done: Promise<void> }
  >()
  #stopped = false
  #stopping: Promise<void> | undefined
  #wake: (() => void) | undefined
  #loop: Promise<void> | undefined
  #renewal: NodeJS.Timeout | undefined

  constructor(options: WorkerOptions) {
    this.#options = { leaseSeconds: 30, idleMs: 1_000, alone: false, ...options }
  }

  /** Begins to work, again too after a stop that has ended. */
  start(): void {
    if (this.#stopping) throw new Error('The worker is stopping: await stop() first.')
    this.#stopped = false
    this.#loop ??= this.#run()
    this.#renewal ??= setInterval(
      () => void this.#renewAll(),
      (this.#options.leaseSeconds * 1_000) / 3,
    )
    this.#renewal.unref()
  }

  /** Look now instead of at the next tick: called after enqueueing in this process. */
  nudge(): void {
    this.#wake?.()
  }

  /** Stops claiming, aborts what runs and waits for it; aborted jobs go back to the queue. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#renewal)
    this.nudge()
    for (const { abort } of this.#running.values()) abort.abort(stopping())
    await this.#loop
    await Promise.all([...this.#running.values()].map((r) => r.done))
    this.#loop = undefined
    this.#renewal = undefined
  }

  /** Resolves when this process runs nothing and finds nothing to run. For tests and one-shot commands. */
  async idle(): Promise<void> {
    for (;;) {
      await Promise.all([...this.#running.values()].map((r) => r.done))
      if (this.#running.size === 0 && (await this.#claimSome()) === 0) return
    }
  }

  async #run(): Promise<void> {
    if (this.#options.alone) await endLeases(this.#options.store).catch(() => undefined)
    while (!this.#stopped) {
      let claimed = 0
      try {
        claimed = await this.#claimSome()
      } catch (error) {
        // A database that went away comes back; nothing is lost while we wait.
        if (toPlinthError(error).code !== 'UNAVAILABLE') this.#report(undefined, error)
      }
      if (claimed === 0) await this.#pause()
    }
  }

  async #claimSome(): Promise<number> {
    const room = this.#options.concurrency - this.#running.size
    if (room <= 0 || this.#stopped) return 0
    const leases = await claim(this.#options.store, {
      kinds: Object.keys(this.#options.handlers),
      owner: this.#owner,
      leaseSeconds: this.#options.leaseSeconds,
      count: room,
    })
    for (const lease of leases) {
      const abort = new AbortController()
      const done = this.#execute(lease, abort).finally(() => {
        this.#running.delete(lease.job.id)
        this.nudge()
      })
      this.#running.set(lease.job.id, { lease, abort, done })
    }
    return leases.length
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), this.#options.idleMs)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }

  async #renewAll(): Promise<void> {
    const running = [...this.#running.values()]
    try {
      const held = await renew(
        this.#options.store,
        running.map((r) => r.lease),
        this.#options.leaseSeconds,
      )
      for (const { lease, abort } of running) {
        const state = held.get(lease.job.id)
        if (!state) abort.abort(new PlinthError('CONFLICT', 'Another worker took over.'))
        else if (state.cancelRequested)
          abort.abort(new PlinthError('CANCELLED', 'Cancelled by request.'))
      }
    } catch {
      // Not renewed this time; three tries fit into one lease.
    }
  }

  async #execute(lease: Lease, abort: AbortController): Promise<void> {
    const { job } = lease
    let end: JobEnd
    const progress = this.#progressOf(lease)
    try {
      if (job.cancelRequested) throw new PlinthError('CANCELLED', 'Cancelled by request.')
      if (job.attempt > job.maxAttempts) {
        throw new PlinthError(
          'INTERNAL',
          job.error?.detail ?? `Gave up after ${job.maxAttempts} attempts.`,
        )
      }
      const handler = this.#options.handlers[job.kind]
      if (!handler) throw new PlinthError('UNSUPPORTED', `No handler for jobs of kind ${job.kind}.`)
      const outcome = await handler({
        job,
        lease,
        signal: abort.signal,
        progress: progress.set,
        step: (name, work) => this.#step(lease, name, work),
      })
      end = 'wait' in outcome ? { state: 'waiting' } : { state: 'succeeded', result: outcome.done }
    } catch (error) {
      end = this.#endOf(job, abort.signal, error)
    }
    await progress.flush()
    await this.#settle(lease, end)
  }

  async #step<T>(lease: Lease, name: string, work: () => Promise<T>): Promise<T> {
    const { store } = this.#options
    const organizationId = lease.job.organizationId
    const known = await store.read(organizationId, (tx) => readStep(tx, lease.job.id, name))
    if (known) return known.result as T
    const result = await work()
    await store.within(organizationId, (tx) => writeStep(tx, lease, { name, result }))
    return result
  }

  /** Expected refusals end a job at once; faults and outages are tried again, later each time. */
  #endOf(job: JobRow, signal: AbortSignal, error: unknown): JobEnd {
    const reason = signal.aborted ? toPlinthError(signal.reason) : toPlinthError(error)
    if (reason.code === 'CANCELLED' && !this.#stopped) return { state: 'cancelled' }
    const stored = toStoredError(reason)
    if (this.#stopped) return { state: 'queued', error: stored, delaySeconds: 0, outage: true }
    if (reason.code === 'UNAVAILABLE' && job.attempt < job.maxAttempts) {
      this.#report(job, reason)
      const delaySeconds = Math.min(60, 2 ** Math.min(job.attempt, 6))
      return { state: 'queued', error: stored, delaySeconds, outage: true }
    }
    const again = ['INTERNAL', 'CONFLICT', 'UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT']
    if (again.includes(reason.code) && job.attempt < job.maxAttempts) {
      this.#report(job, reason)
      return { state: 'queued', error: stored, delaySeconds: Math.min(300, 2 ** job.attempt) }
    }
    this.#report(job, reason)
    return { state: 'failed', error: stored }
  }

  async #settle(lease: Lease, end: JobEnd): Promise<void> {
    try {
      await this.#options.store.within(lease.job.organizationId, (tx: Tx) => finish(tx, lease, end))
    } catch (error) {
      // The lease was lost, or the database is away: the lease ends and another attempt follows.
      if (!['CONFLICT', 'UNAVAILABLE'].includes(toPlinthError(error).code))
        this.#report(lease.job, error)
    }
  }

  #progressOf(lease: Lease): {
    set(values: Record<string, unknown>): void
    flush(): Promise<void>
  } {
    let pending: Record<string, unknown> | undefined
    let timer: NodeJS.Timeout | undefined
    let values: Record<string, unknown> = { ...lease.job.progress }
    const write = async (): Promise<void> => {
      timer = undefined
      const now = pending
      pending = undefined
      if (!now) return
      await this.#options.store
        .within(lease.job.organizationId, (tx) => writeProgress(tx, lease, now))
        .catch(() => undefined)
    }
    return {
      set: (next) => {
        values = { ...values, ...next }
        pending = values
        timer ??= setTimeout(() => void write(), progressEveryMs)
      },
      flush: async () => {
        clearTimeout(timer)
        await write()
      },
    }
  }

  #report(job: JobRow | undefined, error: unknown): void {
    if (job) this.#options.onFault?.(job, toPlinthError(error))
  }
}

function stopping(): PlinthError {
  return new PlinthError('UNAVAILABLE', 'The server stops; the work goes on when it is back.')
}
