import type { PlinthProblem } from '@plinth/sdk'
import { useSyncExternalStore } from 'react'
import { plinth, problemOf, queryClient } from './client.ts'

/**
 * Files on their way to the server. They go on while the person works on other pages.
 *
 * waiting: its turn comes · sending: bytes go · sent: the server reads it (`jobId`) · unchanged: known already ·
 * failed: `problem` says why; sending again resumes · cancelled: by the person; sending again resumes.
 */
export interface FileUpload {
  key: string
  file: File
  source: string
  state: 'waiting' | 'sending' | 'sent' | 'unchanged' | 'failed' | 'cancelled'
  received: number
  problem: PlinthProblem | null
}

const atOnce = 2
export const largestFileBytes = 200 * 1024 * 1024
let uploads: readonly FileUpload[] = []
const listeners = new Set<() => void>()
const aborts = new Map<string, AbortController>()

export function useUploads(): readonly FileUpload[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => uploads,
  )
}

function set(next: readonly FileUpload[]) {
  uploads = next
  for (const listener of listeners) listener()
}

function update(key: string, change: Partial<FileUpload>) {
  set(uploads.map((upload) => (upload.key === key ? { ...upload, ...change } : upload)))
}

export function addUploads(source: string, files: Iterable<File>): void {
  const added = Array.from(files, (file): FileUpload => {
    const key = crypto.randomUUID()
    return { key, file, source, state: 'waiting', received: 0, problem: null }
  })
  set([...uploads, ...added])
  sendNext()
}

export function retryUpload(key: string): void {
  update(key, { state: 'waiting', problem: null })
  sendNext()
}

export function cancelUpload(key: string): void {
  aborts.get(key)?.abort()
  update(key, { state: 'cancelled' })
}

/** Those that are done leave the list; those that failed stay until they are sent or dismissed. */
export function dismissUploads(which: 'done' | 'all'): void {
  const done = (upload: FileUpload) => upload.state === 'sent' || upload.state === 'unchanged'
  if (which === 'all') for (const abort of aborts.values()) abort.abort()
  set(which === 'all' ? [] : uploads.filter((upload) => !done(upload)))
}

function sendNext() {
  while (aborts.size < atOnce) {
    const next = uploads.find(({ key, state }) => state === 'waiting' && !aborts.has(key))
    if (!next) return
    const abort = new AbortController()
    aborts.set(next.key, abort)
    void send(next, abort.signal).finally(() => {
      aborts.delete(next.key)
      sendNext()
    })
  }
}

async function send({ key, file, source }: FileUpload, signal: AbortSignal): Promise<void> {
  update(key, { state: 'sending' })
  try {
    const upload = await plinth.documents.upload({
      source,
      name: file.webkitRelativePath || file.name,
      content: file,
      signal,
      onProgress: (received) => update(key, { received }),
    })
    update(key, { state: upload.state === 'unchanged' ? 'unchanged' : 'sent' })
    void queryClient.invalidateQueries({ queryKey: ['documents'] })
    void queryClient.invalidateQueries({ queryKey: ['bases'] })
  } catch (cause) {
    if (!signal.aborted) update(key, { state: 'failed', problem: problemOf(cause) })
  }
}
