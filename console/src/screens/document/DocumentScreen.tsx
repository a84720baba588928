import type { Document } from '@plinth/sdk'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Suspense, useMemo } from 'react'
import { OutcomeBadge } from '../../components/Badge.tsx'
import { ErrorPanel } from '../../components/ErrorPanel.tsx'
import { PageHeader } from '../../components/Page.tsx'
import { Skeleton } from '../../components/States.tsx'
import { plinth, problemOf } from '../../data/client.ts'
import { count } from '../../data/format.ts'
import { isOver, noteJob, useLiveJobs } from '../../data/live-jobs.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { useWide } from '../../frame/media.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'
import type { documentViews } from '../../search-params.ts'
import { NoOriginal } from '../../viewer/NoOriginal.tsx'
import { TextView } from '../../viewer/TextView.tsx'
import type { TextSpan } from '../../viewer/text-groups.ts'
import { JobLine } from '../knowledge/SourcesScreen.tsx'
import { AccessView } from './AccessView.tsx'
import { ChunksView } from './ChunksView.tsx'
import { DocumentFacts } from './DocumentFacts.tsx'
import { DocumentMenu } from './DocumentMenu.tsx'
import { OriginalView } from './OriginalView.tsx'
import { VersionsView } from './VersionsView.tsx'
import { ViewTabs } from './ViewTabs.tsx'

const route = getRouteApi('/app/documents/$documentId')
export type DocumentView = (typeof documentViews)[number]

export function DocumentScreen() {
  return (
    <Guard any={['documents.read', 'answers.ask']} what="Documents">
      <DocumentPage />
    </Guard>
  )
}

function DocumentPage() {
  const { documentId } = route.useParams()
  const document = useQuery(queries.document(documentId))
  useLiveJobs()
  if (!document.data) {
    return (
      <>
        <PageHeader title="Document" trail={[{ label: 'Knowledge', to: '/knowledge' }]} />
        <Loaded query={document}>{() => null}</Loaded>
      </>
    )
  }
  return <Opened document={document.data} />
}

function Opened({ document }: { document: Document }) {
  const { view = 'text', start, end } = route.useSearch()
  const wide = useWide()
  const spans = useMemo(
    () => (start === undefined || end === undefined ? [] : [{ start, end }]),
    [start, end],
  )
  const { title, knowledgeBase, state, error, chunkCount, versionNumber } = document
  return (
    <>
      <PageHeader
        title={title}
        trail={[
          { label: 'Knowledge', to: '/knowledge' },
          { label: knowledgeBase, to: `/knowledge/${encodeURIComponent(knowledgeBase)}` },
        ]}
        beside={
          <span className="ml-2">
            <OutcomeBadge outcome={state} />
          </span>
        }
        actions={<DocumentMenu document={document} />}
      />
      <ViewTabs
        active={view}
        tabs={[
          { view: 'text', label: 'Text' },
          { view: 'original', label: 'Original' },
          { view: 'chunks', label: 'Chunks', count: count(chunkCount) },
          { view: 'versions', label: 'Versions', count: count(versionNumber ?? 0) },
          { view: 'access', label: 'Access and facts' },
        ]}
      />
      {error ? <Unread document={document} problem={error} /> : null}
      <div className="flex min-h-0 flex-1">
        <div className="min-w-0 flex-1">
          <Suspense fallback={<Skeleton />}>
            <View document={document} view={view} spans={spans} />
          </Suspense>
        </div>
        {wide && view !== 'access' ? (
          <aside
            aria-label="Facts"
            className="w-72 shrink-0 overflow-y-auto border-l border-line p-4"
          >
            <DocumentFacts document={document} />
          </aside>
        ) : null}
      </div>
    </>
  )
}

interface UnreadProps {
  document: Document
  problem: NonNullable<Document['error']>
}

/** Why a document could not be read, and another try for who may write. */
function Unread({ document, problem }: UnreadProps) {
  const mayWrite = useMay('documents.write')
  const live = useLiveJobs()
  const retry = useMutation({
    mutationFn: () => plinth.documents.retry(document.id),
    onSuccess: noteJob,
  })
  const job = retry.data ? (live.get(retry.data.id) ?? retry.data) : null
  return (
    <div className="grid gap-3 p-4">
      <ErrorPanel
        title="This document could not be read"
        problem={problem}
        {...(mayWrite && (!job || isOver(job)) && !retry.isPending
          ? { onRetry: () => retry.mutate() }
          : {})}
      />
      {job ? <JobLine job={job} /> : null}
      {retry.error ? <ErrorPanel problem={problemOf(retry.error)} /> : null}
    </div>
  )
}

interface ViewProps {
  document: Document
  view: DocumentView
  spans: TextSpan[]
}

function View({ document, view, spans }: ViewProps) {
  const { version, page } = route.useSearch()
  if (view === 'access') return <AccessView document={document} />
  if (document.versionId === null) {
    return <p className="p-4 text-ink-3">No version has been read yet.</p>
  }
  if (view === 'versions') return <VersionsView document={document} />
  if (view === 'chunks') return <ChunksView document={document} />
  if (view === 'original') {
    return <OriginalView document={document} version={version} spans={spans} page={page} />
  }
  return <StoredText id={document.id} version={version} spans={spans} />
}

interface StoredTextProps {
  id: string
  version: string | undefined
  spans: TextSpan[]
}

function StoredText({ id, version, spans }: StoredTextProps) {
  const text = useQuery(queries.documentText(id, version))
  return (
    <Loaded query={text} lines={12}>
      {(stored) => (
        <div className="flex h-full flex-col">
          <NoOriginal document={stored} />
          <div className="min-h-0 flex-1">
            <TextView document={stored} spans={spans} label={`Text of ${stored.title}`} />
          </div>
        </div>
      )}
    </Loaded>
  )
}
