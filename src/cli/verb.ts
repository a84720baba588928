import type { Page, Paging, Plinth } from '@plinth/sdk'
import { type Command, InvalidArgumentError } from 'commander'
import type { Permission } from '#kernel'
import { type Connection, connect, withStartHint } from './connect.ts'
import type { ExitName } from './exits.ts'
import type { CliIo } from './io.ts'
import { Progress } from './progress.ts'
import { jsonLine, printable, table } from './text.ts'

/**
 * One entry of the table of verbs: parsing, help, documentation and tests read it. A verb without `needs` does not
 * compile.
 */
export interface Verb {
  /** Words after `plinth`: `audit verify`. */
  name: string
  summary: string
  /** Permissions that the key must hold; `files`: none, but access to this machine's files. */
  needs: readonly Permission[] | 'files'
  /** Arguments and options. */
  define?(command: Command): unknown
  /** Resolves to how it ended; throws what the caller can mend. */
  run(call: VerbCall): Promise<ExitName>
}

export interface GlobalOptions {
  url?: string
  key?: string
  json?: boolean
}

/** What a verb is given: its words, and the ways out. */
export class VerbCall {
  readonly args: readonly unknown[]
  readonly options: Readonly<Record<string, unknown>> & GlobalOptions
  readonly io: CliIo
  readonly json: boolean
  readonly progress: Progress
  #connection: Promise<Connection> | undefined
  #from: Connection['from'] | undefined

  constructor(io: CliIo, args: readonly unknown[], options: Record<string, unknown>) {
    this.io = io
    this.args = args
    this.options = options
    this.json = options.json === true
    this.progress = new Progress(io)
  }

  /** The same call, printing JSON. */
  asJson(): VerbCall {
    if (this.json) return this
    return new VerbCall(this.io, this.args, { ...this.options, json: true })
  }

  /** An argument as text; absent ones are undefined. */
  arg(index: number): string | undefined {
    return this.args[index] as string | undefined
  }

  /** A list argument. */
  list(index: number): string[] {
    return (this.args[index] as string[] | undefined) ?? []
  }

  /** An option as it was defined by the verb. */
  option<T = string>(name: string): T | undefined {
    return this.options[name] as T | undefined
  }

  connection(): Promise<Connection> {
    this.#connection ??= connect(this.io, this.options).then((made) => {
      this.#from = made.from
      return made
    })
    return this.#connection
  }

  async client(): Promise<Plinth> {
    return (await this.connection()).client
  }

  /** A failure in the words that fit how the server was found. */
  explained(thrown: unknown): unknown {
    return withStartHint(thrown, this.#from)
  }

  /** A line for people; nothing with `--json`. */
  async say(text: string): Promise<void> {
    if (this.json) return
    this.progress.clear()
    await this.io.out(`${printable(text)}\n`)
  }

  /** One JSON value, with `--json` only. */
  async data(value: unknown): Promise<void> {
    if (this.json) await this.io.out(jsonLine(value))
  }

  /** A remark beside the result: on standard error. */
  note(text: string): void {
    this.progress.clear()
    this.io.err(`${printable(text)}\n`)
  }

  /** A list: a table for people, JSON lines for programs. */
  async rows<T>(
    items: readonly T[],
    columns: Readonly<Record<string, (item: T) => string>>,
    empty: string,
  ): Promise<void> {
    if (this.json) {
      for (const item of items) await this.io.out(jsonLine(item))
      return
    }
    if (items.length === 0) return this.note(empty)
    const cells = items.map((item) => Object.values(columns).map((cell) => cell(item)))
    const width = this.io.terminal ? this.io.columns : undefined
    await this.io.out(table(Object.keys(columns), cells, width))
  }

  /** Reads pages up to `--limit` items; says where there are more. */
  async pages<T>(read: (paging: Paging) => Promise<Page<T>>): Promise<T[]> {
    const limit = Number(this.option('limit') ?? defaultLimit)
    const items: T[] = []
    let cursor: string | undefined
    do {
      const page = await read({ limit: Math.min(limit - items.length, pageMax), cursor })
      items.push(...page.items)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined && items.length < limit)
    if (cursor !== undefined) this.note(`There are more: --limit ${limit * 10}`)
    return items
  }
}

const defaultLimit = 100
const pageMax = 500

/** `--limit` of list verbs. */
export function withLimit(command: Command): Command {
  return command.option('--limit <n>', 'at most so many', wholeNumber, defaultLimit)
}

/** A positive whole number of the command line. Throws for commander to report. */
export function wholeNumber(text: string): number {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 1 || n > 1_000_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000000.')
  }
  return n
}
