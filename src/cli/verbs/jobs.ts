import type { JobState } from '@plinth/sdk'
import { usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import { time } from '../text.ts'
import { type Verb, type VerbCall, withLimit } from '../verb.ts'
import { exitOfJobs, isOver, jobText, progressText, watchJobs } from '../watch.ts'

export const jobVerbs: Verb[] = [
  {
    name: 'jobs list',
    summary: 'List work, newest first',
    needs: ['jobs.read'],
    define: (command) =>
      withLimit(command)
        .option('--state <state>', 'queued, running, waiting, succeeded, failed or cancelled')
        .option('--kind <kind>', 'source-sync, ingest …'),
    run: list,
  },
  {
    name: 'jobs watch',
    summary: 'Watch work until it ends; without an id, everything that runs',
    needs: ['jobs.read'],
    define: (command) => command.argument('[id...]'),
    run: watch,
  },
  {
    name: 'jobs cancel',
    summary: 'Stop work; what it finished stays',
    needs: ['jobs.write'],
    define: (command) => command.argument('<id...>'),
    run: cancel,
  },
  {
    name: 'jobs retry',
    summary: 'Start failed or cancelled work again',
    needs: ['jobs.write'],
    define: (command) => command.argument('<id...>'),
    run: retry,
  },
]

const states: readonly string[] = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
]

async function list(call: VerbCall): Promise<ExitName> {
  const state = call.option('state')
  if (state !== undefined && !states.includes(state)) {
    throw usage(`There is no state "${state}".`, `States: ${states.join(', ')}.`)
  }
  const client = await call.client()
  const items = await call.pages((paging) =>
    client.jobs.list({
      ...paging,
      state: state as JobState | undefined,
      kind: call.option('kind'),
    }),
  )
  await call.rows(
    items,
    {
      id: (one) => one.id,
      kind: (one) => one.kind,
      target: (one) => one.target,
      state: (one) => (one.cancelRequested && !isOver(one) ? 'cancelling' : one.state),
      started: (one) => time(one.startedAt),
      progress: (one) => one.error?.detail ?? progressText(one),
    },
    'No work.',
  )
  return 'ok'
}

async function watch(call: VerbCall): Promise<ExitName> {
  let ids = call.list(0)
  if (ids.length === 0) {
    const { items } = await (await call.client()).jobs.list({ limit: 100 })
    ids = items.filter((job) => !isOver(job)).map((job) => job.id)
    if (ids.length === 0) {
      call.note('Nothing runs.')
      return 'ok'
    }
  }
  const jobs = await watchJobs(call, ids)
  for (const job of jobs) {
    await call.data(job)
    await call.say(jobText(job))
    if (job.error) call.note(`  ${job.error.code}: ${job.error.detail}`)
  }
  return exitOfJobs(jobs)
}

async function cancel(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  for (const id of call.list(0)) {
    const job = await client.jobs.cancel(id)
    await call.data(job)
    const how = isOver(job) ? `is ${job.state}` : 'stops at its next step'
    await call.say(`${id} ${how}`)
  }
  return 'ok'
}

async function retry(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  for (const id of call.list(0)) {
    const job = await client.jobs.retry(id)
    await call.data(job)
    await call.say(`${id} is tried again by ${job.id}`)
  }
  return 'ok'
}
