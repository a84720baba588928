import { type ChildProcess, fork } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import type { ParserReply, ParserRequest } from '#ports'

/** How a child ended, for deciding whose fault it was. */
export interface ChildEnd {
  code: number | null
  signal: NodeJS.Signals | null
  /** The last of what it wrote to standard error. */
  stderr: string
  ready: boolean
}

export interface ChildEvents {
  onReply: (reply: ParserReply) => void
  onEnd: (end: ChildEnd) => void
}

const stderrKept = 4_096
/** Behind the server in the queue for a core: answering goes before ingesting. */
const niceness = 5

/**
 * One parser process. It runs under Node's permission model (it may read files, but not write,
 * start programs or load native code), without the server's environment, and is the first that the
 * system ends when memory is short.
 */
export class ParserChild {
  busy = false
  documents = 0
  ready = false
  private readonly process: ChildProcess
  private stderr = ''
  private ended = false

  constructor(path: string, memoryMb: number, events: ChildEvents) {
    this.process = fork(path, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: environment(),
      // Buffers live beside the heap: the watch on the resident set covers both.
      execArgv: [
        '--permission',
        '--allow-fs-read=*',
        `--max-old-space-size=${Math.round(memoryMb * 0.75)}`,
        // Baseline code at once: measured on PDFs, 15 to 25 % less time from the second document on.
        '--always-sparkplug',
        // A document's garbage is collected in less time by one thread than by several that wait for each other.
        '--single-threaded-gc',
      ],
    })
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString('latin1')).slice(-stderrKept)
    })
    this.process.on('message', (reply: ParserReply) => {
      if (reply.type === 'ready') this.ready = true
      events.onReply(reply)
    })
    this.process.on('error', () => this.kill())
    this.process.on('close', (code, signal) => {
      this.ended = true
      events.onEnd({ code, signal, stderr: this.stderr, ready: this.ready })
    })
    this.lowerPriority()
  }

  send(request: ParserRequest): void {
    // A child that died meanwhile reports through its end.
    if (this.process.connected) this.process.send(request, () => undefined)
  }

  /** Keeps the server alive while a document is being parsed, and only then. */
  hold(busy: boolean): void {
    this.busy = busy
    if (busy) {
      this.process.ref()
      this.process.channel?.ref()
    } else {
      this.process.unref()
      this.process.channel?.unref()
      ;(this.process.stderr as unknown as { unref?: () => void } | null)?.unref?.()
    }
  }

  /** Ends an idle child; it leaves when its channel closes. */
  retire(): void {
    if (this.process.connected) this.process.disconnect()
  }

  kill(): void {
    if (!this.ended) this.process.kill('SIGKILL')
  }

  /** Megabytes in memory; undefined where the system does not tell cheaply. */
  async residentMb(): Promise<number | undefined> {
    if (process.platform !== 'linux' || this.ended) return undefined
    const status = await readFile(`/proc/${this.process.pid}/status`, 'latin1').catch(() => '')
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(status)?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024
  }

  private lowerPriority(): void {
    const { pid } = this.process
    if (pid === undefined) return
    try {
      setPriority(pid, niceness)
    } catch {
      // Not permitted here: it works without.
    }
    if (process.platform !== 'linux') return
    void writeFile(`/proc/${pid}/oom_score_adj`, '1000').catch(() => undefined)
  }
}

/**
 * What Node needs to start; keys and passwords of the server stay out of reach of a document's
 * parser.
 */
function environment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { NODE_NO_WARNINGS: '1' }
  for (const name of ['PATH', 'LANG', 'TZ', 'TMPDIR', 'SystemRoot']) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}
