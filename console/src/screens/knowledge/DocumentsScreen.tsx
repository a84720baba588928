import type { Document, DocumentState } from '@plinth/sdk'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { FileText, TriangleAlert } from 'lucide-react'
import { useCallback } from 'react'
import { Badge, OutcomeBadge } from '../../components/Badge.tsx'
import { SearchInput, Select } from '../../components/Field.tsx'
import { Toolbar } from '../../components/Page.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { bytesText, count, formatName, plural } from '../../data/format.ts'
import { useLiveJobs } from '../../data/live-jobs.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { useUrlText } from '../../data/url-text.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { BaseFrame } from './BaseFrame.tsx'

const route = getRouteApi('/app/knowledge/$base')

export function DocumentsScreen() {
  const { base } = route.useParams()
  return (
    <BaseFrame base={base} tab="documents">
      <Documents base={base} />
    </BaseFrame>
  )
}

function Documents({ base }: { base: string }) {
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  useLiveJobs()
  const list = useInfiniteQuery(queries.documents({ knowledgeBase: base, ...filter }))
  const sources = useQuery(queries.sources(base)).data?.items ?? []
  const change = (part: Partial<typeof filter>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const [search, setSearch] = useUrlText(filter.search, (value) => change({ search: value }))
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const filtered = Boolean(filter.search || filter.state || filter.source)
  const counts = useQuery(queries.base(base)).data?.documents
  const all = counts ? counts.ready + counts.pending + counts.failed : 0
  // Who looks after a base sees how many documents it holds, also those that are not theirs to read.
  const hidden = filtered || total === undefined ? 0 : all - total
  return (
    <>
      <Toolbar>
        <SearchInput
          label="Search titles and names"
          value={search}
          onChange={setSearch}
          className="w-full sm:w-72"
        />
        <Select
          aria-label="State"
          value={filter.state ?? ''}
          onChange={(value) => change({ state: (value || undefined) as DocumentState })}
          choices={[
            { value: '', label: 'Any state' },
            { value: 'ready', label: 'Ready' },
            { value: 'pending', label: 'Pending' },
            { value: 'failed', label: 'Failed' },
          ]}
        />
        <Select
          aria-label="Source"
          value={filter.source ?? ''}
          onChange={(value) => change({ source: value || undefined })}
          className="max-w-44"
          choices={[
            { value: '', label: 'Any source' },
            ...sources.map(({ name }) => ({ value: name, label: name })),
          ]}
        />
        <span role="status" className="ml-auto text-small text-ink-3">
          {total === undefined ? '' : plural(total, 'document')}
          {hidden > 0 ? ` that you may read, of ${count(all)}` : ''}
        </span>
      </Toolbar>
      <div className="min-h-0 flex-1">
        <Loaded query={list}>
          {() =>
            rows.length === 0 ? (
              <NoDocuments filtered={filtered} onAll={() => void navigate({ search: {} })} />
            ) : (
              <Table
                label="Documents"
                columns={columns}
                rows={rows}
                total={total}
                rowKey={({ id }) => id}
                rowHeight={52}
                onEnd={more}
                onOpen={({ id }) =>
                  void navigate({ to: '/documents/$documentId', params: { documentId: id } })
                }
              />
            )
          }
        </Loaded>
      </div>
    </>
  )
}

function NoDocuments({ filtered, onAll }: { filtered: boolean; onAll: () => void }) {
  const mayWrite = useMay('documents.write')
  if (filtered) {
    return (
      <EmptyState
        title="No document fits these filters"
        action={
          <button type="button" onClick={onAll} className="rounded text-accent hover:underline">
            Show all documents
          </button>
        }
      />
    )
  }
  return (
    <EmptyState icon={<FileText aria-hidden />} title="No documents yet">
      {mayWrite
        ? 'Drop files anywhere on this page, add a text, or sync a folder under Sources. '
        : 'Adding documents needs the permission documents.write. '}
      You see here what you may read; documents of others stay invisible.
    </EmptyState>
  )
}

const columns: Column<Document>[] = [
  {
    key: 'title',
    header: 'Document',
    width: 'minmax(240px, 3fr)',
    cell: ({ title, externalId, error }) => (
      <>
        <div className="truncate font-medium">{title}</div>
        {error ? (
          <div
            className="truncate text-small text-blocked"
            title={`${error.detail} ${error.remedy ?? ''}`}
          >
            {error.where ? `${error.where}: ` : ''}
            {error.detail} <code className="font-mono">{error.code}</code>
          </div>
        ) : (
          <div className="truncate text-small text-ink-3">{externalId}</div>
        )}
      </>
    ),
  },
  {
    key: 'state',
    header: 'State',
    width: '100px',
    cell: ({ state, warnings }) => (
      <span className="inline-flex items-center gap-1.5">
        <OutcomeBadge outcome={state} />
        {warnings.length > 0 ? (
          <span title={warnings.join('\n')}>
            <TriangleAlert className="size-3.5 text-warning" aria-label={warnings.join('; ')} />
          </span>
        ) : null}
      </span>
    ),
  },
  {
    key: 'format',
    header: 'Format',
    width: '120px',
    narrow: 'hide',
    cell: ({ mediaType, bytes }) =>
      mediaType === null ? (
        <span className="text-ink-3">no data</span>
      ) : (
        <>
          <div className="truncate">{formatName(mediaType)}</div>
          <div className="text-small text-ink-3">{bytesText(bytes)}</div>
        </>
      ),
  },
  {
    key: 'source',
    header: 'Source',
    width: 'minmax(90px, 1fr)',
    narrow: 'below',
    cell: ({ source }) => <span className="text-ink-2">{source}</span>,
  },
  {
    key: 'readers',
    header: 'Readers',
    width: 'minmax(110px, 1fr)',
    narrow: 'below',
    cell: ({ readers }) => <Readers readers={readers} />,
  },
  {
    key: 'chunks',
    header: 'Chunks',
    width: '64px',
    align: 'end',
    narrow: 'hide',
    cell: ({ chunkCount }) => count(chunkCount),
  },
  {
    key: 'updated',
    header: 'Changed',
    width: '96px',
    narrow: 'below',
    cell: ({ updatedAt }) => <RelativeTime at={updatedAt} />,
  },
]

/** Who may read a document. Nobody is a state worth seeing. */
export function Readers({ readers }: { readers: string[] }) {
  if (readers.length === 0) return <Badge tone="warning">nobody</Badge>
  const words = readers.map((reader) => reader.replace(/^(group|user):/, ''))
  return (
    <span title={readers.join(', ')} className="text-ink-2">
      {words.join(', ')}
    </span>
  )
}
