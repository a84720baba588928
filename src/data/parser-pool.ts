import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limits as fixedLimits, PlinthError } from '#kernel'
import type { ParsedDocument } from '#ports'
import { type ChildEnd, ParserChild } from './parser-child.ts'
import { ParserJob } from './parser-job.ts'

export type ParserPoolInput = { name: string; path: string } | { name: string; bytes: Uint8Array }

export interface ParserPoolOptions {
  signal?: AbortSignal
  /** Pages, slides or sheets done, at most ten times a second. */
  onProgress?: (done: number, total: number) => void
}

export type ParsedByPool = ParsedDocument & { parserId: string }

export interface ParserPool {
  /**
   * Parses one document in a child process. Throws PlinthError UNSUPPORTED, UNPARSABLE,
   * PARSER_LIMIT (each with `where`), CANCELLED, or UNAVAILABLE when the queue is full or the pool
   * is closed.
   */
  parse(input: ParserPoolInput, options?: ParserPoolOptions): Promise<ParsedByPool>
  /** Ends all children; what is running or waiting is cancelled. */
  close(): Promise<void>
}

export type ParserPoolLimits = Pick<
  typeof fixedLimits,
  | 'parserSeconds'
  | 'parserMemoryMb'
  | 'parserIdleSeconds'
  | 'parserDocumentsPerChild'
  | 'parserQueue'
  | 'uploadBytes'
>

export interface ParserPoolConfig {
  /** File of the child's entry; it comes from the composition root. */
  childPath: string
  /** Documents parsed at the same time. */
  size: number
  /** Deviations from the kernel's limits. */
  limits?: Partial<{ [K in keyof ParserPoolLimits]: number }>
}

/**
 * Larger inputs travel as a private temporary file: writing to a pipe would block the event loop.
 */
const inlineBytes = 512 * 1024
/** A child that kept more than this part of its memory after a document is replaced. */
const retireShare = 0.4
const watchEveryMs = 100
/** The child gives up by itself at the limit and can name the page; it is killed a moment later. */
const graceMs = 500

/**
 * A pool of killable parser processes: started when needed, ended when idle, replaced after a
 * number of documents.
 */
export function createParserPool(config: ParserPoolConfig): ParserPool {
  return new Pool(config)
}

class Pool implements ParserPool {
  private readonly config: ParserPoolConfig
  private readonly limits: { [K in keyof ParserPoolLimits]: number }
  private readonly children = new Map<ParserChild, { job?: ParserJob; idle?: NodeJS.Timeout }>()
  private readonly waiting: ParserJob[] = []
  private closed = false
  private nextId = 1

  constructor(config: ParserPoolConfig) {
    this.config = config
    this.limits = { ...fixedLimits, ...config.limits }
  }

  async parse(input: ParserPoolInput, options: ParserPoolOptions = {}): Promise<ParsedByPool> {
    this.refuse(input, options)
    const given = await this.toTravel(input)
    try {
      this.refuse(input, options)
      const job = new ParserJob(this.nextId++, given.input, options)
      const abort = () => this.cancel(job)
      options.signal?.addEventListener('abort', abort, { once: true })
      this.waiting.push(job)
      this.dispatch()
      return await job.result.finally(() => options.signal?.removeEventListener('abort', abort))
    } finally {
      await given.remove?.()
    }
  }

  async close(): Promise<void> {
    this.closed = true
    for (const job of this.waiting.splice(0)) job.fail(closedError())
    for (const [child, { job }] of this.children) {
      job?.fail(closedError())
      child.kill()
    }
    this.children.clear()
  }

  private refuse(input: ParserPoolInput, { signal }: ParserPoolOptions): void {
    if (this.closed) throw closedError()
    if (signal?.aborted)
      throw new PlinthError('CANCELLED', { detail: 'Parsing was cancelled.', where: input.name })
    if (this.waiting.length >= this.limits.parserQueue) {
      throw new PlinthError('UNAVAILABLE', {
        detail: `${this.waiting.length} documents wait for a parser already (parserQueue).`,
        where: input.name,
      })
    }
  }

  /** Checks the size before anything is read, and writes large bytes to a file of their own. */
  private async toTravel(
    input: ParserPoolInput,
  ): Promise<{ input: ParserPoolInput; remove?: () => Promise<void> }> {
    const size = 'bytes' in input ? input.bytes.byteLength : await sizeOf(input)
    const largest = this.limits.uploadBytes
    if (size > largest) {
      throw new PlinthError('PARSER_LIMIT', {
        detail: `The file has ${size} bytes: over the limit uploadBytes (${largest}).`,
        where: input.name,
        remedy: 'Split the document.',
      })
    }
    if (!('bytes' in input) || size <= inlineBytes) return { input }
    const folder = await mkdtemp(join(tmpdir(), 'plinth-parse-'))
    const path = join(folder, 'document')
    await chmod(folder, 0o700)
    await writeFile(path, input.bytes, { mode: 0o600 })
    const remove = () => rm(folder, { recursive: true, force: true })
    return { input: { name: input.name, path }, remove }
  }

