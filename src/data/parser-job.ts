import { type ErrorCode, errorTable, PlinthError } from '#kernel'
import { DocumentAssembly, type ParserReply } from '#ports'
import type { ParsedByPool, ParserPoolInput, ParserPoolOptions } from './parser-pool.ts'

/**
 * One document on its way through a parser process: waiting, running, then settled exactly once.
 */
export class ParserJob {
  readonly id: number
  readonly input: ParserPoolInput
  readonly result: Promise<ParsedByPool>
  settled = false
  private readonly options: ParserPoolOptions
  private assembly = new DocumentAssembly()
  private settle!: { resolve: (document: ParsedByPool) => void; reject: (error: Error) => void }
  private readonly cleanups: (() => void)[] = []
  private attempts = 1
  private pagesDone: number | undefined

  constructor(id: number, input: ParserPoolInput, options: ParserPoolOptions) {
    this.id = id
    this.input = input
    this.options = options
    this.result = new Promise((resolve, reject) => {
      this.settle = { resolve, reject }
    })
  }

  /** The file, with the page it was at when that is known. */
  get where(): string {
    const page = this.pagesDone === undefined ? '' : `, page ${this.pagesDone + 1}`
    return this.input.name + page
  }

  onSettled(cleanup: () => void): void {
    this.cleanups.push(cleanup)
  }

  /** Takes a message of the child; true when the document is done with, for better or worse. */
  take(reply: ParserReply): boolean {
    if (reply.type === 'ready' || reply.id !== this.id || this.settled) return false
    if (reply.type === 'part') this.assembly.take(reply)
    if (reply.type === 'progress') {
      this.pagesDone = reply.done
      this.options.onProgress?.(reply.done, reply.total)
    }
    if (reply.type === 'done') {
      this.end()
      this.settle.resolve(this.assembly.finish(reply.head))
    }
    if (reply.type === 'failed') this.fail(asError(reply.error, this.where))
    return reply.type === 'done' || reply.type === 'failed'
  }

  fail(error: PlinthError): void {
    if (this.settled) return
    this.end()
    this.settle.reject(error)
  }

  /** One more attempt, from the start. */
  mayRetry(): boolean {
    if (this.attempts > 1) return false
    this.attempts++
    this.cleanUp()
    this.assembly = new DocumentAssembly()
    this.pagesDone = undefined
    return true
  }

  limit(name: string, value: number, what: string): PlinthError {
    return new PlinthError('PARSER_LIMIT', {
      detail: `${what}: over the limit ${name} (${value}).`,
      where: this.where,
      remedy: `Split the document, or raise ${name} in the limits of this installation.`,
    })
  }

  private end(): void {
    this.settled = true
    this.cleanUp()
  }

  private cleanUp(): void {
    for (const cleanup of this.cleanups.splice(0)) cleanup()
  }
}

type Failure = Extract<ParserReply, { type: 'failed' }>['error']

function asError(failure: Failure, where: string): PlinthError {
  const code = failure.code in errorTable ? (failure.code as ErrorCode) : 'INTERNAL'
  const remedy = failure.remedy === undefined ? {} : { remedy: failure.remedy }
  return new PlinthError(code, { detail: failure.detail, where: failure.where ?? where, ...remedy })
}
