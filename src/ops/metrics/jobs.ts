import type { Tx } from '#store'
import type { Family } from './exposition.ts'

/** Jobs of the organization of the transaction: those that are open, by kind and state, and how old the oldest is. */
export async function jobFamilies(tx: Tx): Promise<Family[]> {
  const rows = await tx
    .selectFrom('job')
    .select(({ fn }) => [
      'kind',
      'state',
      fn.countAll<string>().as('jobs'),
      fn.min('created_at').as('oldest'),
    ])
    .where('state', 'in', ['queued', 'running', 'waiting'])
    .groupBy(['kind', 'state'])
    .execute()
  const now = Date.now()
  return [
    {
      name: 'plinth_jobs',
      help: 'Jobs that have not ended, by kind and state.',
      type: 'gauge',
      samples: rows.map(({ kind, state, jobs }) => ({
        labels: { kind, state },
        value: Number(jobs),
      })),
    },
    {
      name: 'plinth_job_oldest_seconds',
      help: 'Age of the oldest job that has not ended, by kind and state.',
      type: 'gauge',
      samples: rows.map(({ kind, state, oldest }) => ({
        labels: { kind, state },
        value: Math.max(0, (now - new Date(oldest).getTime()) / 1_000),
      })),
    },
  ]
}
