import type { Http } from './http.ts'
import { isAbort, PlinthProblem } from './problem.ts'
import type { Upload, UploadStart } from './types.ts'

export interface UploadOptions {
  source: string
  name: string
  content: Blob
  readers?: string[]
  metadata?: NonNullable<UploadStart['metadata']>
  signal?: AbortSignal
  /** Called with the bytes that are safe on the server. */
  onProgress?: (received: number, size: number) => void
}

const pieceBytes = 4 * 1024 * 1024
/** Hashing needs the whole file in memory: larger ones are sent without a digest. */
const digestBytes = 64 * 1024 * 1024
const attemptsPerPiece = 5
const firstPauseMs = 500

/**
 * Sends a file in pieces. A broken connection is resumed from what the server has; the same file sent again later goes
 * on where the earlier upload stopped, and costs nothing where its content is known.
 */
export async function upload(http: Http, options: UploadOptions): Promise<Upload> {
  const { content, signal } = options
  const start: UploadStart = { source: options.source, name: options.name, size: content.size }
  if (options.readers) start.readers = options.readers
  if (options.metadata) start.metadata = options.metadata
  if (content.size <= digestBytes) start.digest = await digestOf(content)
  let state = await http.json<Upload>('POST', '/uploads', { json: start, signal })
  let failures = 0
  options.onProgress?.(state.received, content.size)
  while (state.state === 'receiving') {
    try {
      state = await sendPiece(http, state, options)
      failures = 0
    } catch (cause) {
      failures++
      if (!worthRetrying(cause) || failures >= attemptsPerPiece) throw cause
      await pause(firstPauseMs * 2 ** (failures - 1), signal)
      state = await http.get<Upload>(`/uploads/${state.id}`, undefined, { signal })
    }
    options.onProgress?.(state.received, content.size)
  }
  return state
}

function sendPiece(http: Http, state: Upload, options: UploadOptions): Promise<Upload> {
  const bytes = options.content.slice(state.received, state.received + pieceBytes)
  const path = `/uploads/${state.id}`
  return http.json('PUT', path, {
    query: { offset: state.received },
    bytes,
    signal: options.signal,
  })
}

/** No answer, or the server cannot just now. A refusal will not get better. */
function worthRetrying(cause: unknown): boolean {
  if (isAbort(cause) || !(cause instanceof PlinthProblem)) return false
  return cause.status === 0 || cause.status === 429 || cause.status >= 500
}

async function digestOf(content: Blob): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await content.arrayBuffer())
  const hex = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0'))
  return `sha256:${hex.join('')}`
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
