import type { Job, Plinth } from '@plinth/sdk'
import { Ended } from './errors.ts'
import type { ExitName } from './exits.ts'
import { counted, duration } from './text.ts'
import type { VerbCall } from './verb.ts'

const everyMs = 500
/** Reasons for waiting that one wait tells of. */
const mostReasons = 20

export const isOver = (job: Job) => ['succeeded', 'failed', 'cancelled'].includes(job.state)

/** `12 of 40 files, 3 failed, 210 pages, 940 chunks, 4.1 files/s, 7 s left`. */
export function progressText(job: Job): string {
  const { progress: p } = job
  const parts = [
    p.filesTotal !== undefined
      ? `${p.filesDone ?? 0} of ${counted(p.filesTotal, 'file')}`
      : p.filesDone !== undefined && counted(p.filesDone, 'file'),
    p.filesUnchanged && `${p.filesUnchanged} unchanged`,
    p.filesFailed && `${p.filesFailed} failed`,
    p.pages && counted(p.pages, 'page'),
    p.chunks && counted(p.chunks, 'chunk'),
    !isOver(job) && p.filesPerSecond && `${p.filesPerSecond.toFixed(1)} files/s`,
    !isOver(job) && p.secondsLeft != null && `${duration(p.secondsLeft)} left`,
    !isOver(job) && p.current,
  ]
  return parts.filter(Boolean).join(', ')
}

export function jobText(job: Job): string {
  const progress = progressText(job)
  return `${job.target || job.kind} ${job.state}${progress ? `: ${progress}` : ''}`
}

/**
 * Waits for jobs to end, with progress where a person watches. Ctrl-C stops waiting and offers to cancel them; again,
 * it leaves at once. Resolves to the jobs as they ended.
 */
export async function watchJobs(call: VerbCall, ids: readonly string[]): Promise<Job[]> {
  const client = await call.client()
  const abort = new AbortController()
  const release = call.io.onInterrupt(() => {
    if (abort.signal.aborted) process.exit(130)
    abort.abort()
  })
  const jobs = new Map<string, Job>()
  const told = new Set<string>()
  try {
    for (;;) {
      for (const id of ids) {
        const known = jobs.get(id)
        if (!known || !isOver(known)) jobs.set(id, await client.jobs.get(id))
      }
      const live = [...jobs.values()].filter((job) => !isOver(job))
      if (live.length === 0) return [...jobs.values()]
      tellWaits(call, live, told)
      call.progress.show(summary([...jobs.values()], live))
      await call.io.sleep(everyMs, abort.signal)
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error
    const live = ids.filter((id) => !jobs.has(id) || !isOver(jobs.get(id)!))
    await offerCancel(call, client, live)
    throw new Ended('interrupted')
  } finally {
    call.progress.clear()
    release()
  }
}

/** Why work does not get on (a full disk, a database that is away): each reason once, where nobody watches as well. */
function tellWaits(call: VerbCall, live: readonly Job[], told: Set<string>): void {
  for (const { error } of live) {
    if (!error || told.has(error.detail) || told.size >= mostReasons) continue
    told.add(error.detail)
    call.progress.clear()
    call.note(`Waits, and tries again by itself: ${error.detail}\n  mend: ${error.remedy}`)
  }
}

function summary(all: readonly Job[], live: readonly Job[]): string {
  const [only] = live
  if (all.length === 1 && only) return jobText(only)
  const over = all.length - live.length
  return `${over} of ${all.length} done; ${only ? jobText(only) : ''}`
}

async function offerCancel(call: VerbCall, client: Plinth, live: readonly string[]): Promise<void> {
  call.progress.clear()
  const what = live.length === 1 ? 'the work' : `${live.length} jobs`
  if (await call.io.confirm(`Cancel ${what} on the server, too?`)) {
    for (const id of live) await client.jobs.cancel(id)
    call.note('Cancelling. What was finished stays.')
    return
  }
  const [first] = live
  call.note(`It goes on in the background: plinth jobs watch ${first}  (or cancel ${first})`)
}

/** How a verb ends whose jobs have ended. */
export function exitOfJobs(jobs: readonly Job[]): ExitName {
  if (jobs.some((job) => job.state === 'failed')) return 'failed'
  if (jobs.some((job) => job.state === 'cancelled')) return 'interrupted'
  return jobs.some((job) => (job.progress.filesFailed ?? 0) > 0) ? 'partly' : 'ok'
}
