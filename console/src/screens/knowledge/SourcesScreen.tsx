import type { Job, Source } from '@plinth/sdk'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { FolderSync, Plus, RefreshCw } from 'lucide-react'
import { Badge, OutcomeBadge } from '../../components/Badge.tsx'
import { Button, buttonClass } from '../../components/Button.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { EmptyState, Progress, RelativeTime } from '../../components/States.tsx'
import { plinth, problemOf, queryClient } from '../../data/client.ts'
import { count, plural, timeLeftText } from '../../data/format.ts'
import { isOver, noteJob, useLiveJobs } from '../../data/live-jobs.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { BaseFrame } from './BaseFrame.tsx'

const route = getRouteApi('/app/knowledge/$base/sources')

export function SourcesScreen() {
  const { base } = route.useParams()
  const sources = useQuery(queries.sources(base))
  const mayWrite = useMay('resources.write')
  const create = mayWrite ? (
    <Link to="/resources/new" search={{ kind: 'Source' }} className={buttonClass()}>
      <Plus aria-hidden /> New source
    </Link>
  ) : null
  return (
    <BaseFrame base={base} tab="sources">
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Loaded query={sources}>
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState icon={<FolderSync aria-hidden />} title="No source yet" action={create}>
                A source brings documents into {base}: a folder that is scanned and watched, or
                uploads. It also says who may read them.
              </EmptyState>
            ) : (
              <>
                <ul className="grid">
                  {items.map((source) => (
                    <SourceItem key={source.name} source={source} />
                  ))}
                </ul>
                <div className="p-4">{create}</div>
              </>
            )
          }
        </Loaded>
      </div>
    </BaseFrame>
  )
}

function SourceItem({ source }: { source: Source }) {
  const { name, knowledgeBase, kind, path, watch, documents, failed } = source
  const live = useLiveJobs()
  const mayWrite = useMay('documents.write')
  const sync = useMutation({
    mutationFn: () => plinth.knowledge.sync(name),
    onSuccess: (job) => {
      noteJob(job)
      void queryClient.invalidateQueries({ queryKey: ['sources'] })
    },
  })
  const newest = [...live.values()].findLast((job) => job.target === name)
  const stored = source.job ? (live.get(source.job.id) ?? source.job) : null
  const job = newest ?? stored
  const running = job !== null && job !== undefined && !isOver(job)
  return (
    <li className="grid gap-2 border-b border-line px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h2 className="font-medium">{name}</h2>
        <Badge>{kind}</Badge>
        {watch ? <Badge tone="accent">watched</Badge> : null}
        {path ? <code className="min-w-0 truncate text-small text-ink-3">{path}</code> : null}
        <span className="ml-auto flex items-center gap-3">
          <Link
            to="/knowledge/$base"
            params={{ base: knowledgeBase }}
            search={{ source: name }}
            className="rounded text-ink-2 hover:text-ink hover:underline"
          >
            {plural(documents, 'document')}
          </Link>
          {failed > 0 ? (
            <Link
              to="/knowledge/$base"
              params={{ base: knowledgeBase }}
              search={{ source: name, state: 'failed' }}
              className="rounded text-blocked hover:underline"
            >
              {count(failed)} failed
            </Link>
          ) : null}
          {kind === 'folder' && mayWrite ? (
            <Button
              icon={<RefreshCw aria-hidden />}
              disabled={running}
              busy={sync.isPending}
              onClick={() => sync.mutate()}
            >
              Sync now
            </Button>
          ) : null}
        </span>
      </div>
      {sync.error ? <ErrorPanel problem={problemOf(sync.error)} /> : null}
      {job ? <JobLine job={job} /> : null}
    </li>
  )
}

/** What is being done, how far, how long still; afterwards how it went. */
export function JobLine({ job }: { job: Job }) {
  const mayAct = useMay('jobs.write')
  const cancel = useMutation({ mutationFn: () => plinth.jobs.cancel(job.id), onSuccess: noteJob })
  const retry = useMutation({ mutationFn: () => plinth.jobs.retry(job.id), onSuccess: noteJob })
  const { progress, state } = job
  const { filesDone = 0, filesTotal } = progress
  const running = !isOver(job)
  const parts = [
    filesTotal === undefined
      ? plural(filesDone, 'file')
      : `${count(filesDone)} of ${plural(filesTotal, 'file')}`,
    progress.filesUnchanged ? `${count(progress.filesUnchanged)} unchanged` : null,
    progress.filesFailed ? `${count(progress.filesFailed)} failed` : null,
    progress.pages ? plural(progress.pages, 'page') : null,
    progress.chunks ? plural(progress.chunks, 'chunk') : null,
    running && progress.filesPerSecond ? `${progress.filesPerSecond.toFixed(1)} files/s` : null,
    running && progress.secondsLeft ? `about ${timeLeftText(progress.secondsLeft)} left` : null,
  ]
  return (
    <div className="grid gap-1.5">
      <div className="flex min-h-7 flex-wrap items-center gap-x-3 text-small text-ink-3">
        <OutcomeBadge outcome={job.cancelRequested && running ? 'stopping' : state} />
        <span>{parts.filter(Boolean).join(' · ')}</span>
        {running ? null : <RelativeTime at={job.finishedAt ?? job.createdAt} />}
        {running && progress.current ? (
          <code className="min-w-0 flex-1 truncate">{progress.current}</code>
        ) : null}
        {running && mayAct ? (
          <Button
            variant="ghost"
            className="ml-auto h-7"
            busy={cancel.isPending}
            disabled={job.cancelRequested}
            onClick={() => cancel.mutate()}
          >
            Cancel
          </Button>
        ) : null}
      </div>
      {running ? (
        <Progress
          label={`${job.kind} of ${job.target}`}
          done={filesTotal === undefined ? null : filesDone}
          total={filesTotal ?? 1}
        />
      ) : null}
      {job.error ? (
        <ErrorPanel
          problem={job.error}
          {...(mayAct && job.state === 'failed' && !retry.isPending
            ? { onRetry: () => retry.mutate() }
            : {})}
        />
      ) : null}
      {retry.error ? <ErrorPanel problem={problemOf(retry.error)} /> : null}
      {cancel.error ? <ErrorPanel problem={problemOf(cancel.error)} /> : null}
    </div>
  )
}
