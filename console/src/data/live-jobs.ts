import { type Job, PlinthProblem } from '@plinth/sdk'
import { useSyncExternalStore } from 'react'
import { plinth, queryClient } from './client.ts'
import { useMay } from './session.ts'

/**
 * Running work as the server tells it: one connection per window, while some page looks at it. A connection that breaks
 * is made again, ever more slowly; the lists beside it are fetched anew, so nothing is missed.
 */
let jobs: ReadonlyMap<string, Job> = new Map()
let connection: AbortController | undefined
const listeners = new Set<() => void>()

const firstPauseMs = 1_000
const longestPauseMs = 30_000
const keptJobs = 200
const lingerMs = 2_000

/** Nothing for those who may not see work: asking all the same would be a refusal in the log with every page. */
export function useLiveJobs(): ReadonlyMap<string, Job> {
  const may = useMay('jobs.read')
  return useSyncExternalStore(may ? subscribe : nothing, () => jobs)
}

const nothing = () => () => {}

function subscribe(listener: () => void) {
  listeners.add(listener)
  connect()
  return () => {
    listeners.delete(listener)
    // From page to page the connection stays.
    setTimeout(() => {
      if (listeners.size === 0) disconnect()
    }, lingerMs)
  }
}

/** Only a page in sight holds a connection: a browser has six for all its windows on this server. */
function connect() {
  if (connection || listeners.size === 0 || document.hidden) return
  connection = new AbortController()
  void follow(connection.signal)
}

function disconnect() {
  connection?.abort()
  connection = undefined
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return disconnect()
  if (listeners.size > 0) refresh()
  connect()
})

async function follow(signal: AbortSignal): Promise<void> {
  let pause = firstPauseMs
  while (!signal.aborted) {
    try {
      for await (const job of plinth.jobs.events({ signal })) {
        pause = firstPauseMs
        take(job)
      }
    } catch (cause) {
      // Who may not see running work is not told about it, and asking again would not help.
      if (cause instanceof PlinthProblem && [401, 403].includes(cause.status)) return
    }
    if (signal.aborted) return
    await new Promise((resolve) => setTimeout(resolve, pause))
    pause = Math.min(longestPauseMs, pause * 2)
    refresh()
  }
}

function take(job: Job) {
  const before = jobs.get(job.id)
  const next = new Map(jobs).set(job.id, job)
  for (const id of next.keys()) {
    if (next.size <= keptJobs) break
    next.delete(id)
  }
  jobs = next
  for (const listener of listeners) listener()
  if (isOver(job) && !(before && isOver(before))) refresh()
}

function refresh() {
  for (const key of ['documents', 'document', 'sources', 'bases', 'jobs']) {
    void queryClient.invalidateQueries({ queryKey: [key] })
  }
}

export function isOver(job: Job): boolean {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled'
}

/** A job that a request gave back, until its first event comes. */
export function noteJob(job: Job): void {
  take(job)
}
