import { sql } from 'kysely'
import type { z } from 'zod'
import { PlinthError } from '#kernel'
import { getJob, type JobRow, type Tx } from '#store'
import type { job } from '../contract/knowledge.ts'

export type JobView = z.input<typeof job>

/** A job with its progress: a scan's is counted over the documents that its children read. */
export async function jobView(tx: Tx, at: JobRow | string): Promise<JobView> {
  const row = typeof at === 'string' ? await getJob(tx, at) : at
  if (!row) throw new PlinthError('NOT_FOUND', `There is no job ${String(at)}.`)
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    target: targetOf(row),
    progress: row.kind === 'source-sync' ? await scanProgress(tx, row) : ownProgress(row),
    error: row.error,
    cancelRequested: row.cancelRequested,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}

function targetOf(row: JobRow): string {
  const input = row.input as {
    source?: string
    knowledgeBase?: string
    name?: string
    model?: string
  }
  return input.source ?? input.knowledgeBase ?? input.name ?? input.model ?? row.id
}

function ownProgress(row: JobRow): JobView['progress'] {
  const { indexed = 0, unchanged = 0, failed = 0, pages, chunks, current } = numbers(row.progress)
  const items = (row.input as { items?: unknown[] }).items?.length
  return {
    ...(items === undefined
      ? {}
      : {
          filesDone: indexed + unchanged + failed,
          filesTotal: items,
          filesFailed: failed,
          filesUnchanged: unchanged,
        }),
    ...(pages === undefined ? {} : { pages }),
    ...(chunks === undefined ? {} : { chunks }),
    ...(typeof current === 'string' ? { current } : {}),
  }
}

interface Tally {
  total: number
  done: number
  failed: number
  unchanged: number
  pages: number
  chunks: number
}

async function scanProgress(tx: Tx, row: JobRow): Promise<JobView['progress']> {
  const tally = await childTally(tx, row.id)
  const listed = numbers(row.progress)
  const { filesUnchanged = 0, stillFailed = 0 } = listed
  const notRead = filesUnchanged + stillFailed
  const seconds = row.startedAt ? (lastMoment(row) - row.startedAt.getTime()) / 1_000 : 0
  const rate = seconds > 0.5 ? tally.done / seconds : 0
  const left = tally.total - tally.done
  const live = row.state === 'running' || row.state === 'waiting' || row.state === 'queued'
  return {
    filesDone: tally.done + notRead,
    filesTotal: tally.total + notRead,
    filesFailed: tally.failed + stillFailed,
    filesUnchanged: tally.unchanged + filesUnchanged,
    pages: tally.pages,
    chunks: tally.chunks,
    ...(row.state === 'running' ? { current: `Listed ${listed.listed ?? 0} files` } : {}),
    filesPerSecond: Math.round(rate * 10) / 10,
    secondsLeft: live && rate > 0 ? Math.ceil(left / rate) : null,
  }
}

function lastMoment(row: JobRow): number {
  return (row.finishedAt ?? new Date()).getTime()
}

/** Sums over children: what each was given, and what it has done so far. */
async function childTally(tx: Tx, parentId: string): Promise<Tally> {
  const number = (field: string) =>
    sql<number>`coalesce(sum((coalesce(result, progress)->>${sql.lit(field)})::int), 0)::int`
  const row = await tx
    .selectFrom('job')
    .select([
      sql<number>`coalesce(sum(jsonb_array_length(input->'items')), 0)::int`.as('total'),
      number('indexed').as('indexed'),
      number('failed').as('failed'),
      number('unchanged').as('unchanged'),
      number('pages').as('pages'),
      number('chunks').as('chunks'),
    ])
    .where('parent_id', '=', parentId)
    .executeTakeFirstOrThrow()
  const { total, indexed, failed, unchanged, pages, chunks } = row
  return { total, failed, unchanged, pages, chunks, done: indexed + failed + unchanged }
}

function numbers(progress: Record<string, unknown>) {
  return progress as Partial<Record<string, number>> & { current?: never }
}