  private dispatch(): void {
    while (this.waiting.length > 0 && !this.closed) {
      const child = this.freeChild()
      if (!child) return
      this.assign(child, this.waiting.shift() as ParserJob)
    }
  }

  private freeChild(): ParserChild | undefined {
    for (const child of this.children.keys()) if (!child.busy) return child
    return this.children.size < this.config.size ? this.start() : undefined
  }

  private start(): ParserChild {
    const child: ParserChild = new ParserChild(this.config.childPath, this.limits.parserMemoryMb, {
      onReply: (reply) => {
        const job = this.children.get(child)?.job
        if (reply.type === 'ready' && job) this.begin(child, job)
        if (job?.take(reply)) void this.finished(child)
      },
      onEnd: (end) => this.ended(child, end),
    })
    this.children.set(child, {})
    return child
  }

  private assign(child: ParserChild, job: ParserJob): void {
    const state = this.children.get(child)
    clearTimeout(state?.idle)
    this.children.set(child, { job })
    child.hold(true)
    if (child.ready) this.begin(child, job)
  }

  /** The clock starts when the child has the document; memory is watched from outside. */
  private begin(child: ParserChild, job: ParserJob): void {
    const seconds = this.limits.parserSeconds
    child.send({ type: 'parse', id: job.id, seconds, ...job.input })
    const timer = setTimeout(
      () => {
        this.stop(child, job, job.limit('parserSeconds', seconds, 'Parsing took too long'))
      },
      seconds * 1_000 + graceMs,
    )
    const watch = setInterval(() => {
      void child.residentMb().then((mb) => {
        if (mb === undefined || mb <= this.limits.parserMemoryMb) return
        this.stop(child, job, this.memoryError(job))
      })
    }, watchEveryMs)
    job.onSettled(() => {
      clearTimeout(timer)
      clearInterval(watch)
    })
  }

  private memoryError(job: ParserJob): PlinthError {
    return job.limit('parserMemoryMb', this.limits.parserMemoryMb, 'Parsing needed too much memory')
  }

  private stop(child: ParserChild, job: ParserJob, error: PlinthError): void {
    if (this.children.get(child)?.job !== job || job.settled) return
    job.fail(error)
    child.kill()
  }

  private cancel(job: ParserJob): void {
    const at = this.waiting.indexOf(job)
    if (at >= 0) this.waiting.splice(at, 1)
    const error = new PlinthError('CANCELLED', {
      detail: 'Parsing was cancelled.',
      where: job.input.name,
    })
    for (const [child, state] of this.children) if (state.job === job) this.stop(child, job, error)
    job.fail(error)
  }

  private async finished(child: ParserChild): Promise<void> {
    child.documents++
    const worn = child.documents >= this.limits.parserDocumentsPerChild
    const mb = worn ? 0 : ((await child.residentMb()) ?? 0)
    if (!this.children.has(child)) return
    if (worn || mb > this.limits.parserMemoryMb * retireShare) this.retire(child)
    else {
      const idle = setTimeout(() => this.retire(child), this.limits.parserIdleSeconds * 1_000)
      idle.unref()
      this.children.set(child, { idle })
      child.hold(false)
    }
    this.dispatch()
  }

  private retire(child: ParserChild): void {
    this.children.delete(child)
    child.hold(false)
    child.retire()
  }

  /**
   * A child is gone: its document failed by its own doing, or is tried once more where it was
   * killed from outside.
   */
  private ended(child: ParserChild, end: ChildEnd): void {
    const job = this.children.get(child)?.job
    this.children.delete(child)
    if (job && !job.settled && !this.closed) {
      const fromOutside = end.signal !== null && !ownSignals.has(end.signal)
      if (fromOutside && job.mayRetry()) this.waiting.unshift(job)
      else job.fail(this.endError(job, end, fromOutside))
    }
    this.dispatch()
  }

  private endError(job: ParserJob, end: ChildEnd, fromOutside: boolean): PlinthError {
    if (/heap out of memory|allocation failed/i.test(end.stderr)) return this.memoryError(job)
    const how = end.signal ? `signal ${end.signal}` : `exit code ${end.code}`
    if (!end.ready) {
      return new PlinthError('INTERNAL', {
        detail: `The parser process did not start (${how}): ${end.stderr.trim().slice(-500)}`,
        where: job.where,
      })
    }
    return new PlinthError('UNPARSABLE', {
      detail: fromOutside
        ? `The parser process was killed from outside twice (${how}), perhaps for lack of memory.`
        : `The parser process crashed on this document (${how}).`,
      where: job.where,
    })
  }
}

/** Signals by which a process ends itself; any other came from somebody else. */
const ownSignals = new Set<NodeJS.Signals>([
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
])

async function sizeOf(input: { name: string; path: string }): Promise<number> {
  try {
    const found = await stat(input.path)
    if (found.isFile()) return found.size
  } catch {
    // Reported below, like what is no file.
  }
  throw new PlinthError('UNPARSABLE', {
    detail: 'The file does not exist or is no regular file.',
    where: input.name,
    remedy: 'Check that the file still exists and that the server may read it.',
  })
}

function closedError(): PlinthError {
  return new PlinthError('CANCELLED', 'The parser pool was closed.')
}
