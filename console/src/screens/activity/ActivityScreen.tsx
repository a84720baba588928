import type { TraceSummary } from '@plinth/sdk'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Activity as ActivityIcon, ThumbsDown, ThumbsUp } from 'lucide-react'
import { useCallback } from 'react'
import { OutcomeBadge } from '../../components/Badge.tsx'
import { SearchInput, Select } from '../../components/Field.tsx'
import { PageHeader, Toolbar } from '../../components/Page.tsx'
import { EmptyState, RelativeTime } from '../../components/States.tsx'
import { type Column, Table } from '../../components/Table.tsx'
import { costText, count, durationText, plural } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { useUrlText } from '../../data/url-text.ts'
import { Guard, Loaded } from '../../frame/Screens.tsx'

const route = getRouteApi('/app/activity')

export function ActivityScreen() {
  return (
    <Guard any={['traces.read', 'answers.ask']} what="Activity">
      <Activity />
    </Guard>
  )
}

function Activity() {
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  const readsAll = useMay('traces.read')
  const list = useInfiniteQuery(queries.traces(filter))
  const assistants = useQuery(queries.assistants()).data?.items ?? []
  const change = (part: Partial<typeof filter>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const [search, setSearch] = useUrlText(filter.search, (value) => change({ search: value }))
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const filtered = Object.values(filter).some(Boolean)
  return (
    <>
      <PageHeader title="Activity" />
      <Toolbar>
        <SearchInput
          label="Search questions"
          value={search}
          onChange={setSearch}
          className="w-full sm:w-72"
        />
        <Select
          aria-label="Kind"
          value={filter.kind ?? ''}
          onChange={(value) => change({ kind: value || undefined })}
          choices={[{ value: '', label: 'Any kind' }, ...kinds]}
        />
        <Select
          aria-label="Outcome"
          value={filter.outcome ?? ''}
          onChange={(value) => change({ outcome: value || undefined })}
          choices={[{ value: '', label: 'Any outcome' }, ...outcomes]}
        />
        <Select
          aria-label="Assistant"
          className="max-w-44"
          value={filter.assistant ?? ''}
          onChange={(value) => change({ assistant: value || undefined })}
          choices={[
            { value: '', label: 'Any assistant' },
            ...assistants.map(({ name }) => ({ value: name, label: name })),
          ]}
        />
        <span role="status" className="ml-auto text-small text-ink-3">
          {total === undefined ? '' : plural(total, 'trace')}
          {readsAll ? '' : ' of your own'}
        </span>
      </Toolbar>
      <div className="min-h-0 flex-1">
        <Loaded query={list}>
          {() =>
            rows.length === 0 ? (
              <NoTraces filtered={filtered} onAll={() => void navigate({ search: {} })} />
            ) : (
              <Table
                label="Traces"
                columns={columns}
                rows={rows}
                total={total}
                rowKey={({ id }) => id}
                onEnd={more}
                onOpen={({ id }) =>
                  void navigate({ to: '/activity/$traceId', params: { traceId: id } })
                }
              />
            )
          }
        </Loaded>
      </div>
    </>
  )
}

function NoTraces({ filtered, onAll }: { filtered: boolean; onAll: () => void }) {
  return (
    <EmptyState
      icon={<ActivityIcon aria-hidden />}
      title={filtered ? 'Nothing fits these filters' : 'Nothing has happened yet'}
      action={
        filtered ? (
          <button type="button" onClick={onAll} className="rounded text-accent hover:underline">
            Show everything
          </button>
        ) : null
      }
    >
      {filtered
        ? null
        : 'Every question and every document leaves its trace here: what was done, how long each step took, and why.'}
    </EmptyState>
  )
}

const kinds = [
  { value: 'answer', label: 'Answers' },
  { value: 'ingest', label: 'Documents read' },
  { value: 'search', label: 'Searches' },
  { value: 'completion', label: 'Completions' },
  { value: 'embedding', label: 'Embeddings' },
]

const outcomes = ['answered', 'ungrounded', 'denied', 'withheld', 'failed', 'cancelled', 'ok'].map(
  (value) => ({ value, label: value }),
)

const columns: Column<TraceSummary>[] = [
  {
    key: 'name',
    header: 'Question or document',
    width: 'minmax(240px, 3fr)',
    cell: ({ name, kind }) => (
      <>
        {kind === 'answer' ? null : <span className="mr-1.5 text-ink-3">{kind}</span>}
        {name}
      </>
    ),
  },
  {
    key: 'outcome',
    header: 'Outcome',
    width: '104px',
    cell: ({ outcome }) => <OutcomeBadge outcome={outcome} />,
  },
  {
    key: 'user',
    header: 'By',
    width: 'minmax(100px, 1fr)',
    narrow: 'below',
    cell: ({ user }) => (user === null ? null : <span className="text-ink-2">{user}</span>),
  },
  {
    key: 'assistant',
    header: 'Assistant',
    width: 'minmax(90px, 0.8fr)',
    narrow: 'below',
    cell: ({ assistant }) =>
      assistant === null ? null : <span className="text-ink-2">{assistant}</span>,
  },
  {
    key: 'rating',
    header: 'Rating',
    width: '56px',
    narrow: 'hide',
    cell: ({ rating }) => <Rating rating={rating} />,
  },
  {
    key: 'tokens',
    header: 'Tokens',
    width: '96px',
    align: 'end',
    narrow: 'hide',
    cell: ({ inputTokens, outputTokens }) =>
      inputTokens === null ? null : `${count(inputTokens)} + ${count(outputTokens ?? 0)}`,
  },
  {
    key: 'cost',
    header: 'Cost',
    width: '72px',
    align: 'end',
    narrow: 'hide',
    cell: ({ costUsd }) => (costUsd === null ? null : costText(costUsd)),
  },
  {
    key: 'duration',
    header: 'Took',
    width: '80px',
    align: 'end',
    narrow: 'below',
    cell: ({ durationMs }) => durationText(durationMs),
  },
  {
    key: 'at',
    header: 'When',
    width: '96px',
    narrow: 'below',
    cell: ({ startedAt }) => <RelativeTime at={startedAt} />,
  },
]

export function Rating({ rating }: { rating: number | null }) {
  if (rating === null) return <span className="text-ink-3">–</span>
  return rating > 0 ? (
    <ThumbsUp aria-label="good" className="size-4 text-good" />
  ) : (
    <ThumbsDown aria-label="bad" className="size-4 text-blocked" />
  )
}
