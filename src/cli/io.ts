import type { LocalWork } from './local.ts'

/** Everything a verb may touch outside itself: tests hand in their own. */
export interface CliIo {
  env: NodeJS.ProcessEnv
  /** Folder that relative paths are read against. */
  cwd: string
  /** Resolves when the reader can take more. */
  out(text: string | Uint8Array): Promise<void>
  err(text: string): void
  /** Whether a person watches standard error: progress is shown only then. */
  watched: boolean
  /** Whether standard output is a terminal. */
  terminal: boolean
  columns: number
  /** Of this Plinth. */
  version: string
  fetch: typeof fetch
  now(): number
  /** Milliseconds; rejects when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  stdin(): Promise<string>
  /** Asks on the terminal; false where nobody can answer. */
  confirm(question: string): Promise<boolean>
  /** Calls back on Ctrl-C until the returned function is called. */
  onInterrupt(handler: () => void): () => void
  /** Runs the server until it ends; its exit code. */
  startServer(args: readonly string[]): Promise<number>
  /** What is done on this machine's files without a server; loaded when first needed. */
  local(): Promise<LocalWork>
}
